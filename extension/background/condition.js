/**
 * How a connected tab is, in words for a person.
 */

import { whatToUpdate } from "./pairing.js";

/**
 * @typedef {"good" | "busy" | "waiting" | "attention" | "off"} Tone
 * @typedef {"pair" | "look" | "teach" | "reload"} Remedy
 * @typedef {object} Condition
 * @property {Tone} tone
 * @property {string} headline
 * @property {string} [detail]
 * @property {Remedy} [remedy]  What the person can do about it in the popup.
 *
 * @typedef {import("../content/main.js").View} View
 * @typedef {{refused: boolean, reach: "up" | "down" | "refusing", address: string}} Relay
 */

const CLOSE_VERSION = 4409;
const BLOCKED = /** @type {Record<string, string>} */ ({
  captcha: "The site wants to know that you are no robot",
  consent: "The site asks for your consent",
  limit: "The site's limit is reached",
  verification: "The site wants to verify you",
});

/**
 * @param {{tab: number | null, paused: boolean, late: string | null}} seat
 * @param {View | undefined} view
 * @param {Relay | null} relay
 * @returns {Condition}
 */
export function conditionOf(seat, view, relay) {
  if (!relay) return { tone: "attention", headline: "Not paired with relay", remedy: "pair" };
  if (relay.refused) return { tone: "attention", headline: "relay no longer knows this browser", remedy: "pair" };
  if (seat.paused) return { tone: "off", headline: "Paused" };
  if (seat.tab === null) return { tone: "waiting", headline: "No tab", detail: "The next tab of this site that you open goes on." };
  if (!view) return { tone: "waiting", headline: "Starting…" };
  return view.link.state === "online" ? siteCondition(view, seat) : linkCondition(view.link, relay);
}

/**
 * @param {View["link"]} link
 * @param {Relay} relay
 * @returns {Condition}
 */
function linkCondition({ state, code, detail }, { reach, address }) {
  if (code === CLOSE_VERSION)
    return { tone: "attention", headline: "relay or this extension is too old", detail: whatToUpdate(detail ?? "") };
  if (state === "refused") return { tone: "attention", headline: "relay does not let this browser in", remedy: "pair" };
  if (state === "connecting") return { tone: "waiting", headline: "Connecting…" };
  if (reach === "refusing")
    return { tone: "attention", headline: "relay does not let this browser in", detail: "Pair again.", remedy: "pair" };
  if (reach === "down")
    return { tone: "attention", headline: "relay is not running", detail: `Nobody answers at ${address}. Start it: relay serve` };
  return { tone: "waiting", headline: "Reconnecting…", ...(detail ? { detail } : {}) };
}

/**
 * @param {View} view
 * @param {{late: string | null}} seat
 * @returns {Condition}
 */
function siteCondition({ site: { state, reason, detail }, counters }, { late }) {
  const more = detail ? { detail } : {};
  switch (state) {
    case "ready":
      if (counters.running) return { tone: "busy", headline: counters.running > 1 ? `Answering ${counters.running} calls` : "Answering" };
      return late
        ? { tone: "good", headline: "Ready", detail: "Reload the page once: relay then sees all of its traffic.", remedy: "reload" }
        : { tone: "good", headline: "Ready", ...more };
    case "login_required":
      return { tone: "attention", headline: "Sign in to this site", ...more, remedy: "look" };
    case "blocked":
      return { tone: "attention", headline: BLOCKED[reason ?? ""] ?? "The site asks for something", ...more, remedy: "look" };
    case "site_changed":
      return { tone: "attention", headline: "The site has changed", ...more, remedy: "teach" };
    case "starting":
      return { tone: "waiting", headline: "The page is starting…", ...more };
    default:
      return { tone: "attention", headline: "The page cannot answer", ...more, remedy: "look" };
  }
}

/**
 * A view as it came from a page's process, made safe to show; undefined if it is none.
 * @param {any} value
 * @returns {View | undefined}
 */
export function viewOf(value) {
  const { link, site, counters } = value ?? {};
  if (typeof link?.state !== "string" || typeof site?.state !== "string") return undefined;
  return {
    link: { state: word(link.state), ...(Number.isInteger(link.code) ? { code: link.code } : {}), ...sentence("detail", link.detail) },
    site: {
      state: /** @type {any} */ (word(site.state)),
      .../** @type {any} */ (sentence("reason", site.reason)),
      ...sentence("detail", site.detail),
      ...sentence("account", site.account),
    },
    counters: {
      calls: count(counters?.calls),
      running: count(counters?.running),
      failed: count(counters?.failed),
      parts: count(counters?.parts),
      characters: count(counters?.characters),
    },
    since: count(value.since),
  };
}

/** @param {string} text */
const word = (text) => text.slice(0, 32);
/** @param {unknown} value */
const count = (value) => (Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : 0);
/**
 * @param {string} name
 * @param {unknown} text
 */
const sentence = (name, text) => (typeof text === "string" && text ? { [name]: text.slice(0, 300) } : {});
