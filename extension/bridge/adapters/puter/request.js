/**
 * A call of relay in the words of Puter's chat driver (https://docs.puter.com/AI/chat/).
 *
 * The service changes some forms of history before the model sees them, so only those are written that arrive whole:
 * a tool call next to text goes into `tool_calls`, one without text into a `tool_use` block.
 */

import { AdapterError } from "../../adapter.js";
import { extraOf } from "./proofs.js";

/**
 * @typedef {import("../../frames.js").ChatRequest} ChatRequest
 * @typedef {import("../../frames.js").Message} Message
 * @typedef {import("../../frames.js").Content} Content
 * @typedef {import("../../frames.js").ToolCall} ToolCall
 * @typedef {Record<string, unknown> & {role: string}} PuterMessage
 * @typedef {{model: string, messages: PuterMessage[], stream: boolean} & Record<string, unknown>} ChatArguments
 */

/** The optional request fields that the service takes and hands on to models that know them. */
export const PARAMETERS = /** @type {const} */ (["temperature", "max_tokens", "reasoning_effort", "verbosity"]);

const HIGHEST_EFFORT = "xhigh";

/**
 * @param {ChatRequest} request
 * @param {{stream: boolean, provider?: string | undefined, reasoning?: boolean}} options  `provider` keeps the service
 *   from falling back to another one; `reasoning` of earlier turns goes with their tool calls
 * @returns {ChatArguments}
 * @throws {AdapterError}  for what cannot be carried
 */
export function chatArguments(request, { stream, provider, reasoning = false }) {
  const tools = allowedTools(request);
  /** @type {ChatArguments} */
  const args = { model: request.model, messages: toMessages(request.messages, reasoning), stream };
  for (const name of PARAMETERS) if (request[name] !== undefined) args[name] = request[name];
  if (args.reasoning_effort === "max") args.reasoning_effort = HIGHEST_EFFORT;
  if (tools.length) args.tools = tools;
  if (provider) args.provider = provider;
  return args;
}

/**
 * Whether the model may call tools in this request.
 * @param {ChatRequest} request
 */
export function offersTools(request) {
  return allowedTools(request).length > 0;
}

/** @param {ChatRequest} request */
function allowedTools({ tools = [], tool_choice: choice }) {
  if (choice?.mode === "none") return [];
  const names = choice?.names ?? [];
  return tools
    .filter(({ name }) => !names.length || names.includes(name))
    .map(({ name, description, parameters = { type: "object", properties: {} } }) => ({
      type: "function",
      function: { name, ...(description === undefined ? {} : { description }), parameters },
    }));
}

/**
 * @param {Message[]} messages
 * @param {boolean} reasoning
 * @returns {PuterMessage[]}
 */
function toMessages(messages, reasoning) {
  /** @type {PuterMessage[]} */
  const out = [];
  /** @type {Content[]} */
  let shown = [];
  for (const message of messages) {
    if (message.role !== "tool" && shown.length) {
      out.push({ role: "user", content: shown.map(toBlock) });
      shown = [];
    }
    if (message.role === "tool") shown.push(...message.content.filter(({ type }) => type === "image"));
    out.push(...toMessage(message, reasoning));
  }
  return shown.length ? [...out, { role: "user", content: shown.map(toBlock) }] : out;
}

/**
 * @param {Message} message
 * @param {boolean} reasoning
 * @returns {PuterMessage[]}
 */
function toMessage(message, reasoning) {
  switch (message.role) {
    case "system":
      return [{ role: "system", content: textOf(message.content) }];
    case "user":
      return [{ role: "user", content: toContent(message.content) }];
    case "tool":
      return [{ role: "tool", tool_call_id: message.call_id, content: toResult(message) }];
    case "assistant":
      return toTurn(message, reasoning);
  }
}

/**
 * @param {import("../../frames.js").AssistantMessage} message
 * @param {boolean} told  whether its reasoning goes with its calls
 * @returns {PuterMessage[]}
 */
function toTurn({ content = [], reasoning = "", refusal, tool_calls: calls = [], proofs = [] }, told) {
  const text = textOf(content) || refusal || "";
  if (!calls.length) return text ? [{ role: "assistant", content: text }] : [];
  const thoughts = told ? { reasoning_content: reasoning } : {};
  if (!text) return [{ role: "assistant", content: calls.map((call) => toToolUse(call, proofs)), ...thoughts }];
  const tool_calls = calls.map(({ id, name, arguments: json }) => ({
    id,
    type: "function",
    function: { name, arguments: json },
    ...extraOf(proofs, id),
  }));
  return [{ role: "assistant", content: text, tool_calls, ...thoughts }];
}

/**
 * A result can only be text; images in it follow as a message of the user.
 * @param {import("../../frames.js").ToolMessage} message
 */
function toResult({ content, is_error: isError }) {
  const images = content.filter(({ type }) => type === "image").length;
  const note = images ? `[${images === 1 ? "The image follows" : `${images} images follow`} in the next message.]` : "";
  const text = [textOf(content.filter(({ type }) => type !== "image")), note].filter(Boolean).join("\n");
  return isError ? `Error: ${text}` : text;
}

/**
 * @param {ToolCall} call
 * @param {import("../../frames.js").Proof[]} proofs
 */
function toToolUse({ id, name, arguments: json }, proofs) {
  return { type: "tool_use", id, name, input: toInput(json), ...extraOf(proofs, id) };
}

/**
 * Arguments that are no JSON object (a model's mistake that the client sent back) are kept as what they are: text.
 * @param {string} json
 */
function toInput(json) {
  try {
    const input = JSON.parse(json || "{}");
    if (typeof input === "object" && input !== null && !Array.isArray(input)) return input;
  } catch {
    // Falls through: not JSON.
  }
  return { arguments: json };
}

/**
 * @param {Content[]} content
 * @returns {string | Record<string, unknown>[]}
 */
function toContent(content) {
  const [only] = content;
  return content.length === 1 && only?.type === "text" ? only.text : content.map(toBlock);
}

/** @param {Content} part */
function toBlock(part) {
  if (part.type === "text") return { type: "text", text: part.text };
  if (part.type !== "image") throw new AdapterError("unsupported", `Puter takes no ${part.type} parts from relay`);
  return { type: "image_url", image_url: { url: part.url, ...(part.detail ? { detail: part.detail } : {}) } };
}

/** @param {Content[]} content */
function textOf(content) {
  return content
    .map((part) => {
      if (part.type === "text") return part.text;
      throw new AdapterError("unsupported", `Puter takes ${part.type} parts in messages of the user only`);
    })
    .join("\n\n");
}
