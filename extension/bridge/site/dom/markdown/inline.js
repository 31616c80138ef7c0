/**
 * Text within a line.
 *
 * Nothing is escaped: a page that shows `**bo` because it has not seen the end of `**bold**` yet then reads like the
 * Markdown it will become, and what a model wrote comes out as it wrote it.
 */

import { longestRun } from "./code.js";
import { formula } from "./math.js";
import { children, isText, keepsBlanks } from "./tree.js";

/** @typedef {import("./tree.js").View} View */

const MARKS = /** @type {Record<string, string>} */ ({ strong: "**", b: "**", em: "*", i: "*", del: "~~", s: "~~", strike: "~~" });
const KEPT_TAGS = ["sub", "sup"];
const EMOJI = /^(?:\p{Extended_Pictographic}|\p{Emoji_Modifier}|\p{Regional_Indicator}|\u200d|\ufe0f)+$/u;

/**
 * The Markdown of nodes that stand in one paragraph, without blanks around it.
 * @param {readonly Node[]} nodes
 * @param {View} view
 */
export function inline(nodes, view) {
  return nodes
    .map((node) => inlineNode(node, view))
    .join("")
    .trim();
}

/**
 * @param {Node} node
 * @param {View} view
 * @returns {string}
 */
function inlineNode(node, view) {
  return isText(node) ? textOf(node) : elementText(/** @type {Element} */ (node), view);
}

/** @param {Text} node */
function textOf(node) {
  const parent = node.parentElement ?? /** @type {ShadowRoot} */ (node.getRootNode()).host;
  if (parent && keepsBlanks(parent)) return node.data;
  const text = node.data.replace(/[ \t]*\n\s*/g, "\n").replace(/[ \t\f\r]+/g, " ");
  return node.previousSibling?.nodeName === "BR" ? text.trimStart() : text;
}

/**
 * @param {Element} element
 * @param {View} view
 */
function elementText(element, view) {
  const math = formula(element);
  if (math) return math.text;
  const name = element.localName;
  if (name === "br") return "\n";
  if (name === "img") return emoji(element);
  if (name === "input") return checkbox(element);
  if (name === "code") return codeSpan(element.textContent);
  const text = children(element, view)
    .map((node) => inlineNode(node, view))
    .join("");
  if (name === "a") return link(element, text);
  if (KEPT_TAGS.includes(name) && text !== "") return `<${name}>${text}</${name}>`;
  return around(text, MARKS[name] ?? "");
}

/** @param {Element} image */
function emoji(image) {
  const alternative = image.getAttribute("alt") ?? "";
  return EMOJI.test(alternative) ? alternative : "";
}

/** @param {Element} box */
function checkbox(box) {
  const gap = /^\s/.test(box.nextSibling?.textContent ?? "") ? "" : " ";
  return `${box.matches(":checked") ? "[x]" : "[ ]"}${gap}`;
}

/** @param {string} code */
function codeSpan(code) {
  if (code === "") return "";
  const ticks = "`".repeat(longestRun(code) + 1);
  const gap = /^`|`$/.test(code) ? " " : "";
  return `${ticks}${gap}${code}${gap}${ticks}`;
}

/**
 * @param {Element} anchor
 * @param {string} text
 */
function link(anchor, text) {
  const target = anchor.getAttribute("href") ?? "";
  const shown = text.trim();
  if (shown === "" || target === "" || /^(#|javascript:)/i.test(target)) return text;
  if (shown === target || `mailto:${shown}` === target) return text;
  const safe = /[\s()]/.test(target) ? `<${target}>` : target;
  return around(text, "[", `](${safe})`);
}

/**
 * Marks stand at the words, not at the blanks around them.
 * @param {string} text
 * @param {string} before
 * @param {string} [after]
 */
function around(text, before, after = before) {
  const words = text.trim();
  if (words === "" || before === "") return text;
  const start = text.indexOf(words);
  return `${text.slice(0, start)}${before}${words}${after}${text.slice(start + words.length)}`;
}
