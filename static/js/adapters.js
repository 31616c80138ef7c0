/**
 * The three chats that this page can offer to relay.
 */

import { SdkUnavailable, loadSdk } from "./sdk.js";
import { AdapterError } from "/bridge/adapter.js";
import { DemoAdapter } from "/bridge/adapters/demo.js";
import { PromptApiAdapter } from "/bridge/adapters/prompt-api.js";
import { PuterAdapter } from "/bridge/adapters/puter.js";

/**
 * @typedef {import("../../extension/bridge/adapter.js").Adapter} Adapter
 * @typedef {import("../../extension/bridge/adapter.js").AdapterStatus} AdapterStatus
 * @typedef {import("./config.js").PageConfig} PageConfig
 */

/**
 * @param {import("./config.js").AdapterName} name
 * @param {PageConfig} config
 * @returns {Adapter}
 */
export function makeAdapter(name, config) {
  switch (name) {
    case "puter":
      return new LoadedPuter(config.puter);
    case "prompt-api":
      return new PromptApiAdapter();
    case "demo":
      return new DemoAdapter();
  }
}

/**
 * The Puter adapter, with puter.js loaded when its state is asked for: again and again, if it could not be loaded.
 *
 * @implements {Adapter}
 */
class LoadedPuter {
  id = "puter";
  /** @type {PuterAdapter | undefined} */
  #loaded;
  /** @type {((status: AdapterStatus) => void)[]} */
  #listeners = [];

  /** @param {import("./config.js").PuterConfig} config */
  constructor(config) {
    this.config = config;
  }

  matches() {
    return true;
  }

  /** @param {(status: AdapterStatus) => void} listener */
  onstatus(listener) {
    this.#listeners.push(listener);
  }

  /** @returns {Promise<AdapterStatus>} */
  async status() {
    try {
      const puter = await loadSdk(this.config);
      this.#loaded ??= this.#load(puter);
      return await this.#loaded.status();
    } catch (error) {
      if (!(error instanceof SdkUnavailable)) throw error;
      return { state: "unavailable", detail: error.message };
    }
  }

  /** @param {import("./sdk.js").PuterSdk} puter */
  #load(puter) {
    const adapter = new PuterAdapter({ puter, way: this.config.way });
    for (const listener of this.#listeners) adapter.onstatus(listener);
    return adapter;
  }

  /** @type {Adapter["chat"]} */
  async *chat(request, options) {
    return yield* this.#ready().chat(request, options);
  }

  /** @type {NonNullable<Adapter["media"]>} */
  async *media(asked, options) {
    return yield* this.#ready().media(asked, options);
  }

  #ready() {
    if (this.#loaded === undefined) throw new AdapterError("login_required", "puter.js is not loaded in the page");
    return this.#loaded;
  }
}
