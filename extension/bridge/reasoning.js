/**
 * What models give besides their answer, in the forms that APIs have for it, as parts.
 *
 * `reasoning_details` is OpenRouter's (https://openrouter.ai/docs/use-cases/reasoning-tokens), `thinking` blocks are
 * Anthropic's (https://docs.claude.com/en/docs/build-with-claude/extended-thinking), `reasoning` items OpenAI's
 * (https://platform.openai.com/docs/guides/reasoning).
 */

/** @typedef {import("./frames.js").Part} Part */

/** Who signs and encrypts in which format of OpenRouter. @type {Record<string, {signed: string, encrypted: string}>} */
const FORMATS = {
  "anthropic-claude-v1": { signed: "anthropic.signature", encrypted: "anthropic.redacted" },
  "google-gemini-v1": { signed: "gemini.signature", encrypted: "gemini.signature" },
  "openai-responses-v1": { signed: "openai.encrypted", encrypted: "openai.encrypted" },
  "azure-openai-responses-v1": { signed: "openai.encrypted", encrypted: "openai.encrypted" },
};

/**
 * The parts of a text, of one entry, or of a list of them; anything else is none.
 * @param {any} value
 * @returns {Part[]}
 */
export function reasoningParts(value) {
  if (Array.isArray(value)) return value.flatMap(reasoningParts);
  if (typeof value === "string") return said(value);
  switch (value?.type) {
    case "reasoning.text":
      return [...said(value.text), ...proof(formatOf(value).signed, value.signature)];
    case "reasoning.summary":
      return said(value.summary, "summary");
    case "reasoning.encrypted":
      return proof(formatOf(value).encrypted, value.data);
    case "thinking":
      return [...said(value.thinking), ...proof("anthropic.signature", value.signature)];
    case "redacted_thinking":
      return proof("anthropic.redacted", value.data);
    case "reasoning":
      return [...summaryOf(value), ...proof("openai.encrypted", value.encrypted_content)];
    default:
      return [];
  }
}

/**
 * Whether `value` is a list of such entries.
 * @param {unknown} value
 * @returns {value is object[]}
 */
export function isDetailed(value) {
  return Array.isArray(value) && value.length > 0 && value.every((each) => typeof each?.type === "string");
}

/** @param {any} entry */
function formatOf({ format }) {
  const name = typeof format === "string" ? format : "unknown";
  return FORMATS[name] ?? { signed: `${name}.signature`, encrypted: `${name}.encrypted` };
}

/** @param {any} item */
function summaryOf({ summary }) {
  return Array.isArray(summary) ? summary.flatMap((each) => said(each?.text, "summary")) : [];
}

/**
 * @param {unknown} text
 * @param {"summary"} [kind]
 * @returns {Part[]}
 */
function said(text, kind) {
  return typeof text === "string" && text ? [{ type: "reasoning", text, ...(kind ? { kind } : {}) }] : [];
}

/**
 * @param {string} kind
 * @param {unknown} data
 * @returns {Part[]}
 */
function proof(kind, data) {
  return typeof data === "string" && data ? [{ type: "proof", kind, data }] : [];
}
