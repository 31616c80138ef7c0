/** Reading rendered answers as Markdown, again and again while they grow. */

import { blocksOf } from "./blocks.js";

/** @typedef {import("./tree.js").View} View */

const SMALLEST_IMAGE = 48;

/** Reads answers; what did not change since the last time is not read again. */
export class MarkdownReader {
  #ignore;
  #onshadow;
  /** @type {Map<Element, string>} */ #cache = new Map();

  /**
   * @param {{ignore?: (string | null | undefined)[], onshadow?: (root: ShadowRoot) => void}} [options]
   *   `ignore`: selectors of what is no text of the answer; `onshadow` hears of the shadow roots that are read
   */
  constructor({ ignore = [], onshadow = () => {} } = {}) {
    this.#ignore = ignore.flatMap((each) => each?.split(">>>").at(-1) ?? []).join(", ");
    this.#onshadow = onshadow;
  }

  /**
   * The Markdown of what `element` shows.
   * @param {Element} element
   */
  read(element) {
    if (element.localName === "textarea") return /** @type {HTMLTextAreaElement} */ (element).value;
    return blocksOf(element, { ignore: this.#ignore, onshadow: this.#onshadow, cache: this.#cache });
  }

  /**
   * Forget what these mutations have changed; nothing given forgets everything.
   * @param {readonly MutationRecord[]} [records]
   */
  forget(records) {
    if (!records) this.#cache.clear();
    for (const { target } of records ?? []) {
      for (let node = /** @type {Node | null} */ (target); node; node = above(node)) {
        this.#cache.delete(/** @type {Element} */ (node));
      }
    }
  }
}

/**
 * The addresses of the images that `element` shows; icons and emoji are none.
 * @param {Element} element
 * @returns {HTMLImageElement[]}
 */
export function imagesOf(element) {
  return [...element.querySelectorAll("img")].filter(({ src, width, naturalWidth }) => {
    const size = naturalWidth || width;
    return src !== "" && (size === 0 || size >= SMALLEST_IMAGE);
  });
}

/** @param {Node} node */
function above(node) {
  return node.parentNode ?? /** @type {Partial<ShadowRoot>} */ (node).host ?? null;
}
