/**
 * Reading a site's answer as its description says: text in, parts out. Cutting the text differently changes nothing
 * but where the parts are cut.
 */

import { AdapterError } from "../adapter.js";
import { isDetailed, reasoningParts } from "../reasoning.js";
import { GrowingText } from "./growing.js";
import { at } from "./path.js";
import { ItemTooLong, decoderOf } from "./stream.js";
import { ToolCalls } from "./tool_calls.js";

/**
 * @typedef {import("../adapter.js").Finish} Finish
 * @typedef {import("../frames.js").FinishReason} FinishReason
 * @typedef {import("../frames.js").Part} Part
 * @typedef {import("../frames.js").Usage} Usage
 * @typedef {import("./description.js").AnswerDescription} AnswerDescription
 * @typedef {import("./description.js").Mark} Mark
 * @typedef {import("./description.js").ErrorMark} ErrorMark
 * @typedef {import("./stream.js").Item} Item
 */

/** @type {FinishReason[]} */
const REASONS = ["stop", "length", "tool_calls", "content_filter"];
const LONGEST_MESSAGE = 1000;

/** Reads one answer. */
export class AnswerReader {
  #answer;
  #decoder;
  #json;
  /** @type {GrowingText} */ #text;
  /** @type {GrowingText} */ #reasoning;
  #tools;
  #items = 0;
  /** How often something was where the description says, and how many items had nothing of it. */
  #known = 0;
  #strange = 0;
  #cut = false;
  #ended = false;
  /** @type {FinishReason | undefined} */ #reason;
  /** @type {Usage | undefined} */ #usage;
  #onitem;

  /**
   * @param {AnswerDescription} answer
   * @param {{onitem?: (value: unknown) => void, id?: () => string}} [options]  `onitem` sees each item of the stream;
   *   `id` makes an id for a tool call without one
   */
  constructor(answer, { onitem = () => {}, id = () => `call_${crypto.randomUUID()}` } = {}) {
    const { mode = "delta", hold = 0, format } = answer;
    this.#answer = answer;
    this.#decoder = decoderOf(format);
    this.#json = format !== "text";
    this.#text = new GrowingText("text", mode, hold);
    this.#reasoning = new GrowingText("reasoning", mode, hold);
    this.#tools = new ToolCalls({ id, whole: mode !== "delta" });
    this.#onitem = onitem;
  }

  /** Whether the answer has said its end: what still comes is not read. */
  get done() {
    return this.#ended;
  }

  /**
   * @param {string} text
   * @returns {Part[]}  what is certain now
   * @throws {AdapterError}
   */
  feed(text) {
    return this.#read(() => this.#decoder.feed(text));
  }

