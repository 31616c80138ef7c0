/**
 * What a session has done since its page was opened, in numbers: the list of calls itself forgets old ones.
 */

/**
 * @typedef {import("../bridge/runner.js").CallView} CallView
 * @typedef {{parts: number, characters: number, failed: boolean}} Seen
 * @typedef {{calls: number, running: number, failed: number, parts: number, characters: number}} Counters
 */

/** Counts calls by what changed between two looks at them. */
export class Tally {
  /** @type {Map<string, Seen>} */ #seen = new Map();
  #totals = { calls: 0, failed: 0, parts: 0, characters: 0 };

  /**
   * @param {readonly CallView[]} views
   * @returns {Counters}
   */
  count(views) {
    /** @type {Map<string, Seen>} */
    const seen = new Map();
    for (const view of views) {
      const key = `${view.attempt} ${view.call}`;
      const before = this.#seen.get(key) ?? { parts: 0, characters: 0, failed: false };
      const now = { parts: view.parts, characters: view.characters, failed: view.outcome === "failed" };
      if (!this.#seen.has(key)) this.#totals.calls += 1;
      if (now.failed && !before.failed) this.#totals.failed += 1;
      this.#totals.parts += now.parts - before.parts;
      this.#totals.characters += now.characters - before.characters;
      seen.set(key, now);
    }
    this.#seen = seen;
    return { ...this.#totals, running: views.filter(({ outcome }) => outcome === "running").length };
  }
}
