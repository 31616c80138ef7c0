/**
 * Waiting for the page to change.
 *
 * Hidden tabs run no animation frames and slow timers to one a second, but tell mutations at once: so every wait is
 * woken by mutations and input events, and a slow timer only catches what neither shows (e.g. a style sheet that came).
 */

import { shadows } from "./select.js";

/** @typedef {(ms: number, signal?: AbortSignal) => Promise<void>} Sleep  Ends early, without an error, on an abort. */

const LOOK_AGAIN_MS = 500;
const EVERYTHING = { subtree: true, childList: true, characterData: true, attributes: true };

/** Watches one document, and the shadow roots it was shown, as long as somebody waits. */
export class Watch {
  #document;
  #sleep;
  #observer;
  /** @type {Set<Node>} */ #roots;
  /** @type {Set<() => void>} */ #waiting = new Set();
  /** @type {Set<(records: MutationRecord[]) => void>} */ #listeners = new Set();
  #users = 0;
  #oninput = () => this.#wake();

  /**
   * @param {Document} document
   * @param {Sleep} [sleep]
   */
  constructor(document, sleep = timer) {
    this.#document = document;
    this.#sleep = sleep;
    const { MutationObserver } = windowOf(document);
    this.#observer = new MutationObserver((records) => {
      for (const listener of this.#listeners) listener(records);
      this.#wake();
    });
    this.#roots = new Set([document]);
  }

  /**
   * Watch one more root; a second time costs nothing.
   * @param {Node} root
   */
  add(root) {
    if (this.#roots.has(root)) return;
    this.#roots.add(root);
    if (this.#users > 0) this.#observer.observe(root, EVERYTHING);
  }

  /**
   * Watch the shadow roots on the way of a selector too.
   * @param {(string | null | undefined)[]} selectors
   */
  through(...selectors) {
    for (const selector of selectors) for (const root of shadows(this.#document, selector)) this.add(root);
  }

  /**
   * Hear of all mutations; the value ends it.
   * @param {(records: MutationRecord[]) => void} listener
   * @returns {() => void}
   */
  listen(listener) {
    this.#listeners.add(listener);
    const end = this.#use();
    return () => {
      this.#listeners.delete(listener);
      end();
    };
  }

  /** The mutations that were not told yet are told now. */
  flush() {
    const records = this.#observer.takeRecords();
    if (records.length > 0) for (const listener of this.#listeners) listener(records);
  }

  /**
   * The next change, or `ms`, whichever comes first.
   * @param {number} ms
   * @param {AbortSignal} [signal]
   */
  async change(ms, signal) {
    signal?.throwIfAborted();
    const done = new AbortController();
    const wake = () => done.abort();
    const end = this.#use();
    signal?.addEventListener("abort", wake);
    this.#waiting.add(wake);
    await this.#sleep(ms, done.signal);
    this.#waiting.delete(wake);
    signal?.removeEventListener("abort", wake);
    end();
    signal?.throwIfAborted();
  }

  /**
   * The first value of `look` that is not null or false; null once `ms` have gone by.
   * @template T
   * @param {() => T | null | false} look
   * @param {{ms: number, signal?: AbortSignal | undefined}} limits
   * @returns {Promise<T | null>}
   */
  async until(look, { ms, signal }) {
    const deadline = Date.now() + ms;
    for (;;) {
      signal?.throwIfAborted();
      const value = look();
      if (value !== null && value !== false) return value;
      const left = deadline - Date.now();
      if (left <= 0) return null;
      await this.change(Math.min(left, LOOK_AGAIN_MS), signal);
    }
  }

  /**
   * Wait until nothing of `root` has changed for `ms`; no longer than `atMost`.
   * @param {Node} root
   * @param {{ms: number, atMost: number, signal?: AbortSignal | undefined}} limits
   */
  async still(root, { ms, atMost, signal }) {
    const deadline = Date.now() + atMost;
    let last = Date.now();
    const end = this.listen((records) => {
      if (records.some(({ target }) => root.contains(target))) last = Date.now();
    });
    try {
      for (let now = last; now - last < ms && now < deadline; now = Date.now()) await this.change(ms - (now - last), signal);
    } finally {
      end();
    }
  }

  /** Observing everything costs the page something; the value ends it. */
  #use() {
    this.#users += 1;
    if (this.#users === 1) {
      for (const root of this.#roots) {
        if (root.isConnected) this.#observer.observe(root, EVERYTHING);
        else this.#roots.delete(root);
      }
      this.#document.addEventListener("input", this.#oninput, true);
    }
    return () => {
      this.#users -= 1;
      if (this.#users > 0) return;
      this.#observer.disconnect();
      this.#document.removeEventListener("input", this.#oninput, true);
    };
  }

  #wake() {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }
}

/**
 * The window of a document that is shown.
 * @param {Document} document
 * @returns {Window & typeof globalThis}
 */
export function windowOf(document) {
  if (!document.defaultView) throw new TypeError("the document is shown in no window");
  return document.defaultView;
}

/** @type {Sleep} */
export function timer(ms, signal) {
  return new Promise((resolve) => {
    if (signal?.aborted) return void resolve();
    const end = () => {
      clearTimeout(id);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const id = setTimeout(end, ms);
    signal?.addEventListener("abort", end);
  });
}
