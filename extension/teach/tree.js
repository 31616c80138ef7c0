/** A page as its reader meets it: texts and elements, through open shadow roots. */

import { letters, SIGN } from "./words.js";

const UNREAD = new Set(["script", "style", "noscript", "template", "textarea", "input", "select", "svg", "head"]);
/** Elements that are parts of a text rather than the whole of an answer. */
export const PROSE = /^(p|span|em|strong|b|i|code|pre|li|ul|ol|h[1-6]|blockquote|table|tbody|tr|td|br|a)$/;

/**
 * The text of an element, through open shadow roots.
 * @param {Element} element
 * @param {(element: Element) => boolean} [ignored]
 */
export function textOf(element, ignored = () => false) {
  return piecesOf(element, ignored)
    .map(({ text }) => text)
    .join(" ");
}

/** What is not read of an answer either. @param {Element} element */
function isUnread(element) {
  return UNREAD.has(element.localName) || element.matches("[aria-hidden=true]");
}

/**
 * @param {Element} element
 * @param {(element: Element) => boolean} ignored
 * @returns {{element: Element, text: string}[]}
 */
export function piecesOf(element, ignored) {
  if (isUnread(element) || ignored(element)) return [];
  const nodes = [...(element.shadowRoot?.childNodes ?? []), ...element.childNodes];
  return nodes.flatMap((node) => {
    if (node.nodeType === 3) return node.nodeValue?.trim() ? [{ element, text: node.nodeValue }] : [];
    return node.nodeType === 1 ? piecesOf(/** @type {Element} */ (node), ignored) : [];
  });
}

/**
 * @param {Element} element
 * @param {(element: Element) => boolean} ignored
 * @returns {Generator<Element, void, void>}
 */
export function* elementsOf(element, ignored) {
  if (isUnread(element) || ignored(element)) return;
  yield element;
  for (const child of childrenOf(element)) yield* elementsOf(child, ignored);
}

/**
 * All that a selector finds, in open shadow roots too.
 * @param {Document} document
 * @param {string} css
 * @returns {Element[]}
 */
export function everywhere(document, css) {
  return [document, ...rootsOf(document)].flatMap((root) => [...root.querySelectorAll(css)]);
}

/**
 * @param {Document | ShadowRoot | Element} root
 * @returns {ShadowRoot[]}
 */
export function rootsOf(root) {
  const own = "shadowRoot" in root && root.shadowRoot ? [root.shadowRoot] : [];
  const below = [...root.querySelectorAll("*")].flatMap(({ shadowRoot }) => shadowRoot ?? []);
  return [...own, ...below].flatMap((each) => [each, ...rootsOf(each)]);
}

/** @param {Element} element */
export function parentOf(element) {
  const root = element.getRootNode();
  return element.parentElement ?? ("host" in root ? /** @type {ShadowRoot} */ (root).host : null);
}

/**
 * @param {Element} outer
 * @param {Element} inner
 */
export function holds(outer, inner) {
  for (let each = /** @type {Element | null} */ (inner); each; each = parentOf(each)) if (each === outer) return true;
  return false;
}

/** What stands directly in an element. @param {Element} element */
export function childrenOf(element) {
  return [...(element.shadowRoot?.children ?? []), ...element.children];
}

/**
 * The smallest that holds them all.
 * @param {Element[]} elements
 */
export function common(elements) {
  const [first] = elements;
  /** @type {Element | null} */
  let found = first ?? null;
  while (found && !elements.every((each) => holds(/** @type {Element} */ (found), each))) found = parentOf(found);
  return found;
}

/**
 * The parts of an element that hold most of its text, one in the other, down to the parts of a text.
 * @param {Element} element
 * @returns {Element[]}
 */
export function coresOf(element) {
  const [text, ...texts] = [element, ...childrenOf(element)].map((each) => textOf(each));
  const most = (/** @type {string} */ each) => letters(each).length * 2 > letters(text ?? "").length && each.includes(SIGN) === text?.includes(SIGN);
  const core = childrenOf(element)[texts.findIndex(most)];
  return core && !PROSE.test(core.localName) ? [core, ...coresOf(core)] : [];
}
