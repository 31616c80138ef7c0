/**
 * relay's scripts in the pages of connected sites, and in no others.
 */

import { AGENT } from "../page/files.js";

const BOOT = "content/boot.js";
const TEACH = "content/teach.js";

/** @typedef {Pick<typeof chrome.scripting, "registerContentScripts" | "unregisterContentScripts" | "getRegisteredContentScripts" | "executeScript">} Scripting */

/** Keeps them where they belong; changes wait for one another. */
export class Scripts {
  #scripting;
  #last = Promise.resolve();

  /** @param {Scripting} scripting */
  constructor(scripting) {
    this.#scripting = scripting;
  }

  /**
   * Have the scripts begin with every page of these origins, and of no other.
   * @param {string[]} origins
   */
  keepTo(origins) {
    this.#last = this.#last.then(() => this.#keepTo(new Set(origins))).catch(() => {});
    return this.#last;
  }

  /**
   * Begin in a page that is open already, or wake what has begun there.
   * @param {number} tab
   * @param {{teach?: boolean, wake?: boolean}} [how]  `wake`: nothing but that
   * @returns {Promise<string | null>}  the document; null if nothing can be begun there
   */
  async begin(tab, { teach = false, wake = false } = {}) {
    const target = { tabId: tab };
    try {
      if (!wake) await this.#scripting.executeScript({ target, files: AGENT, world: "MAIN", injectImmediately: true });
      const [frame] = await this.#scripting.executeScript({
        target,
        files: [teach ? TEACH : BOOT],
        injectImmediately: true,
      });
      return frame?.documentId ?? "";
    } catch {
      return null;
    }
  }

  /** @param {Set<string>} wanted */
  async #keepTo(wanted) {
    const there = await this.#scripting.getRegisteredContentScripts();
    const scripts = new Map([...wanted].flatMap(scriptsOf).map((script) => [script.id, script]));
    // What was kept from an earlier version of the extension may name other files.
    const old = there.filter(({ id, js }) => String(js) !== String(scripts.get(id)?.js)).map(({ id }) => id);
    if (old.length) await this.#scripting.unregisterContentScripts({ ids: old });
    const known = new Set(there.map(({ id }) => id).filter((id) => !old.includes(id)));
    const missing = [...scripts.values()].filter(({ id }) => !known.has(id));
    if (missing.length) await this.#scripting.registerContentScripts(missing);
  }
}

/**
 * @param {string} origin
 * @returns {chrome.scripting.RegisteredContentScript[]}
 */
function scriptsOf(origin) {
  const common = { matches: [patternOf(origin)], runAt: /** @type {const} */ ("document_start"), persistAcrossSessions: true };
  return [
    { ...common, id: `agent ${origin}`, js: AGENT, world: "MAIN" },
    { ...common, id: `boot ${origin}`, js: [BOOT] },
  ];
}

/**
 * The match pattern of all pages of an origin.
 * @param {string} origin
 */
export function patternOf(origin) {
  return `${origin}/*`;
}
