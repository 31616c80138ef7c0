/**
 * The words on the cards: account, connection, chat. Pure.
 */

import { counted } from "./numbers.js";

/**
 * @typedef {import("../../extension/bridge/frames.js").Account} Account
 * @typedef {import("../../extension/bridge/frames.js").Allowance} Allowance
 * @typedef {import("../../extension/bridge/frames.js").Model} Model
 * @typedef {import("../../extension/bridge/frames.js").PageState} PageState
 * @typedef {import("./config.js").AdapterName} AdapterName
 * @typedef {import("./headline.js").LinkPhase} LinkPhase
 */

/** @type {Record<LinkPhase, string>} */
export const LINK_WORDS = {
  unpaired: "Not paired",
  elsewhere: "Connected in another tab",
  connecting: "Connecting…",
  connected: "Connected",
  leaving: "Stopping",
  waiting: "Not connected",
  refused: "Not accepted",
  outdated: "Another version",
};

/**
 * @param {AdapterName} adapter
 * @param {PageState} state
 * @returns {{name: string, detail: string}}
 */
export function accountWords(adapter, { state, account }) {
  if (adapter === "demo") return { name: "None", detail: "The demo has no account." };
  if (adapter === "prompt-api") return { name: "None needed", detail: "The model runs inside this browser." };
  if (account !== undefined && state !== "login_required") {
    return { name: account.label ?? account.id, detail: account.temporary === true ? "Temporary Puter account" : "Puter account" };
  }
  if (state === "login_required") return { name: "Not signed in", detail: "Calls fail until you sign in." };
  return { name: "Not known yet", detail: "" };
}

/**
 * @param {Allowance} allowance
 * @returns {{text: string, share: number | undefined}} `share` of the total that is left, 0 to 1
 */
export function allowanceWords({ remaining, total, unit }) {
  const left = amount(remaining, unit);
  if (total === undefined || total <= 0) return { text: `${left} left this month`, share: undefined };
  return { text: `${left} of ${amount(total, unit)} left this month`, share: Math.min(1, Math.max(0, remaining / total)) };
}

/**
 * @param {number} value
 * @param {string} [unit]
 */
function amount(value, unit = "") {
  if (unit === "USD") return value.toLocaleString("en", { style: "currency", currency: "USD" });
  const number = value.toLocaleString("en", { maximumFractionDigits: 2 });
  return unit === "" ? number : `${number} ${unit}`;
}

/**
 * Those that can be named for a chat: others draw, speak or listen.
 *
 * @param {readonly Model[]} models
 */
export function chatModels(models) {
  return models.filter(({ methods }) => methods?.includes("chat") ?? true);
}

/**
 * @param {PageState} state
 * @returns {string}
 */
export function modelsWords({ models = [] }) {
  const { length } = chatModels(models);
  return length === 0 ? "No models yet" : counted(length, "model");
}

/**
 * @param {number} retryAt
 * @param {number} now
 * @returns {string}
 */
export function countdownWords(retryAt, now) {
  const seconds = Math.ceil((retryAt - now) / 1000);
  return seconds > 0 ? `Trying again in ${seconds} s.` : "Trying again now…";
}

/**
 * How the chat is reached, in words.
 *
 * @param {AdapterName} adapter
 * @param {import("./config.js").PuterConfig["way"]} way
 * @param {PageState} state A ready chat says what is special about it.
 * @returns {string}
 */
export function wayWords(adapter, way, { state, detail = "" }) {
  if (state === "ready" && detail !== "") return detail;
  if (adapter === "demo") return "Answers made up in this page";
  if (adapter === "prompt-api") return "The browser’s Prompt API";
  return way === "sdk" ? "By puter.ai.chat" : "By Puter’s HTTP interface";
}
