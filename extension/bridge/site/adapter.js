/**
 * The adapter of a site that a description tells of: it owns the order of the ways, and knows how the page is.
 *
 * A way that no longer works is left until somebody looks anew (`recheck`, or a reload); the call fails with `again`,
 * and relay asks once more with what the page then says of itself.
 */

import { AdapterError } from "../adapter.js";
import { send } from "./http.js";
import { loginOf, lookAt } from "./look.js";
import { Models } from "./models.js";
import { Pace } from "./pace.js";
import { Site } from "./site.js";
import { CaptureWay, LostSight } from "./ways/capture.js";
import { DomWay } from "./ways/dom.js";
import { FetchWay } from "./ways/fetch.js";
import { FunctionWay } from "./ways/function.js";
import { SocketWay } from "./ways/socket.js";
import { matchesAny } from "./match.js";

/**
 * @typedef {import("../adapter.js").Adapter} Adapter
 * @typedef {import("../adapter.js").AdapterStatus} AdapterStatus
 * @typedef {import("../adapter.js").Answer} Answer
 * @typedef {import("../adapter.js").Finish} Finish
 * @typedef {import("../frames.js").ChatRequest} ChatRequest
 * @typedef {import("./description.js").Limits} Limits
 * @typedef {import("./description.js").SiteDescription} SiteDescription
 * @typedef {import("./site.js").Call} Call
 * @typedef {import("./site.js").Way} Way
 * @typedef {import("./look.js").Look} Look
 * @typedef {(status: AdapterStatus) => void} Listener
 */

/** @type {Record<string, new (description: any, site: Site) => Way>} */
const WAYS = { function: FunctionWay, fetch: FetchWay, socket: SocketWay, capture: CaptureWay, dom: DomWay };
const LOOKS_MS = 1000;
const PAGE_MS = 10_000;
/** How long a refused login is believed to be gone when the page does not show who is signed in. */
const REFUSED_MS = 60_000;
const STATES = new Set(["starting", "ready", "login_required", "blocked", "unavailable"]);
const REASONS = new Set(["captcha", "consent", "limit", "verification"]);

/** Serves one page. @implements {Adapter} */
export class SiteAdapter {
  #site;
  #models;
  #pace;
  /** @type {Way[]} */ #ways;
  /** Why ways do not work any more. @type {Map<Way, string>} */ #broken = new Map();
  /** @type {{login: string | null | undefined, until: number} | null} */ #refused = null;
  /** @type {Listener[]} */ #listeners = [];
  #told = "";
  #since;
  #closed = new AbortController();

  /**
   * @param {SiteDescription} description
   * @param {import("./site.js").Environment} environment
   */
  constructor(description, environment) {
    this.id = description.id;
    this.#site = new Site(description, environment);
    this.#models = new Models(this.#site);
    this.#pace = new Pace(this.#site);
    this.#ways = (description.ways ?? []).map((each) => new /** @type {any} */ (WAYS[each.way])(each, this.#site));
    this.#since = this.#site.now();
  }

