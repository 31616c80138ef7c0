/** Which of the answers on a page are those to the message that was just sent. */

import { all } from "./select.js";

/** @typedef {import("./description.js").DomDescription} DomDescription */

const FOLLOWING = 4;

/**
 * The answers of one page, told apart by what was there before a message was sent.
 *
 * A page may add a node, swap a placeholder for one, draw the whole list anew, drop old ones from a long list, or write
 * every answer into the same place.
 */
export class Answers {
  #document;
  #dom;
  #read;
  /** @type {Set<Element>} */ #answers = new Set();
  /** @type {Set<Element>} */ #questions = new Set();
  #last = "";

  /**
   * @param {Document} document
   * @param {DomDescription} dom
   * @param {(answer: Element) => string} read
   */
  constructor(document, dom, read) {
    this.#document = document;
    this.#dom = dom;
    this.#read = read;
  }

  /** How many answers the page shows. */
  get count() {
    return this.#found().length;
  }

  /** Take what is on the page now for old. */
  remember() {
    const answers = this.#found();
    const last = answers.at(-1);
    this.#answers = new Set(answers);
    this.#questions = new Set(all(this.#document, this.#dom.question));
    this.#last = last ? this.#read(last) : "";
  }

  /**
   * The answers that have come since; usually one.
   * @returns {Element[]}
   */
  fresh() {
    const found = this.#found();
    const added = this.#added(found);
    // Where nothing tells questions from answers, the first that comes is the question.
    if (this.#dom.question === this.#dom.answer) return added.slice(1);
    if (this.#dom.question) return this.#afterQuestion(found);
    return added.length > 0 ? added : found.slice(-1).filter((answer) => this.#rewritten(answer));
  }

  /**
   * Whether the page shows a message that was not there.
   */
  asked() {
    return all(this.#document, this.#dom.question).some((question) => !this.#questions.has(question));
  }

  /** @param {Element[]} found */
  #added(found) {
    const lastKnown = found.findLastIndex((answer) => this.#answers.has(answer));
    const added = found.slice(lastKnown + 1);
    return lastKnown >= 0 && added.length > 0 ? added : found.slice(this.#answers.size);
  }

  /** @param {Element[]} found */
  #afterQuestion(found) {
    const question = all(this.#document, this.#dom.question).at(-1);
    if (!question || this.#questions.has(question)) return [];
    return found.filter((answer) => follows(question, answer));
  }

  /**
   * An old text that only grew is an old answer that the page has decorated.
   * @param {Element} answer
   */
  #rewritten(answer) {
    const text = this.#read(answer);
    return this.#last === "" ? text !== "" : text !== "" && !text.startsWith(this.#last);
  }

  /** Answers that are not inside another. */
  #found() {
    const found = all(this.#document, this.#dom.answer);
    return found.filter((answer) => !found.some((other) => other !== answer && other.contains(answer)));
  }
}

/**
 * Whether one element stands after another, wherever in shadow roots the two are.
 * @param {Element} first
 * @param {Element} second
 */
function follows(first, second) {
  const around = hostsOf(second);
  for (const one of hostsOf(first)) {
    const other = around.find((each) => each.getRootNode() === one.getRootNode());
    if (other) return Boolean(one.compareDocumentPosition(other) & FOLLOWING);
  }
  return false;
}

/**
 * An element, and the hosts of the shadow roots around it.
 * @param {Element} element
 * @returns {Element[]}
 */
function hostsOf(element) {
  const root = element.getRootNode();
  /** @type {Element[]} */
  const above = "host" in root ? hostsOf(/** @type {ShadowRoot} */ (root).host) : [];
  return [element, ...above];
}
