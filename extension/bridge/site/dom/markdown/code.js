/** Code blocks: the text without line numbers and buttons, and the language from wherever the page keeps it. */

import { NEVER_TEXT, children, isElement, isText } from "./tree.js";

/** @typedef {import("./tree.js").View} View */

const LINE_NUMBER = "[class*=line-number i], [class*=linenumber i], [class*=lineno i], [data-line-number]:empty";
const LINES = "div, p, li, tr, [class=line], [class~=code-line], [class~=cm-line]";
const LANGUAGE = /(?:^|\s)(?:(?:language|lang)-|hljs\s+(?!language-|lang-))([\w+#.-]+)/;
const LABEL = /^[A-Za-z][\w+#.-]{0,19}$/;
/** What an editor that shows code, and takes no text, makes of a code block. */
export const CODE = "pre, .cm-content";

/**
 * @param {Element} element  one that matches {@link CODE}
 * @param {View} view
 * @param {string} [label]  what stands above the code
 */
export function codeBlock(element, view, label = "") {
  const codes = element.querySelectorAll("code");
  const code = (codes.length === 1 && codes[0]) || element;
  const text = codeText(code, view).replace(/\n$/, "");
  const fence = "`".repeat(Math.max(3, longestRun(text) + 1));
  return `${fence}${languageOf(element, code) || label}\n${text}\n${fence}`;
}

/**
 * The one word above a code block that names its language, if that is all that `element` holds besides the block.
 * @param {Element} element
 * @param {View} view
 * @returns {{label: string, code: Element} | null}
 */
export function labelled(element, view) {
  const parts = children(element, view).filter((node) => (node.textContent ?? "").trim() !== "");
  const [head, body] = parts;
  if (parts.length !== 2 || !head || !body || !isElement(body)) return null;
  const code = body.matches(CODE) ? body : body.querySelector(CODE);
  const label = isElement(head) ? visibleText(head, view) : (head.textContent ?? "").trim();
  if (!code || !LABEL.test(label) || visibleText(body, view) !== visibleText(code, view)) return null;
  return { label, code };
}

/** @param {string} text */
export function longestRun(text) {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map(({ length }) => length));
}

/**
 * @param {Element} block
 * @param {Element} code
 */
function languageOf(block, code) {
  for (const element of [code, block, block.parentElement]) {
    const named = element?.getAttribute("data-language") ?? element?.getAttribute("data-lang");
    const found = named ?? LANGUAGE.exec(element?.getAttribute("class") ?? "")?.[1];
    if (found && !/^(plain|text|plaintext|none)$/i.test(found)) return found;
  }
  return "";
}

/**
 * Highlighting makes thousands of elements: where none of them says otherwise, their text is taken at once.
 * @param {Element} code
 * @param {View} view
 */
function codeText(code, view) {
  const special = [NEVER_TEXT, LINE_NUMBER, LINES, "br", view.ignore].filter(Boolean).join(", ");
  return code.querySelector(special) === null ? code.textContent : linesOf(code, view);
}

/**
 * @param {Element} parent
 * @param {View} view
 * @returns {string}
 */
function linesOf(parent, view) {
  let text = "";
  let open = false;
  for (const node of children(parent, view)) {
    const piece = pieceOf(node, view);
    const line = isElement(node) && node.matches(LINES);
    if ((line && text !== "" && !text.endsWith("\n") && !open) || (open && !(isText(node) && /^\n|^$/.test(piece)))) text += "\n";
    text += piece;
    open = line && !piece.endsWith("\n");
  }
  return text;
}

/**
 * @param {Node} node
 * @param {View} view
 */
function pieceOf(node, view) {
  if (!isElement(node)) return node.textContent ?? "";
  if (node.localName === "br") return "\n";
  return node.matches(LINE_NUMBER) ? "" : linesOf(node, view);
}

/**
 * @param {Element} element
 * @param {View} view
 * @returns {string}
 */
function visibleText(element, view) {
  return children(element, view)
    .map((node) => (isElement(node) ? visibleText(node, view) : (node.textContent ?? "")))
    .join("")
    .trim();
}
