/**
 * The test messages of a lesson, written and sent as a person does it.
 */

import { Composer } from "../bridge/site/dom/composer.js";
import { seen } from "../bridge/site/dom/select.js";
import { Watch } from "../bridge/site/dom/watch.js";
import { buttonOf, selectorFor, selectorsOf } from "./selector.js";
import { SIGN } from "./words.js";

/** Harmless, and of a form that shows a lot: sentences, a second paragraph, a word and a number. */
const PROMPTS = ["blue", "green", "red", "yellow", "orange", "brown", "purple"].map(
  (colour, at) =>
    `Please answer with three short sentences about the colour ${colour}, then a line with only the word ${SIGN} and the number ${4711 + at}.`,
);
const LEAVES_MS = 3000;
const POLL_MS = 250;

/** What a lesson says to a site. */
export class Messages {
  #findings;
  #document;
  #panel;
  #said = 0;

  /**
   * @param {import("./findings.js").Findings} findings
   * @param {import("./panel.js").Panel} panel
   */
  constructor(findings, panel) {
    this.#findings = findings;
    this.#document = findings.document;
    this.#panel = panel;
  }

  /** Another one each time: an answer is found by what it says. */
  next() {
    this.#said += 1;
    return PROMPTS[(this.#said - 1) % PROMPTS.length] ?? "";
  }

  /**
   * Write a message into the composer and have the site send it.
   * @param {string} prompt
   */
  async send(prompt) {
    const { signal } = this.#panel;
    void this.#panel.show({ title: "Sending a test message", text: "relay writes into the field and sends.", shown: prompt }).catch(() => {});
    const watch = new Watch(this.#document);
    const composer = new Composer(this.#document, this.#findings.composer, watch);
    await composer.write(prompt, signal);
    const left = () => !composer.holds(prompt);
    const known = this.#findings.previous?.dom?.send;
    if (known && seen(this.#document, known)) this.#findings.send = known;
    composer.press("Enter");
    if (!(await watch.until(left, { ms: LEAVES_MS, signal }))) await this.#learnSend(watch, left);
    composer.release();
  }

  /**
   * The person presses the button, and relay looks which one it is.
   * @param {Watch} watch
   * @param {() => boolean} left
   */
  async #learnSend(watch, left) {
    const { signal } = this.#panel;
    /** @type {string[]} */
    let pressed = [];
    const listen = (/** @type {Event} */ event) => {
      const element = event.composedPath()[0];
      if (!event.isTrusted || !(element instanceof Element) || this.#findings.ignores(element)) return;
      const button = buttonOf(element);
      const selector = selectorFor(button);
      pressed = [...(selector ? [selector] : []), ...selectorsOf(button).slice(0, 50)];
    };
    this.#document.addEventListener("pointerdown", listen, { capture: true, signal });
    void this.#panel.show({ title: "Click the send button", text: "The Enter key did not send the message. relay remembers the button." }).catch(() => {});
    while (!left()) await watch.change(POLL_MS, signal);
    this.#document.removeEventListener("pointerdown", listen, true);
    [this.#findings.send] = pressed;
  }
}
