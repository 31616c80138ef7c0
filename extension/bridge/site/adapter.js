/**
 * The adapter of a site that a description tells of.
 *
 * A way that no longer works is left until somebody looks anew (`recheck`, or a reload) or, if the page only lacked
 * something for it, has that again; the call fails with `again`, and relay asks once more with what the page then says.
 */

import { AdapterError } from "../adapter.js";
import { Condition } from "./condition.js";
import { send } from "./http.js";
import { matchesAny } from "./match.js";
import { Models } from "./models.js";
import { limitsOf, offerOf } from "./offer.js";
import { Pace } from "./pace.js";
import { Site } from "./site.js";
import { Ways } from "./ways.js";
import { LostSight } from "./ways/capture.js";

/**
 * @typedef {import("../adapter.js").Adapter} Adapter
 * @typedef {import("../adapter.js").AdapterStatus} AdapterStatus
 * @typedef {import("../adapter.js").Answer} Answer
 * @typedef {import("../adapter.js").Finish} Finish
 * @typedef {import("../frames.js").ChatRequest} ChatRequest
 * @typedef {import("./condition.js").Look} Look
 * @typedef {import("./site.js").Call} Call
 * @typedef {import("./site.js").Way} Way
 * @typedef {(status: AdapterStatus) => void} Listener
 */

const LOOKS_MS = 1000;

/** Serves one page. @implements {Adapter} */
export class SiteAdapter {
  #site;
  #ways;
  #condition;
  #models;
  #pace;
  /** @type {Listener[]} */ #listeners = [];
  #told = "";
  #closed = new AbortController();

  /**
   * @param {import("./description.js").SiteDescription} description
   * @param {import("./site.js").Environment} environment
   */
  constructor(description, environment) {
    this.id = description.id;
    this.#site = new Site(description, environment);
    this.#ways = new Ways(this.#site);
    this.#condition = new Condition(this.#site, this.#ways);
    this.#models = new Models(this.#site);
    this.#pace = new Pace(this.#site);
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
    this.#ways.restore();
    this.#condition.restart();
    this.#models.forget();
  }

  /** @returns {Promise<AdapterStatus>} */
  async status() {
    const look = await this.#condition.look();
    this.#told = brief(look);
    const offer = await offerOf(this.#site, this.#ways);
    if (look.state !== "ready") return { ...look, ...offer, ...this.#models.known };
    try {
      const models = await this.#models.list({ fresh: this.#condition.refused });
      this.#condition.accept();
      return { ...look, ...offer, models };
    } catch (error) {
      return { ...this.#withoutModels(look, error), ...offer };
    }
  }

  /**
   * @param {ChatRequest} request
   * @param {{signal: AbortSignal}} options
   * @returns {Answer}
   */
  async *chat(request, { signal }) {
    const { concurrency, min_interval_ms: interval = 0 } = await limitsOf(this.#site, this.#ways);
    await this.#pace.enter({ concurrency, interval, signal });
    try {
      const way = this.#ways.best;
      if (!way) throw new AdapterError("site_changed", this.#ways.detail);
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
    const made = new Made(this.#site, call);
    const answer = way.chat(call);
    let parts = 0;
    try {
      for (;;) {
        const next = await answer.next();
        made.look();
        if (next.done) return this.#ended(next.value, made);
        parts += 1;
        yield next.value;
      }
    } catch (error) {
      const rescue = parts || call.signal.aborted ? null : await this.#settle(way, call, error);
      if (!rescue) throw error;
      return this.#ended(yield* rescue(), made);
    } finally {
      // Left early, the way must be left too: it stops the site.
      await answer.return(/** @type {any} */ (undefined));
      this.#clear(made, call);
    }
  }

  /**
   * What a failure before the first part says of the way and the page; everybody hears of it before the call fails.
   * @param {Way} way
   * @param {Call} call
   * @param {unknown} error
   * @returns {Promise<(() => Answer) | null>}  what brings the answer all the same
   * @throws {AdapterError}  in place of the failure
   */
  async #settle(way, call, error) {
    if (!(error instanceof AdapterError)) return null;
    if (error.kind === "again") this.#condition.leave(error.message);
    else if (error.kind === "site_changed") await this.#ways.lose(way, error.message);
    else return null;
    await this.#announce();
    if (error instanceof LostSight) return error.rescue;
    throw this.#again(error, call);
  }

  /**
   * The page must still show the conversation that is to be gone on with.
   * @param {Way} way
   * @param {Call} call
   */
  #mustBeOpen(way, { request }) {
    if (request.conversation === undefined || !way.page || this.#site.conversation() === request.conversation) return;
    throw new AdapterError("again", "The conversation is not open on the page any more.");
  }

  /**
   * @param {Finish} finish
   * @param {Made} made
   * @returns {Finish}
   */
  #ended(finish, made) {
    made.look();
    const open = finish.conversation ?? made.open;
    const reuses = this.#site.description.conversation?.mode === "thread" && open !== undefined;
    return { ...finish, ...(reuses ? { conversation: open } : {}) };
  }

  /**
   * The conversation of a call of its own is of no use to anybody after it.
   * @param {Made} made
   * @param {Call} call
   */
  #clear(made, { newChat, scope }) {
    const { delete: remove, mode } = this.#site.description.conversation ?? {};
    const conversation = made.own;
    if (!remove || mode !== "history" || !newChat || conversation === undefined) return;
    send(this.#site.http, remove.request, { ...scope, conversation }, { keepalive: true }).catch(() => {});
  }

  /**
   * @param {AdapterError} error
   * @param {Call} call
   */
  #again(error, { request }) {
    const other = this.#ways.best !== undefined || request.conversation !== undefined;
    if (error.kind === "again") return error;
    return other ? new AdapterError("again", error.message, { cause: error }) : error;
  }

  #refuse() {
    this.#condition.refuse();
    this.#models.forget();
  }

  /**
   * @param {Look} look
   * @param {unknown} error
   * @returns {AdapterStatus}
   */
  #withoutModels(look, error) {
    const { kind, message } = error instanceof AdapterError ? error : { kind: "internal", message: "" };
    if (kind === "login_required") this.#refuse();
    const { known } = this.#models;
    if (kind === "login_required") return { state: kind, detail: message, ...known };
    if (kind === "network") return { state: "unavailable", detail: message, ...known };
    // A site whose list of models cannot be read may still answer.
    const detail = [look.detail, `Its list of models cannot be read. ${message}`].join(" ").trim();
    return { ...look, detail, models: this.#models.default, ...known };
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
        if (brief(await this.#condition.look()) !== this.#told) await this.#announce();
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

/** The conversation that a call has made. One that was open before is the person's own, and so is any later one. */
class Made {
  #site;
  #saved;
  #before;
  /** @type {string | undefined} */ #shown;

  /**
   * @param {Site} site
   * @param {Call} call
   */
  constructor(site, { scope }) {
    this.#site = site;
    this.#saved = scope.saved;
    this.#before = site.conversation();
  }

  /** See what the page shows, now that the site has answered something. */
  look() {
    const now = this.#site.conversation();
    if (now !== this.#before) this.#shown ??= now;
  }

  /** @returns {string | undefined} */
  get own() {
    const { conversation } = this.#saved;
    return typeof conversation === "string" ? conversation : this.#shown;
  }

  /** The one to go on with. */
  get open() {
    return this.own ?? this.#site.conversation();
  }
}

/** @param {Look} look */
function brief({ state, reason, detail }) {
  return JSON.stringify([state, reason, detail]);
}
