/** A chat page without a browser, whose answers a test writes by hand. */

import { DomChat } from "../../../extension/bridge/site/dom/index.js";
import { windowOf } from "../../../extension/bridge/site/dom/watch.js";
import { documentOf } from "./page.js";

const PAGE = `<main></main><textarea></textarea><button id="send">Send</button><button id="stop" hidden>Stop</button>`;
const DOM = { composer: "textarea", send: "#send", stop: "#stop", answer: ".answer", quiet_ms: 10 };

/**
 * @param {Partial<import("../../../extension/bridge/site/dom/index.js").DomChatOptions>} [options]
 */
export function chatPage({ dom = DOM, ...options } = {}) {
  const document = documentOf(PAGE);
  const find = (/** @type {string} */ selector) => /** @type {HTMLElement} */ (document.querySelector(selector));
  const [list, send, stop] = [find("main"), find("#send"), find("#stop")];
  const composer = /** @type {HTMLTextAreaElement} */ (find("textarea"));
  const controller = new AbortController();
  const chat = new DomChat({ document, dom, ...options });
  const page = {
    document,
    find,
    list,
    composer,
    send,
    stop,
    chat,
    controller,
    /** @type {string[]} */ sent: [],
    /** @type {() => void} */ onsent: () => {},
    /** Take what is in the composer, as the page does. */
    take() {
      page.sent.push(composer.value);
      composer.value = "";
      stop.hidden = false;
      page.onsent();
    },
    /** @param {string} html */
    show(html) {
      list.insertAdjacentHTML("beforeend", html);
    },
    /** The answer is whole. */
    end() {
      stop.hidden = true;
    },
    /**
     * Ask, and read all of the answer.
     * @param {string} text
     * @param {Omit<import("../../../extension/bridge/site/dom/index.js").SendOptions, "signal">} [asking]
     */
    async ask(text, asking = {}) {
      const { signal } = controller;
      await chat.send(text, { ...asking, signal });
      /** @type {import("../../../extension/bridge/frames.js").Part[]} */
      const parts = [];
      for await (const part of chat.answer({ signal })) parts.push(part);
      return parts;
    },
  };
  send.onclick = page.take;
  stop.onclick = page.end;
  return page;
}

/**
 * Whoever uses the page does `act` after the page's own work.
 * @param {() => void} act
 */
export const soon = (act) => void setTimeout(act, 5);

export { DOM, windowOf };
