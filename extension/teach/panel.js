/**
 * The small panel that leads a person through teaching: docked at a side of the window, in a closed shadow root above
 * the page. While something is to be picked, a transparent layer takes the clicks, so that the site does not react.
 */

import { windowOf } from "../bridge/site/dom/watch.js";
import { parentOf } from "./tree.js";
import { STYLE } from "./style.js";

/**
 * @typedef {{value: string, label: string, primary?: boolean}} Choice
 * @typedef {object} Step
 * @property {string} title
 * @property {string} [text]
 * @property {string} [shown]  A text of the page.
 * @property {Choice[]} [choices]
 * @property {Element | null} [outline]  What this is about.
 * @property {boolean} [pick]  An element of the page may be picked too.
 * @typedef {{choice: string} | {element: Element}} Reply
 */

const HOST = "position:fixed;inset:0;width:100vw;height:100vh;margin:0;padding:0;border:0;background:none;overflow:visible;pointer-events:none;z-index:2147483647;display:block;opacity:1;visibility:visible;transform:none;filter:none;clip-path:none;color-scheme:light dark";
const FOLLOW_MS = 150;
const QUIET_MS = 15 * 60_000;
/** What must not reach the page when it happens on the panel. */
const KEPT = ["pointerdown", "pointerup", "mousedown", "mouseup", "click", "dblclick", "auxclick", "contextmenu", "touchstart", "touchend", "keydown", "keyup", "keypress", "input", "focusin", "focusout", "wheel", "paste", "copy"];

/** The person has closed the panel. */
export class Dismissed extends Error {}

/** The person has left the panel alone for too long. */
export class Forgotten extends Error {}

/** One panel on one page. */
export class Panel {
  #document;
  #host;
  #root;
  /** @type {{panel: HTMLElement, title: HTMLElement, text: HTMLElement, shown: HTMLElement, choices: HTMLElement, outline: HTMLElement, catcher: HTMLElement, side: HTMLElement}} */ #parts;
  /** @type {((reply: Reply) => void) | null} */ #reply = null;
  #dismissed = new AbortController();
  /** @type {Element | null} */ #outlined = null;
  #picking = false;
  /** Where the person wants the panel. */ #place = "";
  #patience;
  #quiet = 0;
  #timer;

