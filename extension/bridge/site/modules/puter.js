/**
 * Puter on a page that loaded puter.js: the adapter runs beside the page and reaches puter.js through the agent.
 */

import { PuterAdapter } from "../../adapters/puter.js";

/**
 * @typedef {import("../../adapter.js").Adapter} Adapter
 * @typedef {import("../../adapter.js").AdapterStatus} AdapterStatus
 * @typedef {import("../../adapters/puter.js").Puter} Puter
 * @typedef {import("../site.js").Environment} Environment
 */

/** What is asked of puter.js is only known a moment later, so a copy of it is renewed before each use. */
const SDK = "puter";
const LOOK_MS = 20_000;

/** @implements {Adapter} */
export class PuterPage {
  id = "puter";
  #environment;
  #token = "";
  #present = false;
  /** @type {Puter} */ #puter;
  #adapter;

  /** @param {Environment} environment */
  constructor(environment) {
    this.#environment = environment;
    this.#puter = {
      APIOrigin: "",
      authToken: null,
      auth: { isSignedIn: () => this.#token !== "" },
      ai: {
        listModels: async () => this.#listModels(),
        chat: async (messages, options) => this.#chat(messages, options),
      },
    };
    const { fetch, now } = environment;
    this.#adapter = new PuterAdapter({ puter: this.#puter, ...(fetch ? { fetch } : {}), ...(now ? { now } : {}) });
  }

  /** @param {string} url */
  matches(url) {
    return this.#adapter.matches(url);
  }

  /** @param {(status: AdapterStatus) => void} listener */
  onstatus(listener) {
    this.#adapter.onstatus(listener);
  }

  /** @returns {Promise<AdapterStatus>} */
  async status() {
    await this.#look();
    if (!this.#present) return { state: "unavailable", detail: "This page has not loaded puter.js." };
    return this.#adapter.status();
  }

  /**
   * @param {import("../../frames.js").ChatRequest} request
   * @param {{signal: AbortSignal}} options
   * @returns {import("../../adapter.js").Answer}
   */
  async *chat(request, options) {
    await this.#look();
    return yield* this.#adapter.chat(request, options);
  }

  /** @type {NonNullable<Adapter["media"]>} */
  async *media(asked, options) {
    await this.#look();
    return yield* this.#adapter.media(asked, options);
  }

  async #look() {
    const agent = await this.#environment.agent();
    const origin = await agent.read(`${SDK}.APIOrigin`);
    const token = await agent.read(`${SDK}.authToken`);
    this.#present = typeof origin === "string" && /^https?:\/\//.test(origin);
    this.#token = typeof token === "string" ? token : "";
    this.#puter.APIOrigin = this.#present ? String(origin) : "";
    this.#puter.authToken = this.#token || null;
  }

  async #listModels() {
    const agent = await this.#environment.agent();
    const models = await agent.call(`${SDK}.ai.listModels`, [], { timeout: LOOK_MS });
    return Array.isArray(models) ? models : [];
  }

  /**
   * @param {unknown} messages
   * @param {any} options
   */
  async #chat(messages, options) {
    const agent = await this.#environment.agent();
    if (options?.stream) return agent.iterate(`${SDK}.ai.chat`, [messages, options]);
    return agent.call(`${SDK}.ai.chat`, [messages, options]);
  }
}
