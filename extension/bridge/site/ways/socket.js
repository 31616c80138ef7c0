/**
 * The page's own socket: the frame that the page would send goes out on it, and the answer is read from its frames.
 */

import { AdapterError } from "../../adapter.js";
import { AnswerReader } from "../answer.js";
import { isOver, withValues } from "../http.js";
import { fill, templatesIn } from "../template.js";

/**
 * @typedef {import("../site.js").Call} Call
 * @typedef {import("../site.js").Site} Site
 * @typedef {import("../site.js").Way} Way
 */

/** Speaks on a socket that the page has open. @implements {Way} */
export class SocketWay {
  name = "socket";
  page = false;
  #description;
  #site;

  /**
   * @param {import("../description.js").SocketWay} description
   * @param {Site} site
   */
  constructor(description, site) {
    this.#description = description;
    this.#site = site;
    const named = templatesIn(description.send);
    this.single = !named.includes("messages");
    this.reuses = named.includes("conversation");
    this.capabilities = {
      cancel: description.stop !== undefined,
      ...(this.single ? {} : { system: true }),
      ...(description.answer.reasoning === undefined ? {} : { reasoning: true }),
    };
  }

  async missing() {
    return null;
  }

  /**
   * @param {Call} call
   * @returns {import("../../adapter.js").Answer}
   */
  async *chat({ newChat, scope, signal }) {
    const { answer, send, stop, url } = this.#description;
    const frame = withValues(() => this.#frame(send, scope));
    // What is asked on the socket goes into the chat that the page has open.
    if (newChat && this.#site.description.dom) await this.#site.dom().fresh({ signal });
    const agent = await this.#site.agent();
    const items = await agent.capture({ url, kinds: ["websocket"] }, { signal });
    const reader = new AnswerReader(answer);
    let ended = false;
    try {
      await this.#send(frame);
      for await (const { kind, text = "" } of items) {
        if (kind === "end") throw new AdapterError("truncated", "The page's socket was closed.");
        if (kind === "text") yield* reader.feed(text);
        if (reader.done) break;
      }
      const { parts, finish } = reader.end();
      ended = true;
      yield* parts;
      return finish;
    } catch (error) {
      ended = isOver(error);
      throw error;
    } finally {
      if (!ended && stop !== undefined) this.#stop(stop, scope);
      await items.return(undefined);
    }
  }

  /** @param {string} frame */
  async #send(frame) {
    const agent = await this.#site.agent();
    try {
      await agent.socketSend(this.#description.url, frame);
    } catch (error) {
      const why = "The page has no such socket open as it used to.";
      throw new AdapterError("site_changed", why, { cause: error });
    }
  }

  /**
   * @param {unknown} stop
   * @param {Call["scope"]} scope
   */
  #stop(stop, scope) {
    void (async () => this.#send(this.#frame(stop, scope)))().catch(() => {});
  }

  /**
   * A list is an event of Socket.IO where answers come in its form.
   * @param {unknown} template
   * @param {Call["scope"]} scope
   * @returns {string}
   */
  #frame(template, scope) {
    const value = fill(template, scope);
    if (typeof value === "string") return value;
    const event = this.#description.answer.format === "socket.io" && Array.isArray(value);
    return `${event ? "42" : ""}${JSON.stringify(value)}`;
  }
}
