/**
 * The page's own endpoint, with the page's login: one request or several, the last of which has the answer.
 */

import { AdapterError } from "../../adapter.js";
import { AnswerReader } from "../answer.js";
import { isOver, jsonOf, send } from "../http.js";
import { saveFrom } from "../saved.js";
import { templatesIn } from "../template.js";

/**
 * @typedef {import("../site.js").Call} Call
 * @typedef {import("../site.js").Site} Site
 * @typedef {import("../site.js").Way} Way
 * @typedef {import("../description.js").Step} Step
 */

/** Asks the page's endpoint. @implements {Way} */
export class FetchWay {
  name = "fetch";
  page = false;
  #description;
  #site;

  /**
   * @param {import("../description.js").FetchWay} description
   * @param {Site} site
   */
  constructor(description, site) {
    this.#description = description;
    this.#site = site;
    const named = templatesIn(description.steps);
    this.single = !named.includes("messages");
    this.reuses = named.includes("conversation");
    const answer = description.steps.at(-1)?.answer;
    this.capabilities = {
      cancel: description.cancel !== undefined || description.steps.length === 1,
      ...(this.single ? {} : { system: true }),
      ...(named.includes("tools") && answer?.tool_calls !== undefined ? { tools: true } : {}),
      ...(answer?.reasoning === undefined ? {} : { reasoning: true }),
    };
  }

  async missing() {
    return null;
  }

  /**
   * @param {Call} call
   * @returns {import("../../adapter.js").Answer}
   */
  async *chat(call) {
    const { cancel, steps } = this.#description;
    const { scope, signal } = call;
    let asked = false;
    let ended = false;
    try {
      for (const step of steps) {
        const response = await send(this.#site.http, step.request, scope, { signal });
        asked = true;
        if (step.answer) {
          const finish = yield* this.#read(response, step, call);
          ended = true;
          return finish;
        }
        saveFrom(await jsonOf(response, signal), step.save, scope.saved);
      }
      throw new AdapterError("internal", "The description has no answer.");
    } catch (error) {
      ended = isOver(error);
      throw error;
    } finally {
      // The reader is gone, but some sites work on until they are told.
      if (asked && !ended && cancel) {
        send(this.#site.http, cancel, scope, { keepalive: true }).catch(() => {});
      }
    }
  }

  /**
   * @param {Response} response
   * @param {Step} step
   * @param {Call} call
   * @returns {import("../../adapter.js").Answer}
   */
  async *#read(response, { answer, save }, { scope, signal }) {
    const reader = new AnswerReader(/** @type {NonNullable<typeof answer>} */ (answer), {
      onitem: (value) => saveFrom(value, save, scope.saved, { lenient: true }),
    });
    const decoder = new TextDecoder();
    const body = response.body?.getReader();
    try {
      for (;;) {
        if (!body || reader.done) break;
        const { value, done } = await body.read();
        if (done) break;
        yield* reader.feed(decoder.decode(value, { stream: true }));
      }
    } catch (error) {
      if (error instanceof AdapterError || signal.aborted) throw error;
      throw new AdapterError("truncated", "The site's answer was cut.", { cause: error });
    } finally {
      body?.cancel().catch(() => {});
    }
    yield* reader.feed(decoder.decode());
    const { parts, finish } = reader.end();
    yield* parts;
    return finish;
  }
}
