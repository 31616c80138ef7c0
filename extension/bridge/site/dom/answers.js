/** Which of the answers on a page are those to the message that was just sent. */

import { follows, inOrder } from "./order.js";
import { all } from "./select.js";

/** @typedef {import("./description.js").DomDescription} DomDescription */

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
  /** With the text of each. @type {Map<Element, string | null>} */ #answers = new Map();
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

  /** Whether nothing was said yet. A page may greet, and have more that looks like an answer: a question tells better. */
  get none() {
    const { question, answer } = this.#dom;
    if (question && question !== answer) return all(this.#document, question).length === 0;
    return this.#found().length === 0;
  }

  /** Take what is on the page now for old. */
  remember() {
    const answers = this.#found();
    const last = answers.at(-1);
    this.#answers = new Map(answers.map((answer) => [answer, answer.textContent]));
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
    if (lastKnown < 0) return found.slice(this.#answers.size);
    if (added.length > 0) return added;
    // Something that only looks like an answer may stand below them all.
    const more = found.length - this.#answers.size;
    return more > 0 ? found.filter((answer) => !this.#answers.has(answer)).slice(-more) : [];
  }

  /** @param {Element[]} found */
  #afterQuestion(found) {
    const question = inOrder(all(this.#document, this.#dom.question)).at(-1);
    if (!question || this.#questions.has(question)) return [];
    return found.filter((answer) => follows(question, answer) && !this.#isBelow(answer));
  }

  /**
   * Whether it was there before and is as it was, such as a footer that only looks like an answer.
   * @param {Element} answer
   */
  #isBelow(answer) {
    const text = this.#answers.get(answer);
    return text !== undefined && text === answer.textContent && answer.shadowRoot === null;
  }

  /**
   * An old text that only grew is an old answer that the page has decorated.
   * @param {Element} answer
   */
  #rewritten(answer) {
    const text = this.#read(answer);
    return this.#last === "" ? text !== "" : text !== "" && !text.startsWith(this.#last);
  }

  /** Answers that are not inside another, the newest last. */
  #found() {
    const found = all(this.#document, this.#dom.answer);
    return inOrder(found.filter((answer) => !found.some((other) => other !== answer && other.contains(answer))));
  }
}
