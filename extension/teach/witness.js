/**
 * What a page does while it answers: its text before and after, the elements that hold what is new, and the buttons
 * that are there only meanwhile.
 */

import { enabled, visible } from "../bridge/site/dom/select.js";
import { windowOf } from "../bridge/site/dom/watch.js";
import { allSelectorsOf } from "./selector.js";
import { Signs } from "./signs.js";
import { childrenOf, common, elementsOf, everywhere, holds, parentOf, piecesOf, PROSE, rootsOf, textOf } from "./tree.js";
import { letters, SIGN } from "./words.js";

/** @typedef {{element: Element, label: string, selectors: string[], seen: number, pressable: boolean}} Passing */

/** What stands beside an answer in its frame: a name, a time, a picture made of letters. */
const LABELS = 40;
const BUTTONS = "button, [role=button], input[type=button], input[type=submit]";
const SAMPLE_MS = 100;
const STOPS = /stop|cancel|halt|abort|interrupt|pause|anhalten|abbrechen|arr[êe]t|detener/i;
const EVERYTHING = { subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ["class", "style", "hidden", "aria-label", "disabled"] };

/** Watches one page from before a message is sent until its answer is there. */
export class Witness {
  #document;
  #ignored;
  #observer;
  /** @type {Set<Node>} */ #roots = new Set();
  /** @type {Map<string, Passing>} */ #buttons = new Map();
  /** @type {Set<string>} */ #known;
  #signs;
  #sampled = 0;
  #length = 0;
  /** The letters of the page before. */
  before;
  /** When the page's text last changed. */
  changed = Date.now();

  /**
   * @param {Document} document
   * @param {(element: Element) => boolean} ignored  what is not the page's, or the place where a person writes
   */
  constructor(document, ignored) {
    this.#document = document;
    this.#ignored = ignored;
    this.before = letters(this.text());
    this.#length = this.before.length;
    this.#known = new Set(this.#shownButtons().map(keyOf));
    this.#signs = new Signs(document, ignored);
    const { MutationObserver } = windowOf(document);
    this.#observer = new MutationObserver((records) => this.#look(records));
    this.#watch(document);
    for (const root of rootsOf(document)) this.#watch(root);
  }

  close() {
    this.#observer.disconnect();
  }

  /** What the page says now. */
  text() {
    return textOf(this.#document.documentElement, this.#ignored);
  }

  /** Whether there is text that was not there before, apart from what was asked. @param {string} prompt */
  hasNews(prompt) {
    return this.news(prompt).length > 0;
  }

  /**
   * The pieces of text that are new, each with the element it stands in.
   * @param {string} prompt
   * @returns {{element: Element, text: string}[]}
   */
  news(prompt) {
    const asked = letters(prompt);
    return piecesOf(this.#document.documentElement, this.#ignored).filter(({ text, element }) => {
      const found = letters(text);
      return found !== "" && !this.before.includes(found) && !asked.includes(found) && element.closest("button, [role=button], nav, [role=menu], [role=tooltip]") === null;
    });
  }

