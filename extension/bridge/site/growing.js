/**
 * A text that a site tells piece by piece, or again and again as far as it has come.
 */

import { AdapterError } from "../adapter.js";

/** @typedef {{type: "text" | "reasoning", text: string}} TextPiece */

/** Turns what a site says of one text into pieces that follow each other. */
export class GrowingText {
  /** @type {TextPiece["type"]} */ #type;
  /** @type {"delta" | "cumulative" | "final"} */ #mode;
  #hold;
  #sent = "";
  #last = "";

  /**
   * @param {TextPiece["type"]} type
   * @param {"delta" | "cumulative" | "final"} mode
   * @param {number} [hold]  how many characters at the end may still be rewritten
   */
  constructor(type, mode, hold = 0) {
    this.#type = type;
    this.#mode = mode;
    this.#hold = hold;
  }

  /**
   * @param {string | undefined} text
   * @returns {TextPiece[]}
   */
  feed(text) {
    if (text === undefined) return [];
    if (this.#mode === "delta") return this.#piece(text);
    this.#last = text;
    return this.#mode === "cumulative" ? this.#grow(text.slice(0, Math.max(0, text.length - this.#hold))) : [];
  }

  /**
   * @returns {TextPiece[]}
   * @throws {AdapterError}  if the site took back what was passed on
   */
  end() {
    if (this.#mode === "delta") return [];
    if (this.#last.startsWith(this.#sent)) return this.#grow(this.#last);
    throw new AdapterError(
      "upstream",
      'The site rewrote text that was already passed on; its description needs a larger "hold", or "mode": "final".',
    );
  }

  /**
   * A text that does not go on from what was sent is waited out: mostly the next one does again.
   * @param {string} text
   */
  #grow(text) {
    // Half a character at the end is not yet text.
    const certain = /[\uD800-\uDBFF]$/.test(text) && text !== this.#last ? text.slice(0, -1) : text;
    if (!certain.startsWith(this.#sent)) return [];
    const piece = certain.slice(this.#sent.length);
    this.#sent = certain;
    return this.#piece(piece);
  }

  /** @param {string} text */
  #piece(text) {
    return text ? [{ type: this.#type, text }] : [];
  }
}
