/** Trying a description that was just made: one message through one way, as relay would send it. */

import { seen } from "../bridge/site/dom/select.js";
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
 * @param {AbortSignal} [options.stuck]  says, with the reason, that nothing will come any more
 * @param {(text: string) => void} [options.onpart]  hears the text so far
 * @param {(value: unknown, environment: any) => import("../bridge/site/make.js").PageAdapter} [options.make]
 * @returns {Promise<Trial>}
 */
export async function tryWay(description, way, prompt, { agent, signal, stuck, onpart = () => {}, make = makeSiteAdapter }) {
  const adapter = make({ ...description, ways: [way] }, { agent });
  /** @type {string | undefined} */
  let changed;
  adapter.onstatus?.(({ state, detail }) => {
    if (state === "site_changed") changed = detail || "The site does not work as described.";
  });
  const begun = Date.now();
  const trial = { text: "", parts: 0, first: 0, total: 0 };
  try {
    const model = await modelOf(adapter, description);
    const request = { model, messages: [{ role: /** @type {const} */ ("user"), content: [{ type: /** @type {const} */ ("text"), text: prompt }] }] };
    const limit = AbortSignal.any([signal, ...(stuck ? [stuck] : []), AbortSignal.timeout(LONGEST_MS)]);
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

/**
 * The model to ask: the chosen one, so that the person finds the page as it was.
 * @param {import("../bridge/site/make.js").PageAdapter} adapter
 * @param {SiteDescription} description
 */
async function modelOf(adapter, { id, dom }) {
  if (!dom?.model_picker) return id;
  const { models = [] } = await adapter.status();
  const chosen = seen(document, dom.model_picker.current)?.textContent?.trim();
  return (models.find(({ id: each, name }) => each === chosen || name === chosen) ?? models[0])?.id ?? id;
}