  /**
   * The elements that hold this text and nothing else, the innermost first; of several places the last. If there are
   * none, the smallest that holds it among other things.
   * @param {string} text
   * @returns {Element[]}
   */
  holders(text) {
    const wanted = letters(text);
    if (wanted === "") return [];
    /** @type {Element[]} */
    let found = [];
    /** @type {Element[]} */
    let around = [];
    for (const element of elementsOf(this.#document.documentElement, this.#ignored)) {
      const own = letters(textOf(element, this.#ignored));
      if (own === wanted) found = found.some((each) => holds(each, element)) ? [element, ...found] : [element];
      else if (own.includes(wanted)) around = [element];
    }
    return found.length ? found : around;
  }

  /**
   * What seems to be the answer: most of the new text, as far out as it stands without the question.
   * @param {string} prompt
   * @returns {Element | null}
   */
  guess(prompt) {
    const question = this.holders(prompt).at(-1);
    /** @type {Map<Element, {length: number, pieces: Element[]}>} */
    const places = new Map();
    for (const { element, text } of this.news(prompt)) {
      const place = this.#place(element, question);
      const known = places.get(place) ?? { length: 0, pieces: [] };
      known.length += letters(text).length;
      known.pieces.push(element);
      places.set(place, known);
    }
    const best = [...places.values()].sort((one, other) => other.length - one.length)[0];
    return best ? this.#without(best.pieces) : null;
  }

  /**
   * The whole of what a part stands in: all that is new around it, without the question.
   * @param {Element} part
   * @param {string} prompt
   * @returns {Element}
   */
  around(part, prompt) {
    const place = this.#place(part, this.holders(prompt).at(-1));
    const pieces = this.news(prompt).filter(({ element }) => holds(place, element));
    return this.#without([part, ...pieces.map(({ element }) => element)], part) ?? part;
  }

  /**
   * What holds these pieces, but for the labels beside them.
   * @param {Element[]} pieces
   * @param {Element} [part]  what is no label
   */
  #without(pieces, part) {
    let whole = common(pieces);
    for (;;) {
      const inner = whole && childrenOf(whole).find((each) => isBody(each, pieces, this.#ignored) && (!part || holds(each, part)));
      if (!inner) return whole;
      whole = common(pieces.filter((each) => holds(inner, each)));
    }
  }

  /**
   * @param {Element} element
   * @param {Element | undefined} question
   */
  #place(element, question) {
    let place = element;
    for (let above = parentOf(place); above && !stops(above, question, this.#ignored); above = parentOf(place)) place = above;
    return place;
  }

  /** The buttons that could be pressed only while the page answered, the likeliest stop button first. */
  passing() {
    const gone = this.#gone().filter(({ pressable }) => pressable);
    const likely = gone.filter(({ label }) => STOPS.test(label));
    return likely.length ? likely : gone.length === 1 ? gone : [];
  }

  /** The buttons that rested meanwhile. */
  resting() {
    return this.#gone().filter(({ pressable }) => !pressable);
  }

  #gone() {
    const now = new Set(this.#shownButtons().map(keyOf));
    return [...this.#buttons].filter(([key, { seen }]) => !now.has(key) && seen > 1).map(([, button]) => button);
  }

  /** What else shows that the page is writing, until the end of the answer. */
  writing() {
    return this.#signs.lasting(this.changed);
  }

  /** @param {MutationRecord[]} records */
  #look(records) {
    for (const { addedNodes, target } of records) {
      if (this.#own(target)) continue;
      for (const node of addedNodes) {
        if (node.nodeType === 1) for (const root of rootsOf(/** @type {Element} */ (node))) this.#watch(root);
      }
    }
    if (records.every(({ target }) => this.#own(target))) return;
    if (records.some(({ type }) => type !== "attributes")) this.#measure();
    const now = Date.now();
    if (now - this.#sampled < SAMPLE_MS) return;
    this.#sampled = now;
    this.#lookAround();
  }

  /** Look at the page; also to be called now and then, for what nobody tells: looks, and shadow roots that came late. */
  sample() {
    for (const root of rootsOf(this.#document)) this.#watch(root);
    this.#measure();
    this.#lookAround();
  }

  #measure() {
    const { length } = this.text();
    if (length !== this.#length) this.changed = Date.now();
    this.#length = length;
  }

  #lookAround() {
    this.#signs.look();
    for (const element of this.#shownButtons()) {
      const key = keyOf(element);
      if (this.#known.has(key)) continue;
      const known = this.#buttons.get(key);
      const pressable = enabled(element);
      if (!known) this.#buttons.set(key, { element, label: labelOf(element), selectors: allSelectorsOf(element), seen: 1, pressable });
      else [known.seen, known.pressable] = [known.seen + 1, known.pressable || pressable];
    }
  }

  #shownButtons() {
    return everywhere(this.#document, BUTTONS).filter((button) => !this.#ignored(button) && visible(button));
  }

  /** @param {Node} root */
  #watch(root) {
    if (this.#roots.has(root)) return;
    this.#roots.add(root);
    this.#observer.observe(root, EVERYTHING);
  }

  /** @param {Node} node */
  #own(node) {
    const element = node.nodeType === 1 ? /** @type {Element} */ (node) : node.parentElement;
    return element !== null && this.#ignored(element);
  }
}

/**
 * @param {Element} element
 * @param {Element | undefined} question
 * @param {(element: Element) => boolean} ignored
 */
function stops(element, question, ignored) {
  if (/^(body|html|main)$/.test(element.localName) || (question && holds(element, question))) return true;
  return [...element.querySelectorAll("textarea, [contenteditable]")].some(ignored);
}

/**
 * Whether an element has all of some pieces but labels. The sign that test messages ask for is none.
 * @param {Element} element
 * @param {Element[]} pieces
 * @param {(element: Element) => boolean} ignored
 */
function isBody(element, pieces, ignored) {
  if (PROSE.test(element.localName)) return false;
  const outside = pieces.filter((each) => !holds(element, each));
  if (outside.length === 0 || outside.length === pieces.length) return false;
  const beside = [...(element.parentNode?.children ?? [])].filter((each) => outside.some((piece) => holds(each, piece)));
  if (beside.some((each) => each.localName === element.localName && each.className === element.className)) return false;
  const labels = outside.map((each) => textOf(each, ignored)).join("");
  return labels.length <= LABELS && !labels.includes(SIGN) && labels.length < textOf(element, ignored).length;
}

/** @type {WeakMap<Element, number>} */
const numbers = new WeakMap();
let last = 0;

/** A button whose words or picture change is another button to a person. @param {Element} element */
function keyOf(element) {
  if (!numbers.has(element)) numbers.set(element, (last += 1));
  return `${numbers.get(element)} ${labelOf(element)}`;
}

/** @param {Element} element */
function labelOf(element) {
  const said = ["aria-label", "title", "data-testid", "class", "id"].map((name) => element.getAttribute(name) ?? "");
  return [(element.textContent ?? "").trim().slice(0, 60), ...said].join(" ");
}
