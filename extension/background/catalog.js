/**
 * The descriptions of sites that the extension has: built in, and the person's own.
 */

import { parseDescription } from "../bridge/site/description.js";
import { matchesAny } from "../bridge/site/match.js";

/** @typedef {import("../bridge/site/description.js").SiteDescription} SiteDescription */

/** In the order in which a page is compared with them. */
const BUILT_IN = ["relay-chat", "open-webui", "gradio", "puter", "prompt-api"];

/** @returns {Promise<SiteDescription[]>} */
export function builtIn() {
  return Promise.all(
    BUILT_IN.map(async (id) => (await fetch(chrome.runtime.getURL(`sites/${id}.json`))).json()),
  );
}

/** All descriptions; the person's own first. */
export class Catalog {
  #memory;
  #builtIn;

  /**
   * @param {import("./memory.js").Memory} memory
   * @param {SiteDescription[]} descriptions  that are built in
   */
  constructor(memory, descriptions) {
    this.#memory = memory;
    this.#builtIn = descriptions;
  }

  /** @returns {{description: SiteDescription, builtin: boolean}[]} */
  get all() {
    const own = Object.values(this.#memory.local.descriptions);
    const others = this.#builtIn.filter(({ id }) => !(id in this.#memory.local.descriptions));
    return [
      ...own.map((description) => ({ description, builtin: false })),
      ...others.map((description) => ({ description, builtin: true })),
    ];
  }

  /** @param {string | undefined} id */
  get(id) {
    return this.all.find(({ description }) => description.id === id)?.description;
  }

  /**
   * Keep one of the person's own.
   * @param {unknown} value
   * @returns {SiteDescription}
   * @throws {import("../bridge/site/description.js").DescriptionError}
   */
  keep(value) {
    const description = parseDescription(value);
    this.#memory.local.descriptions[description.id] = description;
    this.#memory.keep("descriptions");
    return description;
  }

  /** @param {string} id */
  drop(id) {
    delete this.#memory.local.descriptions[id];
    this.#memory.keep("descriptions");
  }

  /**
   * What describes a page: what was chosen for its origin, what knows its address, what recognises it.
   * @param {URL} url
   * @param {(marks: Mark[]) => Promise<string | null>} look  Looks for the marks in the page: the id of the first found.
   */
  async recognise(url, look) {
    const chosen = this.get(this.#memory.local.sites[url.origin]?.adapter);
    if (chosen) return chosen;
    const all = this.all.map(({ description }) => description);
    const named = all.find(({ match }) => matchesAny(match, url.href));
    if (named) return named;
    const marks = all.flatMap(({ id, detect }) => (detect ? [{ id, ...detect }] : []));
    return this.get((await look(marks)) ?? undefined);
  }
}

/**
 * @typedef {{id: string, selector?: string, global?: string, meta?: string, content?: string}} Mark
 */

/**
 * Look for marks. Runs in the page's own world, so it is complete in itself, and what it says is the page's word.
 * @param {Mark[]} marks
 * @returns {string | null}
 */
export function lookFor(marks) {
  const value = (/** @type {string} */ path) =>
    path.split(".").reduce((/** @type {any} */ at, name) => at?.[name], globalThis);
  const holds = (/** @type {Mark} */ { selector, global, meta, content }) => {
    if (selector !== undefined) return document.querySelector(selector) !== null;
    if (global !== undefined) return (value(global) ?? null) !== null;
    const found = [...document.querySelectorAll("meta[name]")].find((each) => each.getAttribute("name") === meta);
    return found !== undefined && (content === undefined || found.getAttribute("content") === content);
  };
  for (const mark of marks) {
    try {
      if (holds(mark)) return mark.id;
    } catch {
      // The page's own getters may throw.
    }
  }
  return null;
}
