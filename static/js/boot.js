/**
 * The page's entry. The pairing code is out of the address before any other code runs, and what keeps the page from
 * starting is said.
 */

import { onOpened } from "./opened.js";
import { NO_STORAGE, UNREACHABLE } from "./headline.js";
import { byId } from "./dom.js";
import { paintHeadline, paintWindow } from "./view.js";

byId("reload", HTMLButtonElement).addEventListener("click", () => location.reload());

async function boot() {
  try {
    const { main } = await import("./main.js");
    await main();
  } catch (error) {
    const shown = isStorageRefused(error) ? NO_STORAGE : UNREACHABLE;
    paintHeadline(shown);
    paintWindow(shown, 0);
    // A fresh link means that relay runs now.
    onOpened(() => void boot());
    reportError(error);
  }
}

/**
 * What reading `localStorage` throws then: https://html.spec.whatwg.org/multipage/webstorage.html#dom-localstorage
 *
 * @param {unknown} error
 */
function isStorageRefused(error) {
  return error instanceof DOMException && error.name === "SecurityError";
}

void boot();
