/** The order in which a person reads elements: that of the document, unless a list is drawn from its end to its beginning. */

import { windowOf } from "./watch.js";

const FOLLOWING = 4;

/**
 * Elements of one list, as they are read.
 * @param {Element[]} elements  in the order of the document
 * @returns {Element[]}
 */
export function inOrder(elements) {
  const [first] = elements;
  const last = elements.at(-1);
  return first && last && first !== last && !follows(first, last) ? elements.toReversed() : elements;
}

/**
 * Whether one element is read after another, wherever in shadow roots the two are.
 * @param {Element} first
 * @param {Element} second
 */
export function follows(first, second) {
  const [ones, others] = [pathTo(first), pathTo(second)];
  const at = ones.findIndex((each, index) => each !== others[index]);
  const [one, other, around] = [ones[at], others[at], ones[at - 1]];
  if (!one || !other) return !one;
  return Boolean(one.compareDocumentPosition(other) & FOLLOWING) !== (around !== undefined && isReversed(around));
}

/** @param {Element} element */
function isReversed(element) {
  const { display, flexDirection } = windowOf(element.ownerDocument).getComputedStyle(element);
  return /flex$/.test(display) && flexDirection === "column-reverse";
}

/**
 * An element and all around it, through shadow roots, the outermost first.
 * @param {Element} element
 * @returns {Element[]}
 */
function pathTo(element) {
  const root = element.getRootNode();
  const around = element.parentElement ?? ("host" in root ? /** @type {ShadowRoot} */ (root).host : null);
  return around ? [...pathTo(around), element] : [element];
}
