/**
 * The page's entry. The pairing code is out of the address before anything else is even fetched, and a part that cannot
 * be loaded is said instead of leaving the page at its start.
 */

import "./opened.js";
import { UNREACHABLE } from "./headline.js";
import { byId } from "./dom.js";
import { paintHeadline, paintWindow } from "./view.js";

byId("reload", HTMLButtonElement).addEventListener("click", () => location.reload());

async function boot() {
  try {
    const { main } = await import("./main.js");
    await main();
  } catch (error) {
    paintHeadline(UNREACHABLE);
    paintWindow(UNREACHABLE, 0);
    reportError(error);
  }
}

void boot();
