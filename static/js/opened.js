/**
 * The pairing code that the page is opened with, taken out of the address at once: it is a credential.
 */

import { takeCode } from "./config.js";

let code = takeCode(location, history);
let arrived = () => {};

// A link opened in a tab that shows this page already changes only the fragment: nothing is loaded anew.
addEventListener("hashchange", () => {
  const taken = takeCode(location, history);
  if (taken === undefined) return;
  code = taken;
  arrived();
});

/** @returns {string | undefined} the last code that nobody has asked for yet: each works once */
export function openedWith() {
  const taken = code;
  code = undefined;
  return taken;
}

/** @param {() => void} listener Called, instead of the one before, when the page is opened with another code. */
export function onOpened(listener) {
  arrived = listener;
}
