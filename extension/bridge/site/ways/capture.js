/**
 * The page sends as a person would, and the answer is read from what the page then receives.
 */

import { AdapterError } from "../../adapter.js";
import { AnswerReader } from "../answer.js";
import { errorOfStatus, isOver } from "../http.js";
import { domCapabilities, sendThrough } from "./dom.js";

/**
 * @typedef {import("../../../content/agent_client.js").CaptureItem} CaptureItem
 * @typedef {import("../site.js").Call} Call
 * @typedef {import("../site.js").Site} Site
 * @typedef {import("../site.js").Way} Way
 */

/** How long the page may take to ask its server after the message has left the composer. */
const BEGINS_MS = 30_000;

/**
 * The network does not show the answer any more, but the question was sent: the page itself still has the answer.
 */
export class LostSight extends AdapterError {
  /**
   * @param {string} message
   * @param {() => import("../../adapter.js").Answer} rescue  the rest of the call
   */
  constructor(message, rescue) {
    super("site_changed", message);
    this.rescue = rescue;
  }
}

/** Sends through the page, reads the network. @implements {Way} */
export class CaptureWay {
  name = "capture";
  single = true;
  page = true;
  #description;
  #site;

  /**
   * @param {import("../description.js").CaptureWay} description
   * @param {Site} site
   */
  constructor(description, site) {
    this.#description = description;
    this.#site = site;
    const { answer } = description;
    const reasoning = answer.reasoning === undefined ? {} : { reasoning: true };
    this.reuses = site.description.conversation?.id !== undefined;
    this.capabilities = { ...domCapabilities(site.description.dom), ...reasoning };
  }

  async missing() {
    return null;
  }

  /**
   * @param {Call} call
   * @returns {import("../../adapter.js").Answer}
   */
  async *chat(call) {
    const { signal } = call;
    const agent = await this.#site.agent();
    const watching = new AbortController();
    const items = await agent.capture({ url: this.#description.url }, { signal: AbortSignal.any([signal, watching.signal]) });
    let sent = false;
    let ended = false;
    try {
      await sendThrough(this.#site, call);
      sent = true;
      const finish = yield* this.#read(items, watching, signal);
      ended = true;
      return finish;
    } catch (error) {
      ended = isOver(error);
      throw error;
    } finally {
      watching.abort();
      void items.return(undefined);
      if (sent && !ended) void this.#site.dom().stop();
    }
  }

  /**
   * @param {AsyncGenerator<CaptureItem, unknown, void>} items
   * @param {AbortController} watching
   * @param {AbortSignal} signal
   * @returns {import("../../adapter.js").Answer}
   */
  async *#read(items, watching, signal) {
    const reader = new AnswerReader(this.#description.answer);
    const { timers } = this.#site;
    const timer = timers.setTimeout(() => watching.abort(), BEGINS_MS);
    /** @type {number | undefined} */
    let followed;
    let parts = 0;
    try {
      for await (const item of items) {
        timers.clearTimeout(timer);
        const { kind, request } = item;
        // Of a socket all frames count; of requests, the first that the page makes for this message.
        if (request.transport !== "websocket") {
          followed ??= request.id;
          if (request.id !== followed) continue;
        }
        for (const part of this.#take(reader, item)) {
          parts += 1;
          yield part;
        }
        if (reader.done || kind === "end") break;
      }
      const last = reader.end();
      yield* last.parts;
      // The page shows what this was, to the person; a caller would take it for an answer.
      if (!parts && !last.parts.length && last.finish.finish_reason === "stop")
        throw new AdapterError("upstream", "The site ended without an answer.");
      return last.finish;
    } catch (error) {
      const late = watching.signal.aborted && !signal.aborted;
      if (!late && !(error instanceof AdapterError && error.kind === "site_changed" && !parts)) throw error;
      const why = late ? `The page asked nothing of ${this.#description.url}.` : /** @type {Error} */ (error).message;
      throw new LostSight(why, () => this.#rescue(signal));
    } finally {
      timers.clearTimeout(timer);
    }
  }

  /**
   * @param {AnswerReader} reader
   * @param {CaptureItem} item
   */
  #take(reader, { kind, status = 200, text = "" }) {
    if (kind === "response" && status >= 400) throw errorOfStatus(status);
    if (kind === "error") throw new AdapterError("truncated", "The page's answer was cut.");
    return kind === "text" ? reader.feed(text) : [];
  }

  /**
   * @param {AbortSignal} signal
   * @returns {import("../../adapter.js").Answer}
   */
  async *#rescue(signal) {
    yield* this.#site.dom().answer({ signal });
    return { finish_reason: "stop" };
  }
}
