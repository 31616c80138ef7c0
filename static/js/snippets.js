/**
 * The texts a person pastes into a terminal or a client.
 */

import { counted } from "./numbers.js";

/**
 * @typedef {object} ClientSettings
 * @property {string} baseUrl
 * @property {string} model
 * @property {string} [key] Known only right after relay's first start.
 *
 * @typedef {{id: string, aliases?: readonly string[]}} Offered A model.
 */

const KEY_VARIABLE = "OPENAI_API_KEY";

/**
 * Quote `text` for a POSIX shell.
 *
 * @param {string} text
 */
function quoted(text) {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * The variables that the official OpenAI libraries and many tools read.
 *
 * @param {ClientSettings} settings
 * @returns {string}
 */
export function environmentText({ baseUrl, key }) {
  return [`export OPENAI_BASE_URL=${quoted(baseUrl)}`, `export ${KEY_VARIABLE}=${quoted(key ?? "YOUR-RELAY-KEY")}`].join("\n");
}

/**
 * A first streamed call. The key stays out of it: a command line is kept in the shell's history.
 *
 * @param {ClientSettings} settings
 * @returns {string}
 */
export function curlText({ baseUrl, model }) {
  const body = JSON.stringify({ model, stream: true, messages: [{ role: "user", content: "Say hello." }] });
  return [
    `curl -N ${quoted(`${baseUrl}/chat/completions`)} \\`,
    `  -H "Authorization: Bearer $${KEY_VARIABLE}" \\`,
    `  -H 'Content-Type: application/json' \\`,
    `  -d ${quoted(body)}`,
  ].join("\n");
}

/**
 * @param {string} model
 * @param {readonly Offered[]} offered
 */
function offers(model, offered) {
  return offered.some(({ id, aliases }) => id === model || aliases?.includes(model));
}

/**
 * The model to name for a person who chose none: the usual one, or the first where that is not offered.
 *
 * @param {string} usual
 * @param {readonly Offered[]} offered In order of preference.
 * @returns {string}
 */
export function modelToName(usual, offered) {
  return offers(usual, offered) ? usual : (offered[0]?.id ?? usual);
}

/**
 * What to say about the chosen model.
 *
 * @param {string} model
 * @param {readonly Offered[]} offered
 * @returns {string}
 */
export function modelHint(model, offered) {
  if (offered.length === 0) return "The list fills when the chat is ready.";
  const known = offers(model, offered);
  if (offered.length === 1) return known ? "The only model offered now." : "Not the one model offered now: see the list.";
  const count = counted(offered.length, "model");
  return known ? `One of ${count} offered now.` : `Not among the ${count} offered now: type to search the list.`;
}
