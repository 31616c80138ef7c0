/** What shows, besides a button, that a page is writing: something that turns, a bar, a class of what is being written. */

import { all, visible } from "../bridge/site/dom/select.js";
import { isGenerated } from "./words.js";

const SIGNS = '[aria-busy="true"], [role="progressbar"], progress, [class]';
const CLASS = /spinner|loading|loader|typing|progress|busy|generating|streaming/i;
/** The last words and the end of the sign are not told at the same moment. */
const SLACK_MS = 300;

/** Watches the signs of one page from before a message is sent. */
export class Signs {
  #document;
  #ignored;
  /** @type {Set<string>} */ #before;
  /** When each was seen last, and how often. @type {Map<string, {at: number, times: number}>} */ #seen = new Map();

  /**
   * @param {Document} document
   * @param {(element: Element) => boolean} ignored
   */
  constructor(document, ignored) {
    this.#document = document;
    this.#ignored = ignored;
    this.#before = new Set(this.#shown());
  }

  /** Look at the page. */
  look() {
    for (const css of this.#shown()) {
      if (!this.#before.has(css)) this.#seen.set(css, { at: Date.now(), times: (this.#seen.get(css)?.times ?? 0) + 1 });
    }
  }

  /**
   * A selector of what was there until the answer was whole, and is not any more. What goes with the first words would
   * tell an end that is none.
   * @param {number} changed  when the answer last changed
   * @returns {string | undefined}
   */
  lasting(changed) {
    const now = new Set(this.#shown());
    return [...this.#seen].find(([css, { at, times }]) => times > 1 && at >= changed - SLACK_MS && !now.has(css))?.[0];
  }

  #shown() {
    const found = all(this.#document, SIGNS).flatMap((element) => {
      const selectors = selectorsOf(element);
      return selectors.length && visible(element) && !this.#ignored(element) ? selectors : [];
    });
    return [...new Set(found)];
  }
}

/** @param {Element} element */
function selectorsOf(element) {
  const classes = [...element.classList].filter((name) => CLASS.test(name) && /^[a-z][\w-]*$/i.test(name) && !isGenerated(name));
  return [
    ...(element.getAttribute("aria-busy") === "true" ? ['[aria-busy="true"]'] : []),
    ...(element.getAttribute("role") === "progressbar" ? ['[role="progressbar"]'] : []),
    ...(element.localName === "progress" ? ["progress"] : []),
    ...classes.map((name) => `.${name}`),
  ];
}
