/**
 * The one-time link of `relay admin`: `#code=XXXXX-XXXXX`, and `&account=NAME` if it leads to a screen.
 */

import { cleanCode } from "../../js/config.js";

/**
 * @typedef {object} Link
 * @property {string} code
 * @property {string | undefined} account
 */

/**
 * Take the code out of the address, so that neither history nor anybody who looks at the screen can read it.
 *
 * @param {Pick<Location, "hash" | "pathname" | "search">} location
 * @param {Pick<History, "replaceState">} history
 * @returns {Link | undefined}
 */
export function takeLink(location, history) {
  const link = readLink(location.hash);
  if (link !== undefined) history.replaceState(null, "", location.pathname + location.search);
  return link;
}

/**
 * @param {string} text A link, its fragment, or a code that a person typed.
 * @returns {Link | undefined}
 */
export function readLink(text) {
  const fragment = new URLSearchParams(text.slice(text.indexOf("#") + 1));
  const code = cleanCode(fragment.get("code") ?? (text.includes("=") ? "" : text));
  return code === "" ? undefined : { code, account: fragment.get("account") ?? undefined };
}

/**
 * @param {string} hash Of the address, such as `#screen=work`.
 * @returns {string | undefined} the account whose screen is to be shown
 */
export function shownAccount(hash) {
  return new URLSearchParams(hash.slice(1)).get("screen") ?? undefined;
}

/** @param {string} account */
export function screenHash(account) {
  return `#${new URLSearchParams({ screen: account })}`;
}
