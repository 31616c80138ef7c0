/**
 * Tool calls in the form of OpenAI's chat API, whole or in pieces, as parts of the bridge.
 */

import { AdapterError } from "../adapter.js";

/** @typedef {import("../frames.js").ToolCallPart} ToolCallPart */

const LONGEST_ID = 128;

/** Collects the tool calls of one answer. */
export class ToolCalls {
  #makeId;
  #whole;
  /** @type {any[]} */ #last = [];
  /** @type {Map<number, string>} */ #ids = new Map();
  /** @type {number | undefined} */ #current;

  /** @param {{id: () => string, whole: boolean}} options  `whole`: each list has all calls as far as they have come */
  constructor({ id, whole }) {
    this.#makeId = id;
    this.#whole = whole;
  }

  /** How many calls there were. */
  get count() {
    return this.#ids.size;
  }

  /**
   * @param {any[]} calls
   * @returns {ToolCallPart[]}
   * @throws {AdapterError}
   */
  feed(calls) {
    if (!this.#whole) return calls.flatMap((call, place) => this.#piece(call, place));
    this.#last = calls;
    return [];
  }

  /** @returns {ToolCallPart[]} */
  end() {
    return this.#last.flatMap((call, place) => this.#piece(call, place));
  }

  /**
   * @param {any} call
   * @param {number} place
   * @returns {ToolCallPart[]}
   */
  #piece(call, place) {
    const index = Number.isInteger(call?.index) ? call.index : place;
    const { name, arguments: said } = call?.function ?? {};
    const json = typeof said === "object" && said !== null ? JSON.stringify(said) : String(said ?? "");
    const known = this.#ids.get(index);
    if (known === undefined) {
      if (typeof name !== "string" || !name) return [];
      const id = typeof call.id === "string" && call.id && call.id.length <= LONGEST_ID ? call.id : this.#makeId();
      this.#ids.set(index, id);
      this.#current = index;
      return [{ type: "tool_call", id, name, arguments: json }];
    }
    if (!json) return [];
    if (index !== this.#current) throw new AdapterError("upstream", "The site mixed the pieces of two tool calls.");
    return [{ type: "tool_call", id: known, arguments: json }];
  }
}
