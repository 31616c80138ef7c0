/**
 * Begins the page-side program in a tab of the browser that a person uses: its port leads to the extension's worker.
 *
 * The worker says which site this is, and whether it is to be served at all. It may die and be started again at any
 * time: the next port finds the new one.
 */

import { siteMaker } from "./environment.js";
import { start } from "./main.js";

/** @type {import("./main.js").Program | null} */
let program = null;
/** The worker's way to say: look now, whatever timers this tab may have. */
const alarm = new EventTarget();

/** Begin, or see that there is a port to the worker. May be called again and again. */
export function begin() {
  if (program) {
    program.wake();
    alarm.dispatchEvent(new Event("wake"));
    return;
  }
  program = start({
    connect,
    makeAdapter: siteMaker(),
    onend: () => {
      program = null;
    },
    seams: {
      wakeups: [
        { target: alarm, types: ["wake"] },
        { target: globalThis, types: ["online", "pageshow", "focus"] },
        { target: document, types: ["visibilitychange", "resume"] },
      ],
    },
  });
}

/** @returns {import("./port_socket.js").PortLike | null} */
function connect() {
  // Without an id, the extension was removed or updated: this script is an orphan.
  if (!chrome.runtime?.id) return null;
  const port = chrome.runtime.connect({ name: "page" });
  return {
    postMessage: (message) => port.postMessage(message),
    onMessage: (listener) => port.onMessage.addListener(listener),
    onDisconnect: (listener) => port.onDisconnect.addListener(listener),
    disconnect: () => port.disconnect(),
  };
}
