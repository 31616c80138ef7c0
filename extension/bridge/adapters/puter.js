/**
 * The adapter for Puter (https://docs.puter.com): a page that loaded puter.js and is signed in.
 *
 * It calls the service itself with the page's login, and uses the SDK for what it must: the login, and the list of
 * models. Nothing here opens a dialog; a missing login is said instead.
 */

import { AdapterError } from "../adapter.js";
import { UnknownEndpoint, callEndpoint, getJson } from "./puter/endpoint.js";
import { METHODS, MEDIA_PARAMETERS, byEndpoint, bySdk, mediaModels, tasksOf } from "./puter/media.js";
import { catalogOf, streamsToolCalls, wantsReasoning } from "./puter/models.js";
import { PARAMETERS, chatArguments, offersTools } from "./puter/request.js";
import { callSdk } from "./puter/sdk.js";

/**
 * @typedef {object} Puter  The part of puter.js that is used.
 * @property {string} APIOrigin
 * @property {string | null} [authToken]
 * @property {{isSignedIn: () => boolean}} auth
 * @property {PuterAi} ai
 * @property {Record<string, unknown>} [config]
 *
 * @typedef {object} PuterAi
 * @property {(messages: unknown, options: unknown) => Promise<unknown>} chat
 * @property {() => Promise<any[]>} listModels
 * @property {(prompt: string, options: object) => Promise<unknown>} [txt2img]
 * @property {(text: string, options: object) => Promise<unknown>} [txt2speech]
 * @property {(options: object) => Promise<unknown>} [speech2txt]
 *
 * `auto` calls the endpoint, and the SDK once the endpoint does not answer as it should.
 * @typedef {"endpoint" | "sdk" | "auto"} Way
 *
 * @typedef {object} PuterOptions
 * @property {Puter} puter
 * @property {typeof globalThis.fetch} [fetch]
 * @property {Way} [way]
 * @property {() => number} [now]
 *
 * @typedef {import("../adapter.js").AdapterStatus} AdapterStatus
 * @typedef {import("../frames.js").ChatRequest} ChatRequest
 */

/** What arrives at the models. A cancel frees the page, but the service works on and bills. */
const CAPABILITIES = {
  tools: true,
  parallel_tool_calls: true,
  images: true,
  reasoning: true,
  reasoning_history: true,
  system: true,
  methods: METHODS,
  parameters: [...PARAMETERS, ...MEDIA_PARAMETERS],
};
/** The service allows this many calls at a time. */
const CONCURRENCY = 3;
const CONCURRENCY_TEMPORARY = 2;
const MICROCENTS_PER_USD = 1e8;
/** These reach the callers of relay too, who see no page. */
const SIGN_IN = "Sign in to Puter on relay's page.";
const SIGN_IN_AGAIN = "The Puter login has expired. Sign in again on relay's page.";
const CATALOG_AGE_MS = 10 * 60_000;

/** Answers calls with the Puter account of this page. */
export class PuterAdapter {
  id = "puter";
  /** @type {Puter} */ #puter;
  /** @type {typeof globalThis.fetch} */ #fetch;
  /** @type {() => number} */ #now;
  /** @type {Way} */ #way;
  /** @type {{catalog: import("./puter/models.js").Catalog, at: number} | null} */ #listed = null;
  /** A login that the service has refused. @type {string | null} */ #refused = null;
  /** @type {((status: AdapterStatus) => void)[]} */ #listeners = [];

  /** @param {PuterOptions} options */
  constructor({ puter, fetch = (...request) => globalThis.fetch(...request), way = "auto", now = Date.now }) {
    this.#puter = puter;
    this.#fetch = fetch;
    this.#way = way;
    this.#now = now;
  }

  /**
   * @param {string} url
   * @returns {boolean}
   */
  matches(url) {
    return /^https:\/\/([\w-]+\.)*puter\.(com|site)\//.test(url);
  }

  /** @param {(status: AdapterStatus) => void} listener */
  onstatus(listener) {
    this.#listeners.push(listener);
  }

