/**
 * What a page shows of its login and of what it wants from a person.
 */

import { seen } from "./dom/select.js";
import { globToRegExp } from "./match.js";
import { stored } from "./template.js";

/**
 * @typedef {import("../frames.js").PageState} PageState
 * @typedef {import("./site.js").Site} Site
 * @typedef {Pick<PageState, "state" | "detail" | "reason">} Look
 */

/** What a page may take to draw itself before something missing means anything. */
const DRAWS_MS = 15_000;
const SIGN_IN = "Sign in on the site.";

/**
 * Whoever is signed in: the text of `login.in_storage`, if there is one.
 * @param {Site} site
 * @returns {string | null | undefined}  null: nobody; undefined: the description does not say
 */
export function loginOf(site) {
  const { in_storage: place } = site.description.login ?? {};
  if (place === undefined) return undefined;
  const dot = place.indexOf(".");
  const value = stored(site.store(place.slice(0, dot)), place.slice(dot + 1));
  return value === undefined || value === "" ? null : JSON.stringify(value);
}

/**
 * @param {Site} site
 * @param {{since: number, login: string | null | undefined}} options  `since`: when the page began
 * @returns {Look}
 */
export function lookAt(site, { since, login }) {
  const { description, document, location, now } = site;
  const { login: signs = {}, blocked = [], ready } = description;
  const shows = (/** @type {string | undefined} */ selector) => seen(document, selector) !== null;
  const drawing = document.readyState !== "complete" || now() - since < DRAWS_MS;
  /** @param {Look} look @returns {Look} */
  const orStarting = (look) => (drawing ? { state: "starting" } : look);

  const block = blocked.find(({ selector }) => shows(selector));
  if (block) {
    const { reason, detail = `The site asks for a person: ${reason}.` } = block;
    return { state: "blocked", reason, detail };
  }
  const away = signs.out_url !== undefined && globToRegExp(signs.out_url, location.origin).test(location.href);
  if (away || shows(signs.out) || login === null) return { state: "login_required", detail: SIGN_IN };
  if (signs.in !== undefined && !shows(signs.in)) return orStarting({ state: "login_required", detail: SIGN_IN });
  if (ready && !shows(ready.selector)) {
    return orStarting({ state: "site_changed", detail: `The page has nothing at ${ready.selector} any more.` });
  }
  return { state: "ready" };
}
