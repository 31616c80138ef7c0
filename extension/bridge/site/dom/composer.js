/**
 * Writing into the place where a person writes, and reading back what it holds.
 *
 * A `<textarea>` is set past the framework that controls it (React keeps its own setter on the element) and told by an
 * input event. Rich editors keep a document of their own: they get the text as typed, or else as pasted, and whether it
 * arrived is read off the page.
 */

import { AdapterError } from "../../adapter.js";
import { keepsBlanks } from "./markdown/tree.js";
import { pressKey } from "./press.js";
import { all, visible } from "./select.js";
import { windowOf } from "./watch.js";

/**
 * @typedef {import("./watch.js").Watch} Watch
 * @typedef {HTMLTextAreaElement | HTMLInputElement} Field
 * @typedef {(element: HTMLElement, text: string) => boolean} Writer  Whether the page may have taken it.
 */

const EDITABLE = "textarea, input:not([type]), input[type=text], input[type=search], [contenteditable]:not([contenteditable=false])";
const TAKES_MS = 1500;
const SETTLES_MS = 50;
/** Typing much into a rich editor takes its square of time: 200 kB half a minute. */
const LONG = 8000;
/** Sites turn what is longer into an attachment when it is pasted. */
const PASTED_AT_ONCE = 2000;
/** Beginnings, or last words, for which sites open a menu that would take the Enter. */
const OPENS_MENU = /^\s*[/@#]|(^|\s)[/@#:]\S*$/;
const LINE_SEPARATOR = "\u2028";
const INVISIBLE = /[\u200b\u200c\u2060\ufeff]/g;

/** The composer of a page, found anew whenever it is used: frameworks replace it. */
export class Composer {
  #document;
  #selector;
  #watch;
  #restore = () => {};

  /**
   * @param {Document} document
   * @param {string} selector
   * @param {Watch} watch
   */
  constructor(document, selector, watch) {
    this.#document = document;
    this.#selector = selector;
    this.#watch = watch;
  }

  /**
   * The element that takes text; null if the page has none to be seen.
   * @returns {HTMLElement | null}
   */
  find() {
    const found = all(this.#document, this.#selector).filter(visible);
    const fields = found.map((each) => (each.matches(EDITABLE) ? each : (each.querySelector(EDITABLE) ?? null)));
    return /** @type {HTMLElement | null} */ (fields.find((each) => each !== null) ?? null);
  }

  /**
   * Write `text` in place of what is there; it is certain to be there afterwards.
   * @param {string} text
   * @param {AbortSignal} signal
   */
  async write(text, signal) {
    const element = this.find();
    if (!element) throw new AdapterError("site_changed", "The composer is not on the page any more.");
    const wanted = fitting(element, text.replace(/\r\n?/g, "\n"));
    if (!isField(element)) this.#keepBlanks(element);
    for (const write of writersFor(element, wanted)) {
      if (!write(this.find() ?? element, wanted)) continue;
      if (await this.#took(wanted, signal)) return this.#closeMenu(wanted);
    }
    const found = this.text();
    this.clear();
    throw refused(wanted, found);
  }

  /** Leave nothing behind. */
  clear() {
    const element = this.find();
    if (element && isField(element)) setValue(element, "");
    else if (element) erase(element);
    this.release();
  }

  /** What was written has been taken, or is given up. */
  release() {
    this.#restore();
    this.#restore = () => {};
  }

  /** What is in it, as a person reads it. */
  text() {
    const element = this.find();
    if (!element) return "";
    return isField(element) ? element.value : element.innerText;
  }

  /**
   * Whether it holds `text`: to the letter in a plain field; rich editors may differ in blank lines and in the kind of
   * their blanks.
   * @param {string} text
   */
  holds(text) {
    const element = this.find();
    if (!element) return false;
    return isField(element) ? element.value === fitting(element, text) : plainly(element.innerText) === plainly(text);
  }

  /** @param {"Enter" | "Escape"} key */
  press(key) {
    const element = this.find();
    if (!element) return;
    element.focus();
    pressKey(element, key);
  }

  /**
   * A browser writes hard blanks into an editor that shows runs of blanks as one, and they would reach the model.
   * @param {HTMLElement} editor
   */
  #keepBlanks(editor) {
    this.release();
    if (keepsBlanks(editor)) return;
    const before = editor.style.whiteSpace;
    editor.style.whiteSpace = "pre-wrap";
    this.#restore = () => void (editor.style.whiteSpace = before);
  }

  /**
   * Editors draw anew what they did not expect, a moment later.
   * @param {string} text
   * @param {AbortSignal} signal
   */
  async #took(text, signal) {
    if (!(await this.#watch.until(() => this.holds(text), { ms: TAKES_MS, signal }))) return false;
    const element = this.find();
    if (element && !isField(element)) await this.#watch.still(element, { ms: SETTLES_MS, atMost: TAKES_MS, signal });
    return this.holds(text);
  }

  /** @param {string} text */
  #closeMenu(text) {
    if (OPENS_MENU.test(text)) this.press("Escape");
  }
}

/**
 * @param {Element} element
 * @returns {element is Field}
 */
function isField(element) {
  return element.localName === "textarea" || element.localName === "input";
}

/**
 * What `element` can hold of `text`. A field for one line drops line feeds, and would join the words around them; the
 * separator of lines that Unicode has stays in it: https://html.spec.whatwg.org/multipage/input.html#text-(type=text)-state-and-search-state-(type=search)
 * @param {Element} element
 * @param {string} text
 */
function fitting(element, text) {
  return element.localName === "input" ? text.replaceAll("\n", LINE_SEPARATOR) : text;
}

/** @param {string} text */
function plainly(text) {
  const lines = text.replace(INVISIBLE, "").split("\n");
  return lines
    .map((line) => line.replace(/[^\S\n]+/g, " ").trimEnd())
    .filter(Boolean)
    .join("\n")
    .trim();
}

/**
 * The ways to write, best first.
 * @param {HTMLElement} element
 * @param {string} text
 * @returns {Writer[]}
 */
function writersFor(element, text) {
  if (isField(element)) return [setValue];
  return text.length > LONG ? [pasteIn, insertFlat, typeIn, typeLines] : [typeIn, pasteIn, typeLines];
}

/** @type {Writer} */
function setValue(element, text) {
  const { InputEvent, Event, HTMLInputElement, HTMLTextAreaElement } = windowOf(element.ownerDocument);
  const { prototype } = element.localName === "input" ? HTMLInputElement : HTMLTextAreaElement;
  element.focus();
  Object.getOwnPropertyDescriptor(prototype, "value")?.set?.call(element, text);
  element.dispatchEvent(new InputEvent("input", { bubbles: true, composed: true, inputType: "insertText", data: text }));
  element.dispatchEvent(new Event("change", { bubbles: true }));
  return true;
}

/** @param {HTMLElement} editor */
function erase(editor) {
  selectAll(editor);
  editor.ownerDocument.execCommand("delete");
}

/** @param {HTMLElement} editor */
function selectAll(editor) {
  editor.focus();
  editor.ownerDocument.execCommand("selectAll");
}

/** As if typed in one go. @type {Writer} */
function typeIn(editor, text) {
  selectAll(editor);
  return editor.ownerDocument.execCommand("insertText", false, text);
}

/** Most rich editors read a pasted text themselves; a bare one takes nothing from a script. @type {Writer} */
function pasteIn(editor, text) {
  const { DataTransfer, ClipboardEvent } = windowOf(editor.ownerDocument);
  erase(editor);
  for (let at = 0; at < text.length; at += PASTED_AT_ONCE) {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", text.slice(at, at + PASTED_AT_ONCE));
    const init = { clipboardData, bubbles: true, cancelable: true, composed: true };
    if (editor.dispatchEvent(new ClipboardEvent("paste", init))) return false;
  }
  return true;
}

/** As one piece of text that keeps its line breaks. Pages may forbid it (Trusted Types). @type {Writer} */
function insertFlat(editor, text) {
  const html = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  selectAll(editor);
  try {
    return editor.ownerDocument.execCommand("insertHTML", false, `<span style="white-space: pre-wrap">${html}</span>`);
  } catch {
    return false;
  }
}

/** Line by line, for editors that lose line breaks of a longer text. @type {Writer} */
function typeLines(editor, text) {
  erase(editor);
  text.split("\n").forEach((line, index) => {
    if (index > 0) editor.ownerDocument.execCommand("insertLineBreak");
    if (line) editor.ownerDocument.execCommand("insertText", false, line);
  });
  return true;
}

/**
 * @param {string} wanted
 * @param {string} found
 */
function refused(wanted, found) {
  const [want, have] = [plainly(wanted), plainly(found)];
  const numbers = `${have.length} of ${want.length} characters`;
  if (have !== "" && want.startsWith(have))
    return new AdapterError("context_length_exceeded", `The composer of the site took ${numbers}.`);
  const at = [...want].findIndex((character, index) => character !== have[index]);
  return new AdapterError(
    "site_changed",
    `The composer did not take the prompt: it holds ${numbers}, and differs from character ${Math.max(at, 0)} on.`,
  );
}