  /** @returns {Promise<AdapterStatus>} */
  async status() {
    const offer = { capabilities: CAPABILITIES, limits: { concurrency: CONCURRENCY } };
    if (!this.#signedIn()) return { ...(await this.#signedOut()), ...offer };
    try {
      const [user, allowance, { models }] = await Promise.all([this.#user(), this.#allowance(), this.#catalog()]);
      const temporary = Boolean(user.is_temp);
      return {
        state: "ready",
        detail: this.#detail(),
        account: {
          id: String(user.uuid ?? user.username),
          label: String(user.username),
          temporary,
          ...(allowance ? { allowance } : {}),
        },
        capabilities: CAPABILITIES,
        limits: { concurrency: temporary ? CONCURRENCY_TEMPORARY : CONCURRENCY },
        models,
      };
    } catch (error) {
      return { ...(await this.#trouble(error)), ...offer };
    }
  }

  /**
   * @param {ChatRequest} request
   * @param {{signal: AbortSignal}} options
   * @returns {import("../adapter.js").Answer}
   */
  async *chat(request, { signal }) {
    if (!this.#signedIn()) throw new AdapterError("login_required", "The page is not signed in to Puter.");
    const args = await this.#arguments(request);
    const token = String(this.#puter.authToken);
    try {
      if (this.#way !== "sdk") return yield* callEndpoint(this.#endpoint(), args, signal);
    } catch (error) {
      if (!(error instanceof UnknownEndpoint) || this.#way !== "auto") throw this.#noted(error, token);
      this.#way = "sdk";
      void this.#announce();
    }
    return yield* callSdk(this.#puter, args, signal);
  }

  /**
   * Run a call of another method than chat.
   * @param {import("../frames.js").MediaAsked} asked
   * @param {{signal: AbortSignal}} options
   * @returns {import("../adapter.js").Answer}
   */
  async *media(asked, { signal }) {
    if (!this.#signedIn()) throw new AdapterError("login_required", "The page is not signed in to Puter.");
    for (const task of tasksOf(asked)) yield* this.#run(task, signal);
    return { finish_reason: "stop" };
  }

  /**
   * @param {import("./puter/media.js").Task} task
   * @param {AbortSignal} signal
   */
  async *#run(task, signal) {
    const token = String(this.#puter.authToken);
    try {
      if (this.#way !== "sdk") return yield* byEndpoint(task, this.#endpoint(), signal);
    } catch (error) {
      if (!(error instanceof UnknownEndpoint) || this.#way !== "auto") throw this.#noted(error, token);
    }
    return yield* bySdk(task, this.#puter, { fetch: this.#fetch, signal });
  }

  /**
   * With tools an answer is streamed only where no call gets lost: one call at most, or a provider that streams them
   * all. Puter may fall back to another that does not, so it is held to that one.
   * @param {ChatRequest} request
   */
  async #arguments(request) {
    if (!offersTools(request)) return chatArguments(request, { stream: true });
    const provider = await this.#provider(request.model);
    const reasoning = wantsReasoning(provider);
    if (request.parallel_tool_calls === false) return chatArguments(request, { stream: true, reasoning });
    return streamsToolCalls(provider)
      ? chatArguments(request, { stream: true, provider })
      : chatArguments(request, { stream: false, reasoning });
  }

  /** @param {string} model */
  async #provider(model) {
    try {
      return (await this.#catalog()).providers.get(model);
    } catch {
      // Without the list nothing is known of the model, which is a reason to be careful, not to fail.
      return undefined;
    }
  }

  #signedIn() {
    return this.#puter.auth.isSignedIn() && Boolean(this.#puter.authToken) && this.#puter.authToken !== this.#refused;
  }

  /** @returns {import("./puter/endpoint.js").Endpoint} */
  #endpoint() {
    return { origin: this.#puter.APIOrigin, token: String(this.#puter.authToken), fetch: this.#fetch, now: this.#now };
  }

  /**
   * Remember a login that was refused: puter.js goes on to call it signed in.
   * @param {unknown} error
   * @param {string} token
   */
  #noted(error, token) {
    if (error instanceof AdapterError && error.kind === "login_required") this.#refused = token;
    return error;
  }

  async #user() {
    const token = String(this.#puter.authToken);
    try {
      return await getJson(this.#endpoint(), "/whoami");
    } catch (error) {
      throw this.#noted(error, token);
    }
  }

  /** What is left of the month, if the service says. */
  async #allowance() {
    try {
      const { allowanceInfo: info } = await getJson(this.#endpoint(), "/metering/usage");
      if (!Number.isFinite(info?.remaining)) return undefined;
      const total = Number.isFinite(info.monthUsageAllowance)
        ? { total: info.monthUsageAllowance / MICROCENTS_PER_USD }
        : {};
      return { remaining: info.remaining / MICROCENTS_PER_USD, ...total, unit: "USD" };
    } catch {
      return undefined;
    }
  }

  async #catalog() {
    if (!this.#listed || this.#now() - this.#listed.at > CATALOG_AGE_MS) {
      const at = this.#now();
      try {
        const [chat, images] = await Promise.all([this.#puter.ai.listModels(), this.#imageModels()]);
        this.#listed = { catalog: withMedia(catalogOf(chat), mediaModels(images)), at };
      } catch (error) {
        if (!this.#listed) throw new AdapterError("network", "Puter's list of models cannot be read", { cause: error });
      }
    }
    return this.#listed.catalog;
  }

  /** Puter's list of image models, which anybody may read; without it there is still the default one. */
  async #imageModels() {
    try {
      const response = await this.#fetch(`${this.#puter.APIOrigin}/puterai/image/models/details`, { credentials: "omit" });
      const body = await response.json();
      return Array.isArray(body) ? body : Array.isArray(body?.models) ? body.models : [];
    } catch {
      return [];
    }
  }

  #detail() {
    return this.#way === "sdk"
      ? "Puter's endpoint answers in an unknown way; puter.js is used instead, so calls cannot be stopped."
      : "";
  }

  /** @returns {Promise<AdapterStatus>} */
  async #signedOut() {
    const expired = this.#refused !== null && this.#refused === this.#puter.authToken;
    const detail = expired ? SIGN_IN_AGAIN : SIGN_IN;
    try {
      return { state: "login_required", detail, models: (await this.#catalog()).models };
    } catch {
      // The list is worth a look before signing in, not more.
      return { state: "login_required", detail };
    }
  }

  /**
   * @param {unknown} error
   * @returns {Promise<AdapterStatus>}
   */
  async #trouble(error) {
    if (!(error instanceof AdapterError)) throw error;
    if (error.kind === "login_required") return this.#signedOut();
    if (error.kind === "blocked") return { state: "blocked", detail: error.message };
    return { state: "unavailable", detail: `${error.message}.`.replace(/\.+$/, ".") };
  }

  async #announce() {
    const status = await this.status();
    for (const listener of this.#listeners) listener(status);
  }
}

/**
 * The models of chat, then the others. One id can mean a model of both.
 * @param {import("./puter/models.js").Catalog} catalog
 * @param {import("../frames.js").Model[]} media
 * @returns {import("./puter/models.js").Catalog}
 */
function withMedia({ models, providers }, media) {
  const both = new Map(models.map((model) => [model.id, model]));
  for (const model of media) {
    const known = both.get(model.id);
    both.set(model.id, known ? { ...known, methods: ["chat", ...(model.methods ?? [])] } : model);
  }
  return { models: [...both.values()], providers };
}