  /**
   * @param {string} url
   * @returns {boolean}
   */
  matches(url) {
    return matchesAny(this.#site.description.match, url);
  }

  /**
   * Hear of changes that the page shows by itself. Looking goes on until {@link close}.
   * @param {Listener} listener
   */
  onstatus(listener) {
    this.#listeners.push(listener);
    if (this.#listeners.length === 1) void this.#watch();
  }

  /** Stop looking at the page. */
  close() {
    this.#closed.abort();
  }

  /** Forget what did not work: a person says that the page is all right now. */
  recheck() {
    this.#broken.clear();
    this.#refused = null;
    this.#models.forget();
    this.#since = this.#site.now();
  }

  /** @returns {Promise<AdapterStatus>} */
  async status() {
    const look = await this.#look();
    this.#told = brief(look);
    const offer = await this.#offer();
    if (look.state !== "ready") return { ...look, ...offer, models: this.#models.known };
    try {
      const models = await this.#models.list({ fresh: this.#refused !== null });
      this.#refused = null;
      return { ...look, ...offer, models };
    } catch (error) {
      return { ...this.#trouble(look, error), ...offer, models: this.#models.known };
    }
  }

  /**
   * @param {ChatRequest} request
   * @param {{signal: AbortSignal}} options
   * @returns {Answer}
   */
  async *chat(request, { signal }) {
    const { concurrency = 1, min_interval_ms: interval = 0 } = await this.#limits();
    await this.#pace.enter({ concurrency, interval, signal });
    try {
      const way = this.#way();
      if (!way) throw new AdapterError("site_changed", this.#changed());
      return yield* this.#run(way, this.#call(request, signal));
    } catch (error) {
      if (error instanceof AdapterError && error.kind === "login_required") this.#refuse();
      throw error;
    } finally {
      this.#pace.leave();
    }
  }

  /**
   * @param {ChatRequest} request
   * @param {AbortSignal} signal
   * @returns {Call}
   */
  #call(request, signal) {
    const { mode = "none", new: opening, temporary } = this.#site.description.conversation ?? {};
    const newChat = request.conversation === undefined && Boolean(mode !== "none" || opening || temporary);
    return { request, signal, scope: this.#site.scope(request), newChat };
  }

  /**
   * @param {Way} way
   * @param {Call} call
   * @returns {Answer}
   */
  async *#run(way, call) {
    this.#mustBeOpen(way, call);
    const before = this.#site.conversation();
    let parts = 0;
    try {
      const answer = way.chat(call);
      for (;;) {
        const next = await answer.next();
        if (next.done) return this.#ended(next.value, call, before);
        parts += 1;
        // Leaving here must leave the way too: it stops the site.
        let left = true;
        try {
          yield next.value;
          left = false;
        } finally {
          if (left) await answer.return(/** @type {any} */ (undefined));
        }
      }
    } catch (error) {
      if (!(error instanceof AdapterError) || error.kind !== "site_changed" || call.signal.aborted || parts) throw error;
      await this.#lose(way, error.message);
      if (!(error instanceof LostSight)) throw this.#again(error, call);
      const finish = yield* error.rescue();
      return this.#ended(finish, call, before);
    }
  }

  /**
   * The page must still show the conversation that is to be gone on with.
   * @param {Way} way
   * @param {Call} call
   */
  #mustBeOpen(way, { request }) {
    const through = way instanceof DomWay || way instanceof CaptureWay;
    if (request.conversation === undefined || !through || this.#site.conversation() === request.conversation) return;
    throw new AdapterError("again", "The conversation is not open on the page any more.");
  }

  /**
   * @param {Finish} finish
   * @param {Call} call
   * @param {string | undefined} before  the conversation that the page showed before the call
   * @returns {Finish}
   */
  #ended(finish, call, before) {
    const { conversation: saved } = call.scope.saved;
    const shown = this.#site.conversation();
    const { mode } = this.#site.description.conversation ?? {};
    if (mode === "thread") {
      const open = finish.conversation ?? (typeof saved === "string" ? saved : shown);
      return { ...finish, ...(open === undefined ? {} : { conversation: open }) };
    }
    // One that was open before the call is the person's own: it is never deleted.
    const made = typeof saved === "string" ? saved : shown;
    if (mode === "history" && call.newChat && made !== undefined && made !== before) this.#delete(made, call);
    return finish;
  }

  /**
   * The conversation of a call of its own is of no use to anybody after it.
   * @param {string} conversation
   * @param {Call} call
   */
  #delete(conversation, { scope }) {
    const { delete: remove } = this.#site.description.conversation ?? {};
    if (remove) send(this.#site.http, remove.request, { ...scope, conversation }, { keepalive: true }).catch(() => {});
  }

  /**
   * @param {AdapterError} error
   * @param {Call} call
   */
  #again(error, { request }) {
    return this.#way() || request.conversation !== undefined
      ? new AdapterError("again", error.message, { cause: error })
      : error;
  }

  /**
   * A way does not work any more; everybody hears of it before the call fails.
   * @param {Way} way
   * @param {string} why
   */
  async #lose(way, why) {
    this.#broken.set(way, why);
    await this.#announce();
  }

  /** The best way that works. */
  #way() {
    return this.#ways.find((each) => !this.#broken.has(each));
  }

  #changed() {
    const reasons = [...this.#broken].map(([{ name }, why]) => `${name}: ${why}`);
    return `The site does not work as described any more. ${reasons.join(" ")}`;
  }

