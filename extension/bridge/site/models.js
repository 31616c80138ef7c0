/**
 * The models of a site, as its description says where they are.
 */

import { jsonOf, send } from "./http.js";
import { at } from "./path.js";

/**
 * @typedef {import("../frames.js").Model} Model
 * @typedef {import("./site.js").Site} Site
 */

const AGE_MS = 10 * 60_000;
const LOOK_MS = 10_000;
const MOST = 5000;
const LONGEST_ID = 128;
const LONGEST_NAME = 256;

/** Knows the models of a site; what was known once is kept when they cannot be read. */
export class Models {
  #site;
  /** @type {{models: Model[], at: number} | null} */ #known = null;

  /** @param {Site} site */
  constructor(site) {
    this.#site = site;
  }

  /** What is known may be wrong, e.g. because somebody else is signed in. */
  forget() {
    this.#known = null;
  }

  /**
   * @param {{fresh?: boolean}} [options]
   * @returns {Promise<Model[]>}
   * @throws {import("../adapter.js").AdapterError}  when they must be asked for and cannot
   */
  async list({ fresh = false } = {}) {
    const { now } = this.#site;
    if (fresh || !this.#known || now() - this.#known.at > AGE_MS) {
      const models = await this.#read();
      this.#known = { models: models.length ? models : this.default, at: now() };
    }
    return this.#known.models;
  }

  /**
   * What is certain without a look at the site. Relay goes by what it was told last, so about models that are not known
   * (yet, or any more) nothing is said.
   * @returns {{models?: Model[]}}
   */
  get known() {
    const { models: described, dom } = this.#site.description;
    if (this.#known) return { models: this.#known.models };
    if (Array.isArray(described) && described.length) return { models: described };
    return described === undefined && !dom?.model_picker ? { models: this.default } : {};
  }

  /**
   * A site that names none has one, called as itself.
   * @returns {Model[]}
   */
  get default() {
    const { id, name } = this.#site.description;
    return [{ id, name }];
  }

  /** @returns {Promise<Model[]>} */
  async #read() {
    const { description, document } = this.#site;
    const { models, dom } = description;
    if (Array.isArray(models)) return models;
    if (models === undefined) return dom?.model_picker ? this.#picked() : [];
    if ("selector" in models) return cleaned([...document.querySelectorAll(models.selector)].map(modelOfElement));
    if ("path" in models) return this.#ofPage(models.path);
    const { url, headers, list = "", id, name } = models;
    const signal = AbortSignal.timeout(LOOK_MS);
    const scope = this.#site.scope({ model: "", messages: [] });
    const response = await send(this.#site.http, { url, ...(headers ? { headers } : {}) }, scope, { signal });
    const found = at(await jsonOf(response, signal), list);
    return cleaned((Array.isArray(found) ? found : []).map((each) => ({ id: at(each, id), name: at(each, name ?? id) })));
  }

  async #picked() {
    const found = await this.#site.dom().models({ signal: AbortSignal.timeout(LOOK_MS) });
    return cleaned(found ?? []);
  }

  /** @param {string} path */
  async #ofPage(path) {
    const agent = await this.#site.agent();
    const found = /** @type {any} */ (await agent.read(path));
    const models = found?.callable ? await agent.call(path, [], { timeout: LOOK_MS }) : found;
    return cleaned(Array.isArray(models) ? models : []);
  }
}

/** @param {Element} element */
function modelOfElement(element) {
  const name = (element.textContent ?? "").trim();
  return { id: element.getAttribute("value") || name, name };
}

/**
 * Each model once, as far as it is one.
 * @param {any[]} found
 * @returns {Model[]}
 */
function cleaned(found) {
  /** @type {Map<string, Model>} */
  const models = new Map();
  for (const each of found) {
    const { id, name } = typeof each === "string" ? { id: each, name: undefined } : (each ?? {});
    if (typeof id !== "string" || !id || id.length > LONGEST_ID || models.has(id)) continue;
    models.set(id, { id, ...(typeof name === "string" && name && name.length <= LONGEST_NAME ? { name } : {}) });
    if (models.size === MOST) break;
  }
  return [...models.values()];
}