  /**
   * @param {Document} document
   * @param {{patience?: number | undefined}} [options]  For how many milliseconds nothing may happen.
   */
  constructor(document, { patience = QUIET_MS } = {}) {
    this.#document = document;
    this.#patience = patience;
    this.#host = document.createElement("div");
    const style = HOST.split(";").map((each) => `${each} !important`);
    this.#host.setAttribute("style", style.join(";"));
    this.#root = this.#host.attachShadow({ mode: "closed" });
    const sheet = new (windowOf(document).CSSStyleSheet)();
    sheet.replaceSync(STYLE);
    this.#root.adoptedStyleSheets = [sheet];
    this.#parts = this.#build();
    document.documentElement.append(this.#host);
    this.#host.popover = "manual";
    this.#host.showPopover();
    this.#timer = windowOf(document).setInterval(() => this.#follow(), FOLLOW_MS);
  }

  /** Aborts when the person closes the panel, or has forgotten it; the reason tells. */
  get signal() {
    return this.#dismissed.signal;
  }

  /** Whether an element is the panel. @param {Element} element */
  isOwn(element) {
    return element === this.#host;
  }

  close() {
    this.#end(new Dismissed("the panel was closed"));
  }

  /** @param {Error} reason */
  #end(reason) {
    windowOf(this.#document).clearInterval(this.#timer);
    windowOf(this.#document).clearTimeout(this.#quiet);
    this.#host.remove();
    if (!this.signal.aborted) this.#dismissed.abort(reason);
  }

  /** Something happens. */
  #stir() {
    const { clearTimeout: clear, setTimeout: set } = windowOf(this.#document);
    clear(this.#quiet);
    this.#quiet = set(() => this.#end(new Forgotten("the panel was left alone")), this.#patience);
  }

  /**
   * Show a step; resolves with what the person does. A later step takes its place, and this one never resolves.
   * @param {Step} step
   * @returns {Promise<Reply>}
   */
  show({ title, text = "", shown = "", choices = [], outline = null, pick = false }) {
    const { title: heading, text: words, shown: page, choices: row, catcher } = this.#parts;
    const again = heading.textContent === title;
    heading.textContent = title;
    words.textContent = text;
    page.textContent = shown;
    row.replaceChildren(...choices.map((choice) => this.#button(choice)));
    catcher.hidden = !pick;
    this.#picking = pick;
    this.#outlined = outline;
    if (outline) {
      if (!again) outline.scrollIntoView({ block: "center" });
      this.#dodge(outline);
    } else this.#parts.panel.className = `panel ${this.#place}`;
    this.#follow();
    const [first] = row.children;
    if (!again) /** @type {HTMLElement | null} */ (row.querySelector(".primary") ?? first)?.focus();
    this.signal.throwIfAborted();
    this.#stir();
    return new Promise((resolve, reject) => {
      this.#reply = resolve;
      this.signal.addEventListener("abort", () => reject(this.signal.reason), { once: true });
    });
  }

  /** Change the page's text that the step shows. @param {string} text */
  tell(text) {
    this.#parts.shown.textContent = text;
    this.#parts.shown.scrollTop = this.#parts.shown.scrollHeight;
  }

  #build() {
    const make = (/** @type {string} */ name, className = "") => {
      const element = this.#document.createElement(name);
      element.className = className;
      return element;
    };
    const catcher = make("div", "catch");
    const outline = make("div", "outline");
    const panel = make("section", "panel");
    const header = make("header");
    const name = make("span");
    const move = (/** @type {string} */ where) => {
      panel.classList.toggle(where);
      this.#place = [...panel.classList].filter((each) => each !== "panel").join(" ");
    };
    const side = this.#plain("⇆", "Move to the other side", () => move("left"));
    const height = this.#plain("⇅", "Move up or down", () => move("bottom"));
    const end = this.#plain("✕", "Close", () => this.close());
    const [title, text, shown, choices] = [make("h2"), make("p"), make("pre"), make("div", "choices")];
    name.textContent = "relay · Teach a site";
    panel.setAttribute("role", "dialog");
    panel.setAttribute("aria-label", "Teach relay this site");
    text.setAttribute("aria-live", "polite");
    shown.tabIndex = 0;
    [catcher.hidden, outline.hidden] = [true, true];
    header.append(name, side, height, end);
    panel.append(header, title, text, shown, choices);
    this.#root.append(catcher, outline, panel);
    for (const type of KEPT) this.#root.addEventListener(type, (event) => event.stopPropagation());
    panel.addEventListener("keydown", (event) => event.key === "Escape" && event.isTrusted && this.close());
    catcher.addEventListener("pointermove", (event) => void (this.#outlined = this.#under(event)));
    catcher.addEventListener("click", (event) => this.#picked(event, this.#under(event)));
    catcher.addEventListener("wheel", (event) => this.#scroll(event), { passive: true });
    this.#document.addEventListener("keydown", (event) => this.#key(event), { capture: true, signal: this.signal });
    return { panel, title, text, shown, choices, outline, catcher, side };
  }

  /** @param {Choice} choice */
  #button({ value, label, primary = false }) {
    const button = this.#plain(label, "", () => this.#answer({ choice: value }));
    if (primary) button.className = "primary";
    return button;
  }

  /**
   * @param {string} text
   * @param {string} label
   * @param {() => void} press
   */
  #plain(text, label, press) {
    const button = this.#document.createElement("button");
    button.type = "button";
    button.textContent = text;
    if (label) [button.title, button.ariaLabel] = [label, label];
    // The page could press what it cannot see by guessing, but not as a person.
    button.addEventListener("click", (event) => event.isTrusted && press());
    return button;
  }

  /** @param {Reply} reply */
  #answer(reply) {
    const resolve = this.#reply;
    this.#reply = null;
    this.#stir();
    this.#parts.catcher.hidden = true;
    this.#picking = false;
    this.#outlined = null;
    this.#follow();
    resolve?.(reply);
  }

  /**
   * @param {Event} event
   * @param {Element | null} element
   */
  #picked(event, element) {
    event.preventDefault();
    if (event.isTrusted && element) this.#answer({ element });
  }

  /** With the keyboard: what has the focus is picked with Enter. @param {KeyboardEvent} event */
  #key(event) {
    if (!this.#picking || event.key !== "Enter" || !event.isTrusted) return;
    let active = this.#document.activeElement;
    while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
    if (!active || active === this.#host || active === this.#document.body) return;
    event.stopImmediatePropagation();
    this.#picked(event, active);
  }

  /** @param {{clientX: number, clientY: number}} point @returns {Element | null} */
  #under({ clientX, clientY }) {
    let found = this.#document.elementsFromPoint(clientX, clientY).find((each) => each !== this.#host) ?? null;
    for (let root = found?.shadowRoot ?? null; root; root = found?.shadowRoot ?? null) {
      const within = root;
      const inner = within.elementsFromPoint(clientX, clientY).find((each) => each.getRootNode() === within);
      if (!inner) break;
      found = inner;
    }
    return found;
  }

  /** @param {WheelEvent} event */
  #scroll(event) {
    for (let each = this.#under(event); each; each = parentOf(each)) {
      const { scrollTop } = each;
      each.scrollBy(event.deltaX, event.deltaY);
      if (each.scrollTop !== scrollTop) return;
    }
  }

  #follow() {
    const { outline } = this.#parts;
    outline.hidden = !this.#outlined?.isConnected;
    if (outline.hidden || !this.#outlined) return;
    const { left, top, width, height } = this.#outlined.getBoundingClientRect();
    Object.assign(outline.style, { left: `${left - 4}px`, top: `${top - 4}px`, width: `${width + 8}px`, height: `${height + 8}px` });
  }

  /** Stand where the least of an element is covered. @param {Element} element */
  #dodge(element) {
    const { panel } = this.#parts;
    const target = element.getBoundingClientRect();
    const places = ["", "left", "bottom", "left bottom"].map((place) => {
      panel.className = `panel ${place}`;
      const own = panel.getBoundingClientRect();
      const wide = Math.min(own.right, target.right) - Math.max(own.left, target.left);
      const high = Math.min(own.bottom, target.bottom) - Math.max(own.top, target.top);
      return { place, covered: Math.max(0, wide) * Math.max(0, high) };
    });
    places.sort((one, other) => one.covered - other.covered);
    panel.className = `panel ${places[0]?.place ?? ""}`;
  }
}
