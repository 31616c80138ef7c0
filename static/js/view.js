/**
 * Puts the page's state into the document.
 */

import { byId, setTextOf, show } from "./dom.js";
import { accountWords, allowanceWords, countdownWords, LINK_WORDS, modelsWords } from "./facts.js";
import { windowTitle } from "./headline.js";
import { iconOf } from "./icons.js";

/**
 * @typedef {import("../../extension/bridge/frames.js").PageState} PageState
 * @typedef {import("./headline.js").Headline} Headline
 *
 * @typedef {object} Cards
 * @property {import("./config.js").AdapterName} adapter
 * @property {PageState} state
 * @property {import("./headline.js").LinkPhase} link
 * @property {number | undefined} since
 * @property {string} address Of the bridge.
 * @property {string} way How the adapter reaches the chat.
 * @property {boolean} canSignOut
 */

/** @type {import("./headline.js").Action[]} */
const ACTIONS = ["pair", "sign-in", "retry", "download", "reconnect", "use-here", "reload"];

/**
 * The headline and its buttons.
 *
 * @param {Headline} shown
 */
export function paintHeadline(shown) {
  byId("status", HTMLElement).dataset["tone"] = shown.tone;
  setTextOf("headline", shown.title);
  setTextOf("explanation", shown.text);
  for (const action of ACTIONS) show(`action-${action}`, shown.actions.includes(action));
}

/**
 * The window's title and icon: the row of tabs shows them, so they are right in a hidden tab too.
 *
 * @param {Headline} shown
 * @param {number} running
 */
export function paintWindow(shown, running) {
  const title = windowTitle(shown, running);
  if (document.title !== title) document.title = title;
  const icon = byId("icon", HTMLLinkElement);
  const href = iconOf(shown.tone);
  if (icon.getAttribute("href") !== href) icon.setAttribute("href", href);
}

/** @param {Cards} cards */
export function paintCards({ adapter, state, link, since, address, way, canSignOut }) {
  const account = accountWords(adapter, state);
  setTextOf("account-name", account.name);
  setTextOf("account-detail", account.detail);
  paintAllowance(state.state === "login_required" ? undefined : state.account?.allowance);
  show("sign-out", canSignOut);

  setTextOf("relay-state", LINK_WORDS[link]);
  setTextOf("relay-address", address);
  setTextOf("relay-detail", link === "connected" && since !== undefined ? `since ${clockTime(since)}` : "");

  setTextOf("chat-models", modelsWords(state));
  setTextOf("chat-way", way);
}

/** @param {number} at */
function clockTime(at) {
  return new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

/** @param {import("../../extension/bridge/frames.js").Allowance | undefined} allowance */
function paintAllowance(allowance) {
  show("allowance", allowance !== undefined);
  if (allowance === undefined) return;
  const { text, share } = allowanceWords(allowance);
  setTextOf("allowance-text", text);
  const percent = Math.round((share ?? 0) * 100);
  const meter = byId("allowance-meter", HTMLElement);
  meter.hidden = share === undefined;
  meter.setAttribute("aria-valuenow", String(percent));
  byId("allowance-left", HTMLElement).style.width = `${percent}%`;
}

/**
 * Outside the live region: a screen reader must not read out every second.
 *
 * @param {number | undefined} retryAt
 * @param {number} now
 */
export function paintCountdown(retryAt, now) {
  show("countdown", retryAt !== undefined);
  if (retryAt !== undefined) setTextOf("countdown", countdownWords(retryAt, now));
}

/**
 * @param {boolean} demo
 * @param {string} version
 */
export function paintFrame(demo, version) {
  setTextOf("version", version);
  show("demo-pill", demo);
  show("demo-notice", demo);
}
