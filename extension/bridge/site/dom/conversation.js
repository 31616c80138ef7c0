/** Starting a conversation that nothing was said in. */

import { AdapterError } from "../../adapter.js";
import { click } from "./press.js";
import { pressable, seen } from "./select.js";
import { windowOf } from "./watch.js";

/**
 * @typedef {import("./description.js").ConversationDescription} ConversationDescription
 * @typedef {import("./description.js").Opening} Opening
 * @typedef {import("./watch.js").Watch} Watch
 *
 * @typedef {object} ConversationPage
 * @property {Document} document
 * @property {Watch} watch
 * @property {() => boolean} empty  Whether nothing was said in the conversation that is open.
 */

const OPENS_MS = 10_000;
const DRAWS_MS = 200;
const DRAWS_AT_MOST_MS = 1500;
/** When a page that was opened anew shows a conversation again, opening it once more would never end. */
const ONCE_IN_MS = 60_000;
const SAYS_MS = 100;
const OPENED_AT = "relay.opened-at";

/**
 * Open a new conversation, or a temporary one, unless the one that is open is still empty. Where that takes a page of
 * its own, the page goes to it and the call fails with `again`.
 * @param {ConversationPage} page
 * @param {ConversationDescription} description
 * @param {{signal: AbortSignal}} options
 */
export async function open(page, description, { signal }) {
  const { temporary } = description;
  const own = temporary && "url" in temporary ? temporary : null;
  if (!page.empty() || (own && !isAt(page, own.url))) await start(page, own ?? description.new ?? temporary ?? null, signal);
  forget(page.document);
  if (temporary && "click" in temporary) await switchOn(page, temporary, signal);
}

/**
 * Whether the page is the one at `url`; a page that was just opened there may have changed its address.
 * @param {ConversationPage} page
 * @param {string} url
 */
function isAt({ document }, url) {
  const { href } = windowOf(document).location;
  return new URL(url, href).href === href || justOpened(document);
}

/**
 * @param {ConversationPage} page
 * @param {Opening | null} way
 * @param {AbortSignal} signal
 */
async function start(page, way, signal) {
  if (!way) return;
  if ("url" in way) go(page, way.url, signal);
  else await press(page, way.click, signal);
  if (!(await page.watch.until(page.empty, { ms: OPENS_MS, signal })))
    throw new AdapterError("site_changed", "The page did not open a new chat.");
  // Some pages replace their composer a moment later, with what was written into it.
  await page.watch.still(page.document, { ms: DRAWS_MS, atMost: DRAWS_AT_MOST_MS, signal });
}

/**
 * @param {ConversationPage} page
 * @param {string} selector
 * @param {AbortSignal} signal
 */
async function press({ document, watch }, selector, signal) {
  const button = await watch.until(() => pressable(document, selector), { ms: OPENS_MS, signal });
  if (!button) throw new AdapterError("site_changed", "The page has no button for a new chat any more.");
  click(button);
}

/**
 * @param {ConversationPage} page
 * @param {string} url
 * @param {AbortSignal} signal
 */
function go({ document }, url, signal) {
  const { location, sessionStorage } = windowOf(document);
  const target = new URL(url, location.href);
  if (justOpened(document)) throw new AdapterError("site_changed", "The page for a new chat still shows an old one.");
  signal.throwIfAborted();
  sessionStorage.setItem(OPENED_AT, String(Date.now()));
  const within = target.hash !== location.hash && target.href.split("#")[0] === location.href.split("#")[0];
  const leave = () => (target.href === location.href ? location.reload() : location.assign(target.href));
  if (within) return leave();
  // What is said of it must be out before the page is gone.
  setTimeout(leave, SAYS_MS);
  throw new AdapterError("again", "The page opens a new chat.");
}

/** @param {Document} document */
function justOpened(document) {
  return Date.now() - Number(windowOf(document).sessionStorage.getItem(OPENED_AT) ?? 0) < ONCE_IN_MS;
}

/** @param {Document} document */
function forget(document) {
  const { sessionStorage } = windowOf(document);
  if (sessionStorage.getItem(OPENED_AT) !== null) sessionStorage.removeItem(OPENED_AT);
}

/**
 * @param {ConversationPage} page
 * @param {{click: string, on?: string}} temporary
 * @param {AbortSignal} signal
 */
async function switchOn(page, temporary, signal) {
  const on = () => seen(page.document, temporary.on) !== null;
  if (temporary.on && on()) return;
  await press(page, temporary.click, signal);
  if (temporary.on && !(await page.watch.until(on, { ms: OPENS_MS, signal })))
    throw new AdapterError("site_changed", "The page did not switch to a temporary chat.");
}
