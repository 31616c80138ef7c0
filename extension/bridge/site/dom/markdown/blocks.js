/** Blocks of an answer, one below the other: paragraphs, headings, lists, quotes, code, tables. */

import { CODE, codeBlock, labelled } from "./code.js";
import { inline } from "./inline.js";
import { formula } from "./math.js";
import { tableText } from "./table.js";
import { children, isBlock, isElement } from "./tree.js";

/** @typedef {import("./tree.js").View} View */

const LIST = /^([-*+]|\d+\.) /;

/**
 * The Markdown of what is below `parent`.
 * @param {Element} parent
 * @param {View} view
 */
export function blocksOf(parent, view) {
  return pieces(parent, view).join("\n\n");
}

/**
 * @param {Element} parent
 * @param {View} view
 * @returns {string[]}
 */
function pieces(parent, view) {
  /** @type {string[]} */
  const found = [];
  /** @type {Node[]} */
  let line = [];
  const paragraph = () => {
    found.push(inline(line, view));
    line = [];
  };
  for (const node of children(parent, view)) {
    if (isElement(node) && standsAlone(node)) {
      paragraph();
      found.push(remembered(node, view));
    } else line.push(node);
  }
  paragraph();
  return found.filter((piece) => piece !== "");
}

/** @param {Element} element */
function standsAlone(element) {
  return formula(element)?.block ?? (!element.matches("code, img, br") && isBlock(element));
}

/**
 * @param {Element} element
 * @param {View} view
 */
function remembered(element, view) {
  const known = view.cache.get(element);
  if (known !== undefined) return known;
  const text = block(element, view);
  view.cache.set(element, text);
  return text;
}

/**
 * @param {Element} element
 * @param {View} view
 * @returns {string}
 */
function block(element, view) {
  const name = element.localName;
  const math = formula(element);
  if (math) return math.text;
  if (element.matches(CODE)) return codeBlock(element, view);
  if (/^h[1-6]$/.test(name)) return heading(element, Number(name[1]), view);
  if (name === "hr") return "---";
  if (name === "ul" || name === "ol") return list(element, view);
  if (name === "table") return tableText(element, view);
  if (name === "blockquote") return prefixed(blocksOf(element, view), "> ", "> ");
  const code = labelled(element, view);
  return code ? codeBlock(code.code, view, code.label) : blocksOf(element, view);
}

/**
 * @param {Element} element
 * @param {number} level
 * @param {View} view
 */
function heading(element, level, view) {
  const text = blocksOf(element, view).replace(/\s*\n+\s*/g, " ");
  return text === "" ? "" : `${"#".repeat(level)} ${text}`;
}

/**
 * @param {Element} element
 * @param {View} view
 */
function list(element, view) {
  const items = children(element, view).filter(isElement);
  let number = Number(element.getAttribute("start") ?? 1);
  return items
    .map((item) => {
      if (item.matches("ul, ol")) return prefixed(remembered(item, view), "  ", "  ");
      if (item.hasAttribute("value")) number = Number(item.getAttribute("value"));
      const mark = element.localName === "ol" ? `${number++}. ` : "- ";
      return prefixed(rememberedItem(item, view), mark, " ".repeat(mark.length));
    })
    .join("\n");
}

/**
 * A list in an item follows its words at once; anything else stands apart.
 * @param {Element} item
 * @param {View} view
 */
function rememberedItem(item, view) {
  const known = view.cache.get(item);
  if (known !== undefined) return known;
  const parts = pieces(item, view);
  const text = parts.map((part, index) => (index === 0 ? "" : LIST.test(part) ? "\n" : "\n\n") + part).join("");
  view.cache.set(item, text);
  return text;
}

/**
 * @param {string} text
 * @param {string} first  before the first line
 * @param {string} other  before every other line
 */
function prefixed(text, first, other) {
  const lines = text.split("\n");
  return lines.map((line, index) => (index === 0 ? first + line : line === "" ? other.trimEnd() : other + line)).join("\n");
}
