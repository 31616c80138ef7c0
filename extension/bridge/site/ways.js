/**
 * The ways to a site, best first, and which of them still work.
 */

import { CaptureWay } from "./ways/capture.js";
import { DomWay } from "./ways/dom.js";
import { FetchWay } from "./ways/fetch.js";
import { FunctionWay } from "./ways/function.js";
import { SocketWay } from "./ways/socket.js";

/**
 * @typedef {import("./site.js").Site} Site
 * @typedef {import("./site.js").Way} Way
 */

/** @type {Record<string, new (description: any, site: Site) => Way>} */
const KINDS = { function: FunctionWay, fetch: FetchWay, socket: SocketWay, capture: CaptureWay, dom: DomWay };

/** Knows the ways of a site. */
export class Ways {
  /** @type {Way[]} */ #ways;
  /** Why ways do not work any more. @type {Map<Way, string>} */ #broken = new Map();
  /** Those of them that only lack something on the page. @type {Set<Way>} */ #lacking = new Set();

  /** @param {Site} site */
  constructor(site) {
    const described = site.description.ways ?? [];
    this.#ways = described.map((each) => {
      const way = new /** @type {any} */ (KINDS[each.way])(each, site);
      return Object.assign(way, { capabilities: { ...way.capabilities, ...each.capabilities } });
    });
  }

  /** The best way that works, if there is one. */
  get best() {
    return this.#ways.find((each) => !this.#broken.has(each));
  }

  /** The way whose abilities count: the best, or, when none works, the one that was meant to be. */
  get meant() {
    return this.best ?? this.#ways[0];
  }

  /**
   * @param {Way} way
   * @param {string} why
   */
  async lose(way, why) {
    if (await lacks(way)) this.#lacking.add(way);
    this.#broken.set(way, why);
  }

  /** Take those back for which the page has again what they lacked. */
  async mend() {
    for (const way of this.#lacking) {
      if (await lacks(way)) continue;
      this.#lacking.delete(way);
      this.#broken.delete(way);
    }
  }

  /** All may work again. */
  restore() {
    this.#broken.clear();
    this.#lacking.clear();
  }

  /** What of the ways a person should know; empty if all is well. */
  get detail() {
    const reasons = [...this.#broken].map(([{ name }, why]) => `${name}: ${why}`);
    if (!this.best) return `The site does not work as described any more. ${reasons.join(" ")}`;
    return reasons.length ? `What the site was best asked by does not work any more. ${reasons.join(" ")} Now in use: ${this.best.name}.` : "";
  }
}

/** @param {Way} way */
async function lacks(way) {
  try {
    return (await way.missing()) !== null;
  } catch {
    return true; // the page cannot be asked now
  }
}
