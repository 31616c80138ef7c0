/**
 * Puter's answers in the words of relay: the lines of a stream, and the whole answer of a call that was not streamed.
 */

import { AdapterError } from "../../adapter.js";
import { reasoningParts } from "../../reasoning.js";
import { errorOf } from "./errors.js";
import { proofOf } from "./proofs.js";

/**
 * @typedef {import("../../adapter.js").Finish} Finish
 * @typedef {import("../../frames.js").Part} Part
 * @typedef {import("../../frames.js").Usage} Usage
 */

const LONGEST_ID = 128;

/** Reads the objects of one stream. */
export class StreamReader {
  #calls = 0;
  #complete = false;
  /** @type {Usage | undefined} */ #usage;

  /**
   * The parts of one line; types that are not known are skipped.
   * @param {Record<string, any>} line
   * @returns {Part[]}
   * @throws {AdapterError}  if the line tells of an error
   */
  feed(line) {
    if (line.type === "error" || line.success === false) throw errorOf(line);
    switch (line.type) {
      case "text":
        return text(line.text);
      case "reasoning":
        return reasoningParts(line.reasoning);
      case "tool_use":
        this.#calls += 1;
        return toolCall(line, this.#calls);
      case "image":
        return image(line.image);
      case "usage":
        this.#complete = true;
        this.#usage = usageOf(line.usage);
        return [];
      default:
        return [];
    }
  }

  /**
   * The stream has ended. A complete one says its usage, or an error; else it was cut.
   * @returns {Finish}
   * @throws {AdapterError}
   */
  end() {
    if (!this.#complete) throw new AdapterError("truncated", "Puter's stream stopped before its end");
    return finish(this.#calls ? "tool_calls" : "stop", this.#usage);
  }
}

/**
 * A whole answer, the `result` of the driver.
 * @param {any} result
 * @returns {{parts: Part[], finish: Finish}}
 */
export function readAnswer(result) {
  const message = result?.message;
  if (typeof message !== "object" || message === null) {
    throw new AdapterError("site_changed", "Puter's answer has no message");
  }
  const blocks =
    typeof message.content === "string" ? [{ type: "text", text: message.content }] : (message.content ?? []);
  const calls = [
    ...blocks.filter((/** @type {any} */ block) => block?.type === "tool_use"),
    ...(message.tool_calls ?? []).map((/** @type {any} */ { id, function: called, extra_content }) => ({
      id,
      name: called?.name,
      input: called?.arguments,
      extra_content,
    })),
  ];
  const parts = [
    ...thoughts(message),
    ...blocks.flatMap(partsOfBlock),
    ...(message.images ?? []).flatMap(image),
    ...calls.flatMap((call, index) => toolCall(call, index + 1)),
  ];
  return { parts, finish: finish(reasonOf(result, calls.length > 0), usageOf(result.usage)) };
}

/**
 * Token counts. Puter counts what is billed apart apart: cached input is not in the input, nor thinking in the output.
 * @param {any} usage
 * @returns {Usage | undefined}  undefined if it says nothing of tokens
 */
export function usageOf(usage) {
  /** @param {string[]} names */
  const sum = (...names) => names.reduce((total, name) => total + count(usage?.[name]), 0);
  const told = ["prompt", "prompt_tokens", "input_tokens", "completion", "completion_tokens", "output_tokens"];
  if (!told.some((name) => Number.isFinite(usage?.[name]))) return undefined;
  const cached = sum("input_cache_read", "cached_tokens", "cache_read_input_tokens");
  const written = sum("input_cache_write", "ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens");
  const thinking = sum("thinking_tokens");
  return {
    input_tokens: sum("prompt", "prompt_tokens", "input_tokens") + cached + written,
    output_tokens: sum("completion", "completion_tokens", "output_tokens") + thinking,
    ...(cached ? { cached_tokens: cached } : {}),
    ...(thinking ? { reasoning_tokens: thinking } : {}),
  };
}

/** @param {unknown} value */
function count(value) {
  return Number.isFinite(value) ? Math.max(0, Math.round(Number(value))) : 0;
}

/**
 * @param {import("../../frames.js").FinishReason} finish_reason
 * @param {Usage | undefined} usage
 * @returns {Finish}
 */
function finish(finish_reason, usage) {
  return usage ? { finish_reason, usage } : { finish_reason };
}

/**
 * Claude's real reason is in the message; what Puter says for it is always `stop`.
 * @param {any} result
 * @param {boolean} calls
 * @returns {import("../../frames.js").FinishReason}
 */
function reasonOf(result, calls) {
  if (calls) return "tool_calls";
  if (result.message.stop_reason === "max_tokens" || result.finish_reason === "length") return "length";
  if (result.message.stop_reason === "refusal" || result.finish_reason === "content_filter") return "content_filter";
  return "stop";
}

/**
 * @param {any} block
 * @returns {Part[]}
 */
function partsOfBlock(block) {
  switch (block?.type) {
    case "text":
      return text(block.text);
    case "thinking":
    case "redacted_thinking":
      return reasoningParts(block);
    case "image_url":
      return image(block);
    default:
      return [];
  }
}

/**
 * Providers tell the same reasoning as a text, in detail, or both.
 * @param {any} message
 * @returns {Part[]}
 */
function thoughts({ reasoning, reasoning_content: content, reasoning_details: details }) {
  const detailed = reasoningParts(Array.isArray(details) ? details : []);
  const told = detailed.some(({ type }) => type === "reasoning");
  return told ? detailed : [...reasoningParts(reasoning ?? content), ...detailed];
}

/**
 * @param {unknown} said
 * @returns {Part[]}
 */
function text(said) {
  return typeof said === "string" && said ? [{ type: "text", text: said }] : [];
}

/**
 * @param {any} value
 * @returns {Part[]}
 */
function image(value) {
  const url = value?.image_url?.url;
  return typeof url === "string" ? [{ type: "image", url }] : [];
}

/**
 * @param {any} call
 * @param {number} number  of this call in the answer
 * @returns {Part[]}  with its proof
 */
function toolCall({ id: given, name, input, extra_content: extra }, number) {
  const usable = typeof given === "string" && given && given.length <= LONGEST_ID;
  const id = usable ? given : `call_${number}_${Math.random().toString(36).slice(2, 12)}`;
  const json = typeof input === "string" ? input : JSON.stringify(input ?? {});
  return [{ type: "tool_call", id, name: String(name ?? ""), arguments: json }, ...proofOf(extra, id)];
}