  /**
   * The stream has ended.
   * @returns {{parts: Part[], finish: Finish}}
   * @throws {AdapterError}
   */
  end() {
    const parts = this.#ended ? [] : this.#read(() => this.#decoder.flush());
    // An end that nothing came before is an answer of nothing.
    if (!this.#known && !this.#cut && !(this.#ended && !this.#strange)) throw new AdapterError("site_changed", this.#unknown());
    if (this.#cut || (this.#answer.done && !this.#ended)) {
      throw new AdapterError("truncated", "The site's answer stopped before its end.");
    }
    parts.push(...this.#reasoning.end(), ...this.#text.end(), ...this.#tools.end());
    const reason = this.#reason ?? (this.#tools.count ? "tool_calls" : "stop");
    return { parts, finish: { finish_reason: reason, ...(this.#usage ? { usage: this.#usage } : {}) } };
  }

  /**
   * @param {() => Item[]} decode
   * @returns {Part[]}
   */
  #read(decode) {
    if (this.#ended) return [];
    /** @type {Part[]} */
    const parts = [];
    try {
      for (const item of decode()) if (!this.#ended) parts.push(...this.#item(item));
    } catch (error) {
      if (!(error instanceof ItemTooLong)) throw error;
      throw new AdapterError("site_changed", "The site sent something longer than an answer.", { cause: error });
    }
    return parts;
  }

  /**
   * @param {Item} item
   * @returns {Part[]}
   */
  #item(item) {
    const { done, error, where } = this.#answer;
    this.#items += 1;
    const value = this.#json ? parsed(item.data) : item.data;
    if (item.cut && !has(done, item, value)) {
      this.#cut = true;
      return [];
    }
    this.#onitem(value);
    const fault = markOf(error, item, value);
    if (fault) throw errorOf(fault, value);
    const before = this.#known;
    const read = !where || has(where, item, value);
    const parts = read ? this.#parts(value) : [];
    this.#ended = has(done, item, value);
    if (read && this.#known === before && !this.#ended) this.#strange += 1;
    return parts;
  }

  /**
   * @param {unknown} value
   * @returns {Part[]}
   */
  #parts(value) {
    const { text = "", reasoning, tool_calls: calls, finish, usage } = this.#answer;
    /** @type {Part[]} */
    const parts = reasoning === undefined ? [] : this.#thoughts([reasoning].flat(), value);
    parts.push(...this.#text.feed(this.#find(text, value)));
    const listed = calls === undefined ? undefined : at(value, calls);
    if (Array.isArray(listed) && listed.length) {
      this.#known += 1;
      parts.push(...this.#tools.feed(listed));
    }
    this.#finish(finish && at(value, finish.path));
    this.#usage = usageOf(usage === undefined ? undefined : at(value, usage)) ?? this.#usage;
    return parts;
  }

  /**
   * The text at the first path that leads to one, or what a path tells in detail; the proofs of it in any case.
   * @param {string[]} paths
   * @param {unknown} value
   * @returns {Part[]}
   */
  #thoughts(paths, value) {
    const details = paths.map((path) => at(value, path)).find(isDetailed);
    if (details === undefined) return this.#reasoning.feed(this.#find(paths, value));
    this.#known += 1;
    const parts = reasoningParts(details);
    if (parts.some(({ type }) => type === "reasoning")) return parts;
    return [...this.#reasoning.feed(this.#find(paths, value)), ...parts];
  }

  /**
   * The text at the first path that leads to one.
   * @param {string | string[]} paths
   * @param {unknown} value
   */
  #find(paths, value) {
    for (const path of [paths].flat()) {
      const found = at(value, path);
      // The place is there and empty, as next to a tool call.
      if (found === null) this.#known += 1;
      const text = Array.isArray(found) && found.every((each) => typeof each === "string") ? found.join("") : found;
      if (typeof text !== "string" || (Array.isArray(found) && !found.length)) continue;
      this.#known += 1;
      return text;
    }
    return undefined;
  }

  /** @param {unknown} said */
  #finish(said) {
    if (typeof said !== "string" || !said) return;
    this.#reason = this.#answer.finish?.values?.[said] ?? REASONS.find((each) => each === said) ?? "stop";
    // A plain end next to a text that is nowhere is no answer: the site may have moved the text.
    if (this.#reason !== "stop") this.#known += 1;
  }

  #unknown() {
    const { text = "", format } = this.#answer;
    if (!this.#items) return `The site answered with nothing that is ${format}.`;
    return `The site's answer has no text at ${[text].flat().join(" or ") || "its start"}.`;
  }
}

/**
 * What a site says that is not as it should be, for a person.
 * @param {unknown} said
 * @returns {string}
 */
export function wordsOf(said) {
  const found = ["", "message", "detail", "error.message", "error", "detail.0.msg", "msg"]
    .map((path) => at(said, path))
    .find((each) => typeof each === "string" && each.trim());
  return typeof found === "string" ? found.trim().slice(0, LONGEST_MESSAGE) : "";
}

/**
 * @param {Mark | Mark[] | undefined} marks
 * @param {Item} item
 * @param {unknown} value
 */
function has(marks, item, value) {
  return markOf(marks, item, value) !== undefined;
}

/**
 * The first of the marks that an item bears.
 * @template {Mark} M
 * @param {M | M[] | undefined} marks
 * @param {Item} item
 * @param {unknown} value
 * @returns {M | undefined}
 */
function markOf(marks, item, value) {
  if (marks === undefined) return undefined;
  return /** @type {M[]} */ ([marks].flat()).find(({ data, event, path, equals }) => {
    if (data !== undefined && item.data.trim() !== data) return false;
    if (event !== undefined && (item.event ?? "message") !== event) return false;
    if (path === undefined) return true;
    const found = at(value, path);
    return equals === undefined ? found !== undefined && found !== null && found !== false : found === equals;
  });
}

/**
 * @param {ErrorMark} mark
 * @param {unknown} value
 */
function errorOf({ path = "", equals, message, kind = "upstream" }, value) {
  // What marks an error by its value is a name for it and no words about it.
  const said = message ?? (equals === undefined ? path : undefined);
  const words = (said === undefined ? "" : wordsOf(at(value, said))) || wordsOf(value) || (equals === undefined ? "" : anyWords(value));
  return new AdapterError(kind, words || "The site answered with an error.");
}

/**
 * What a field says that is called after errors.
 * @param {unknown} value
 */
function anyWords(value) {
  const [, said] = Object.entries(value ?? {}).find(([name, each]) => typeof each === "string" && /error|message|detail|reason/i.test(name)) ?? [];
  return wordsOf(said);
}

/** @param {string} data */
function parsed(data) {
  try {
    return JSON.parse(data);
  } catch {
    // A text that is no JSON has no paths but the empty one.
    return data;
  }
}

/**
 * @param {any} said  in the words of OpenAI's APIs
 * @returns {Usage | undefined}
 */
function usageOf(said) {
  const input = said?.prompt_tokens ?? said?.input_tokens;
  const output = said?.completion_tokens ?? said?.output_tokens;
  if (!isCount(input) || !isCount(output)) return undefined;
  const cached = (said.prompt_tokens_details ?? said.input_tokens_details)?.cached_tokens;
  const reasoning = (said.completion_tokens_details ?? said.output_tokens_details)?.reasoning_tokens;
  return {
    input_tokens: input,
    output_tokens: output,
    ...(isCount(cached) ? { cached_tokens: cached } : {}),
    ...(isCount(reasoning) ? { reasoning_tokens: reasoning } : {}),
  };
}

/** @param {unknown} value */
function isCount(value) {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
