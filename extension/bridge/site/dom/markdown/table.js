/** Tables, as pipes: a row of names, a row of lines that says how the columns stand, the rest. */

import { inline } from "./inline.js";
import { children, style } from "./tree.js";

/** @typedef {import("./tree.js").View} View */

const LINES = /** @type {Record<string, string>} */ ({ left: ":---", center: ":---:", right: "---:" });

/**
 * @param {Element} table
 * @param {View} view
 */
export function tableText(table, view) {
  const rows = [...table.querySelectorAll("tr")].filter((row) => row.closest("table") === table);
  const [head, ...body] = rows;
  if (!head) return "";
  const lines = cellsOf(head).map((cell) => LINES[alignment(cell)] ?? "---");
  return [rowText(head, view), `| ${lines.join(" | ")} |`, ...body.map((row) => rowText(row, view))].join("\n");
}

/** @param {Element} row */
function cellsOf(row) {
  return [...row.children].filter((cell) => cell.matches("td, th"));
}

/** @param {Element} cell */
function alignment(cell) {
  const said = cell.getAttribute("align") ?? /** @type {HTMLElement} */ (cell).style.textAlign;
  return said || (cell.matches("[class*=align]") ? (style(cell)?.textAlign ?? "") : "");
}

/**
 * @param {Element} row
 * @param {View} view
 */
function rowText(row, view) {
  const cells = cellsOf(row).map((cell) => inline(children(cell, view), view).replaceAll("|", "\\|").replace(/\n+/g, "<br>"));
  return `| ${cells.join(" | ")} |`;
}
