/** Walking a rendered answer as a person sees it: through shadow roots and slots, past buttons and hidden copies. */

/**
 * @typedef {object} View  How one answer is looked at.
 * @property {string} ignore  What is not part of the text, as CSS; empty for nothing.
 * @property {(root: ShadowRoot) => void} onshadow  Hears of every shadow root on the way.
 * @property {Map<Element, string>} cache  The Markdown of blocks that did not change.
 */

const ELEMENT = 1;
const TEXT = 3;
/** What is pressed or drawn, and copies for other eyes. */
export const NEVER_TEXT =
  "button, [role=button], [role=toolbar], [role=tooltip], [role=menu], [aria-hidden=true], [hidden], script, style, template, " +
  "noscript, svg, canvas, video, audio, iframe, object, select, option, textarea, input:not([type=checkbox])";
const BLOCKS =
  "address, article, aside, blockquote, center, dd, details, dialog, div, dl, dt, fieldset, figcaption, figure, footer, form, " +
  "h1, h2, h3, h4, h5, h6, header, hr, li, main, nav, ol, p, pre, section, summary, table, tbody, td, th, tr, ul";

/**
 * @param {Node} node
 * @returns {node is Element}
 */
export function isElement(node) {
  return node.nodeType === ELEMENT;
}

/**
 * @param {Node} node
 * @returns {node is Text}
 */
export function isText(node) {
  return node.nodeType === TEXT;
}

/**
 * The nodes below `parent` that a person sees below it.
 * @param {Element} parent
 * @param {View} view
 * @returns {Node[]}
 */
export function children(parent, view) {
  const { shadowRoot } = parent;
  if (shadowRoot) view.onshadow(shadowRoot);
  const slotted = parent.localName === "slot" ? /** @type {HTMLSlotElement} */ (parent).assignedNodes() : [];
  const nodes = slotted.length > 0 ? slotted : (shadowRoot ?? parent).childNodes;
  return [...nodes].filter((node) => isText(node) || (isElement(node) && !skipped(node, view)));
}

/**
 * @param {Element} element
 * @param {View} view
 */
export function skipped(element, { ignore }) {
  if (element.matches(NEVER_TEXT) && !element.matches(".katex *, mjx-container *")) return true;
  if (ignore !== "" && element.matches(ignore)) return true;
  return style(element)?.display === "none";
}

/**
 * Whether it stands on lines of its own.
 * @param {Element} element
 */
export function isBlock(element) {
  if (element.matches(BLOCKS) || (element.shadowRoot ?? element).querySelector(BLOCKS) !== null) return true;
  const display = element.localName.includes("-") || element.shadowRoot ? style(element)?.display : undefined;
  return display !== undefined && display !== "" && !/^(inline|contents)/.test(display);
}

/**
 * Whether line breaks and blanks in the source are shown.
 * @param {Element} element
 */
export function keepsBlanks(element) {
  return /^(pre|break-spaces)/.test(style(element)?.whiteSpace ?? "");
}

/** @param {Element} element */
export function style(element) {
  return element.ownerDocument.defaultView?.getComputedStyle(element);
}
