/** Trying a description that was just made: one message through one way, as relay would send it. */

import { makeSiteAdapter } from "../bridge/site/make.js";

/**
 * @typedef {import("../bridge/site/description.js").SiteDescription} SiteDescription
 * @typedef {import("../bridge/site/description.js").WayDescription} WayDescription
 *
 * @typedef {object} Trial
 * @property {string} text
 * @property {number} parts
 * @property {number} first  Milliseconds until the first part.
 * @property {number} total
 * @property {string} [error]
 */

const LONGEST_MS = 180_000;

/**
 * @param {SiteDescription} description
 * @param {WayDescription} way
 * @param {string} prompt
 * @param {object} options
 * @param {import("../bridge/site/site.js").Environment["agent"]} options.agent
 * @param {AbortSignal} options.signal
 * @param {(text: string) => void} [options.onpart]  hears the text so far
 * @param {(value: unknown, environment: any) => import("../bridge/site/make.js").PageAdapter} [options.make]
 * @returns {Promise<Trial>}
 */
export async function tryWay(description, way, prompt, { agent, signal, onpart = () => {}, make = makeSiteAdapter }) {
  const adapter = make({ ...description, ways: [way] }, { agent });
  /** @type {string | undefined} */
  let changed;
  adapter.onstatus?.(({ state, detail }) => {
    if (state === "site_changed") changed = detail || "The site does not work as described.";
  });
  const begun = Date.now();
  const trial = { text: "", parts: 0, first: 0, total: 0 };
  try {
    const request = { model: description.id, messages: [{ role: /** @type {const} */ ("user"), content: [{ type: /** @type {const} */ ("text"), text: prompt }] }] };
    const limit = AbortSignal.any([signal, AbortSignal.timeout(LONGEST_MS)]);
    for await (const part of adapter.chat(/** @type {any} */ (request), { signal: limit })) {
      if (part.type !== "text") continue;
      if (!trial.parts) trial.first = Date.now() - begun;
      trial.parts += 1;
      trial.text += part.text;
      onpart(trial.text);
    }
  } catch (error) {
    signal.throwIfAborted();
    changed = error instanceof Error ? error.message : "The trial failed.";
  } finally {
    adapter.close?.();
  }
  return { ...trial, total: Date.now() - begun, ...(changed === undefined ? {} : { error: changed }) };
}
