/**
 * A function of the page answers: `chat(request, {signal})` with an async iterable of texts or parts.
 */

import { AdapterError } from "../../adapter.js";

/**
 * @typedef {import("../../adapter.js").Finish} Finish
 * @typedef {import("../../frames.js").FailKind} FailKind
 * @typedef {import("../../frames.js").Part} Part
 * @typedef {import("../site.js").Call} Call
 * @typedef {import("../site.js").Site} Site
 * @typedef {import("../site.js").Way} Way
 */

const PARTS = new Set(["text", "reasoning", "proof", "image", "tool_call"]);
const LONGEST_NAME = 256;
const REASONS = new Set(["stop", "length", "tool_calls", "content_filter"]);
/** What a page may say of its failure, in the words of the bridge. */
const KINDS = new Set([
  "login_required",
  "blocked",
  "rate_limited",
  "quota_exhausted",
  "invalid_request",
  "model_not_found",
  "context_length_exceeded",
  "content_filtered",
  "unsupported",
  "truncated",
  "network",
  "upstream",
]);
const LONGEST_ID = 128;

/** Calls a function of the page. @implements {Way} */
export class FunctionWay {
  name = "function";
  single = false;
  page = false;
  reuses = true;
  capabilities = { system: true, cancel: true };
  #path;
  #site;

  /**
   * @param {import("../description.js").FunctionWay} description
   * @param {Site} site
   */
  constructor({ path }, site) {
    this.#path = path;
    this.#site = site;
  }

  /** @returns {Promise<string | null>} */
  async missing() {
    const agent = await this.#site.agent();
    const found = /** @type {any} */ (await agent.read(this.#path));
    return found?.callable ? null : `The page has no function ${this.#path}.`;
  }

  /**
   * @param {Call} call
   * @returns {import("../../adapter.js").Answer}
   */
  async *chat({ request, signal }) {
    const missing = await this.missing();
    if (missing) throw new AdapterError("site_changed", missing);
    const agent = await this.#site.agent();
    const answer = agent.iterate(this.#path, [request, { signal: { $signal: true } }], { signal });
    let tools = 0;
    let said = false;
    try {
      for (;;) {
        const next = await answer.next();
        if (next.done) {
          const whole = said ? undefined : partOf(next.value);
          if (whole) yield whole;
          return finishOf(next.value, tools);
        }
        const part = partOf(next.value);
        if (!part) {
          mustBeIgnorable(next.value);
          continue;
        }
        said = true;
        if (part.type === "tool_call") tools += 1;
        yield part;
      }
    } catch (error) {
      throw signal.aborted ? error : failureOf(error);
    } finally {
      await answer.return(undefined);
    }
  }
}

/**
 * @param {any} item
 * @returns {Part | undefined}  nothing for what is no part of this version
 */
function partOf(item) {
  if (typeof item === "string") return item ? { type: "text", text: item } : undefined;
  switch (item?.type) {
    case "text":
      return typeof item.text === "string" && item.text ? { type: "text", text: item.text } : undefined;
    case "reasoning": {
      const kind = item.kind === "summary" ? { kind: item.kind } : {};
      return typeof item.text === "string" && item.text ? { type: "reasoning", text: item.text, ...kind } : undefined;
    }
    case "proof": {
      const { kind, data, call } = item;
      if (typeof kind !== "string" || kind.length > LONGEST_NAME || typeof data !== "string") return undefined;
      return { type: "proof", kind, data, ...(isId(call) ? { call } : {}) };
    }
    case "image":
      return typeof item.url === "string" ? { type: "image", url: item.url } : undefined;
    case "tool_call": {
      const { id, name, arguments: json = "" } = item;
      if (!isId(id) || typeof json !== "string") return undefined;
      return { type: "tool_call", id, ...(typeof name === "string" ? { name } : {}), arguments: json };
    }
    default:
      return undefined;
  }
}

/**
 * Parts of a later version and empty ones say nothing here; anything else would be an answer that lacks a piece.
 * @param {any} item
 */
function mustBeIgnorable(item) {
  if (item === null || item === undefined || item === "" || item.text === "") return;
  if (typeof item.type === "string" && !PARTS.has(item.type)) return;
  const what = typeof item.type === "string" ? `a faulty part of type ${item.type}` : `a ${typeof item} that is no part`;
  throw new AdapterError("upstream", `The page's function gave ${what}; it should give texts or parts.`);
}

/**
 * @param {any} said
 * @param {number} tools
 * @returns {Finish}
 */
function finishOf(said, tools) {
  const usual = tools ? "tool_calls" : "stop";
  const { finish_reason: reason, usage, conversation } = typeof said === "object" && said !== null ? said : {};
  const counted = Number.isSafeInteger(usage?.input_tokens) && Number.isSafeInteger(usage?.output_tokens);
  return {
    finish_reason: REASONS.has(reason) ? reason : usual,
    ...(counted ? { usage: { input_tokens: usage.input_tokens, output_tokens: usage.output_tokens } } : {}),
    ...(isId(conversation) ? { conversation } : {}),
  };
}

/** @param {any} error */
function failureOf(error) {
  if (error instanceof AdapterError) return error;
  const kind = KINDS.has(error?.kind) ? /** @type {FailKind} */ (error.kind) : "upstream";
  const message = error instanceof Error && error.message ? error.message : "The page's function failed.";
  return new AdapterError(kind, message, { retryAfter: error?.retryAfter, cause: error });
}

/** @param {unknown} value */
function isId(value) {
  return typeof value === "string" && value !== "" && value.length <= LONGEST_ID;
}
