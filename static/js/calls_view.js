/**
 * The table of the last calls. A row lives as long as its call is shown, so a painting changes only what changed.
 */

import { glance } from "./calls.js";
import { byId, setText, setTextOf, show } from "./dom.js";

/**
 * @typedef {import("./calls.js").CallWords} CallWords
 *
 * @typedef {object} Row
 * @property {HTMLTableRowElement} row
 * @property {HTMLElement} model
 * @property {HTMLElement} word
 * @property {HTMLElement} message
 * @property {HTMLElement} parts
 * @property {HTMLElement} tokens
 * @property {HTMLElement} time
 */

export class CallsView {
  constructor() {
    this.body = byId("calls-rows", HTMLElement);
    /** @type {Map<string, Row>} */
    this.rows = new Map();
  }

  /**
   * @param {readonly CallWords[]} calls Newest first.
   * @param {number} running
   */
  paint(calls, running) {
    show("calls", calls.length > 0);
    show("calls-empty", calls.length === 0);
    const { now, last } = glance(calls, running);
    setTextOf("now-running", now);
    setTextOf("now-last", last);
    this.#removeOthers(new Set(calls.map(({ key }) => key)));
    calls.forEach((words, at) => {
      const row = this.#rowOf(words.key);
      fill(row, words);
      if (this.body.children[at] !== row.row) this.body.insertBefore(row.row, this.body.children[at] ?? null);
    });
  }

  /** @param {Set<string>} kept */
  #removeOthers(kept) {
    for (const [key, { row }] of this.rows) {
      if (kept.has(key)) continue;
      row.remove();
      this.rows.delete(key);
    }
  }

  /** @param {string} key */
  #rowOf(key) {
    const known = this.rows.get(key);
    if (known !== undefined) return known;
    const made = makeRow();
    this.rows.set(key, made);
    return made;
  }
}

/** @returns {Row} */
function makeRow() {
  const row = document.createElement("tr");
  row.setAttribute("role", "row");
  const cell = () => {
    const made = row.insertCell();
    made.setAttribute("role", "cell");
    return made;
  };
  const number = () => {
    const made = cell();
    made.className = "number";
    return made;
  };
  const model = cell();
  const state = cell();
  const word = state.appendChild(document.createElement("span"));
  word.className = "call-state";
  const message = state.appendChild(document.createElement("p"));
  message.className = "muted small";
  return { row, model, word, message, parts: number(), tokens: number(), time: number() };
}

/**
 * @param {Row} row
 * @param {CallWords} words
 */
function fill(row, words) {
  row.row.dataset["state"] = words.state;
  setText(row.model, words.model);
  setText(row.word, words.word);
  setText(row.message, words.message);
  row.message.hidden = words.message === "";
  setText(row.parts, words.parts);
  setText(row.tokens, words.tokens);
  // Shown where a small window has no headings.
  row.parts.dataset["unit"] = words.partsUnit;
  row.tokens.dataset["unit"] = words.tokensUnit;
  setText(row.time, words.time);
}
