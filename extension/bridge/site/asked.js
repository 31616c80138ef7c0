/**
 * What a call asks for, in the forms that sites take: one text with files, or OpenAI's chat form.
 */

import { AdapterError } from "../adapter.js";
import { attachmentOf } from "./dom/attach.js";

/**
 * @typedef {import("../frames.js").ChatRequest} ChatRequest
 * @typedef {import("../frames.js").Content} Content
 * @typedef {import("../frames.js").Message} Message
 */

/**
 * The call as one text. relay makes one message of a conversation for sites with `single_prompt`; were there more,
 * none would be lost.
 * @param {ChatRequest} request
 * @returns {string}
 */
export function promptOf({ messages }) {
  const texts = messages.flatMap(({ content = [] }) => content.filter((part) => part.type === "text"));
  return texts.map(({ text }) => text).join("\n\n");
}

/**
 * The files and images of the call.
 * @param {ChatRequest} request
 * @returns {import("./dom/attach.js").Attachment[]}
 * @throws {AdapterError}  for what cannot be attached
 */
export function filesOf({ messages }) {
  return messages
    .flatMap(({ content = [] }) => content)
    .flatMap((part) => {
      if (part.type === "text") return [];
      if (part.type === "audio") throw new AdapterError("unsupported", "This site takes no sound from relay.");
      return [attachmentOf(part)];
    });
}

/**
 * The call's messages in OpenAI's chat form (https://platform.openai.com/docs/api-reference/chat/create).
 * @param {ChatRequest} request
 * @returns {Record<string, unknown>[]}
 */
export function openAiMessages({ messages }) {
  return messages.map(toMessage);
}

/**
 * @param {ChatRequest} request
 * @returns {Record<string, unknown>[] | undefined}
 */
export function openAiTools({ tools = [] }) {
  if (!tools.length) return undefined;
  return tools.map(({ name, description, parameters = { type: "object", properties: {} } }) => ({
    type: "function",
    function: { name, ...(description === undefined ? {} : { description }), parameters },
  }));
}

/** @param {ChatRequest} request */
export function openAiToolChoice({ tool_choice: choice }) {
  const [only, ...others] = choice?.names ?? [];
  if (choice?.mode === "required" && only !== undefined && !others.length) {
    return { type: "function", function: { name: only } };
  }
  return choice?.mode;
}

/** @param {ChatRequest} request */
export function openAiResponseFormat({ response_format: format }) {
  if (format?.type !== "json_schema") return format && { type: format.type };
  const { name = "answer", description, schema = {}, strict } = format;
  const told = { ...(description === undefined ? {} : { description }), ...(strict === undefined ? {} : { strict }) };
  return { type: "json_schema", json_schema: { name, schema, ...told } };
}

/** @param {Message} message */
function toMessage(message) {
  switch (message.role) {
    case "tool":
      return { role: "tool", tool_call_id: message.call_id, content: contentOf(message.content) };
    case "assistant":
      return {
        role: "assistant",
        content: contentOf(message.content ?? []) || message.refusal || "",
        ...(message.tool_calls?.length ? { tool_calls: message.tool_calls.map(toCall) } : {}),
      };
    default:
      return { role: message.role, content: contentOf(message.content) };
  }
}

/** @param {import("../frames.js").ToolCall} call */
function toCall({ id, name, arguments: json }) {
  return { id, type: "function", function: { name, arguments: json } };
}

/**
 * Text alone goes as a text: not every site knows lists.
 * @param {Content[]} content
 */
function contentOf(content) {
  const texts = content.flatMap((part) => (part.type === "text" ? [part.text] : []));
  return texts.length === content.length ? texts.join("\n\n") : content.map(toPart);
}

/** @param {Content} part */
function toPart(part) {
  switch (part.type) {
    case "text":
      return { type: "text", text: part.text };
    case "image":
      return { type: "image_url", image_url: { url: part.url, ...(part.detail ? { detail: part.detail } : {}) } };
    case "audio":
      return { type: "input_audio", input_audio: { data: part.data, format: part.format } };
    case "file":
      return { type: "file", file: { filename: part.name, file_data: part.data, file_id: part.id } };
  }
}