  #refuse() {
    this.#refused = { login: loginOf(this.#site), until: this.#site.now() + REFUSED_MS };
    this.#models.forget();
  }

  /** @returns {Promise<Look & {account?: import("../frames.js").Account}>} */
  async #look() {
    const login = loginOf(this.#site);
    const look = lookAt(this.#site, { since: this.#since, login });
    if (look.state !== "ready") return look;
    if (this.#isRefused(login)) return { state: "login_required", detail: "The login has expired. Sign in again on the site." };
    const way = this.#way();
    if (!way) return { state: "site_changed", detail: this.#changed() };
    return (await this.#lookAtWay(way)) ?? (await this.#said()) ?? this.#ready(way);
  }

  /** @param {string | null | undefined} login */
  #isRefused(login) {
    if (!this.#refused || this.#refused.login !== login) return false;
    // A list of models that the site gives shows better than time whether the login is back.
    return login !== undefined || this.#site.now() < this.#refused.until;
  }

  /**
   * @param {Way} way
   * @returns {Promise<Look | null>}
   */
  async #lookAtWay(way) {
    if (way instanceof DomWay || way instanceof CaptureWay) {
      const look = this.#site.dom().status();
      if (look.state !== "ready") return look;
    }
    let why;
    try {
      why = await way.missing();
    } catch (error) {
      why = error instanceof Error ? error.message : "The page cannot be asked.";
    }
    if (why === null) return null;
    const young = this.#site.document.readyState !== "complete" || this.#site.now() - this.#since < PAGE_MS;
    return young ? { state: "starting" } : { state: "unavailable", detail: why };
  }

  /** What the page itself says of its state. */
  async #said() {
    const { status } = this.#site.description;
    if (!status) return null;
    try {
      const agent = await this.#site.agent();
      const found = /** @type {any} */ (await agent.read(status.path));
      return found?.callable ? statusOf(await agent.call(status.path, [], { timeout: PAGE_MS })) : null;
    } catch (error) {
      const why = error instanceof Error ? error.message : "";
      return { state: /** @type {const} */ ("unavailable"), detail: `The page's ${status.path} failed: ${why}` };
    }
  }

  /**
   * @param {Way} way
   * @returns {Look}
   */
  #ready(way) {
    const reasons = [...this.#broken].map(([{ name }, why]) => `The way ${name} does not work any more: ${why}`);
    return { state: "ready", detail: reasons.length ? `${reasons.join(" ")} Now in use: ${way.name}.` : "" };
  }

  async #offer() {
    const { max_prompt_chars: most, concurrency = 1 } = await this.#limits();
    return {
      capabilities: await this.#capabilities(),
      limits: { concurrency, ...(most ? { max_prompt_chars: most } : {}) },
    };
  }

  async #capabilities() {
    const { capabilities: said, conversation } = this.#site.description;
    const way = this.#way() ?? this.#ways[0];
    const own = said && "path" in said ? await this.#ofPage(said.path) : said;
    return {
      ...way?.capabilities,
      ...(way?.single ? { single_prompt: true } : {}),
      ...(conversation?.mode === "thread" ? { reuse: true } : {}),
      ...own,
    };
  }

  /** @returns {Promise<Limits>} */
  async #limits() {
    const { limits } = this.#site.description;
    if (!limits || !("path" in limits)) return limits ?? {};
    const { concurrency, min_interval_ms: interval, max_prompt_chars: most } = await this.#ofPage(limits.path);
    return {
      ...(Number.isInteger(concurrency) && concurrency > 0 ? { concurrency: Math.min(64, concurrency) } : {}),
      ...(Number.isFinite(interval) && interval >= 0 ? { min_interval_ms: interval } : {}),
      ...(Number.isSafeInteger(most) && most > 0 ? { max_prompt_chars: most } : {}),
    };
  }

  /**
   * An object that the page tells; an empty one if it does not.
   * @param {string} path
   * @returns {Promise<any>}
   */
  async #ofPage(path) {
    try {
      const found = await (await this.#site.agent()).read(path);
      return typeof found === "object" && found !== null && !Array.isArray(found) ? found : {};
    } catch {
      return {};
    }
  }

  /**
   * @param {Look} look
   * @param {unknown} error
   * @returns {Look}
   */
  #trouble(look, error) {
    const { kind, message } = error instanceof AdapterError ? error : { kind: "internal", message: "" };
    if (kind === "login_required") {
      this.#refuse();
      return { state: "login_required", detail: message };
    }
    if (kind === "network") return { state: "unavailable", detail: message };
    // A site whose list of models cannot be read may still answer.
    return { ...look, detail: [look.detail, `Its list of models cannot be read. ${message}`].join(" ").trim() };
  }

  async #announce() {
    const status = await this.status();
    for (const listener of this.#listeners) listener(status);
  }

  async #watch() {
    const { signal } = this.#closed;
    try {
      for (;;) {
        await this.#site.sleep(LOOKS_MS, signal);
        if (brief(await this.#look()) !== this.#told) await this.#announce();
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

/** @param {Look} look */
function brief({ state, reason, detail }) {
  return JSON.stringify([state, reason, detail]);
}

/**
 * What a page says of its state, as far as it is a state.
 * @param {any} said
 * @returns {(Look & {account?: import("../frames.js").Account}) | null}
 */
function statusOf(said) {
  if (!STATES.has(said?.state)) return null;
  const { state, reason, detail, account } = said;
  return {
    state,
    ...(typeof detail === "string" ? { detail: detail.slice(0, 4096) } : {}),
    ...(state === "blocked" && REASONS.has(reason) ? { reason } : {}),
    ...(typeof account?.id === "string" && account.id
      ? { account: { id: account.id, ...(typeof account.label === "string" ? { label: account.label } : {}) } }
      : {}),
  };
}
