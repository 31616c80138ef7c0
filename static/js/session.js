/**
 * This page's session with relay: which chat it offers, and when it may connect. It owns the bridge; views only read it.
 */

import { makeAdapter } from "./adapters.js";
import { runningOf } from "./calls.js";
import { isHeadless } from "./config.js";
import { AdapterError } from "/bridge/adapter.js";
import { Bridge } from "/bridge/bridge.js";

/**
 * @typedef {import("../../extension/bridge/frames.js").PageState} PageState
 * @typedef {import("../../extension/bridge/link.js").LinkStatus} LinkStatus
 * @typedef {import("../../extension/bridge/runner.js").CallView} CallView
 * @typedef {import("./config.js").AdapterName} AdapterName
 * @typedef {import("./config.js").Memory} Memory
 * @typedef {import("./config.js").PageConfig} PageConfig
 * @typedef {import("./headline.js").LinkPhase} LinkPhase
 *
 * @typedef {object} SessionView
 * @property {AdapterName} adapter
 * @property {LinkPhase} link
 * @property {boolean} pairing Whether the one-time code is on its way: a connection given up now would waste it.
 * @property {string} detail Why there is no link, or soon none, in relay's words; or empty.
 * @property {LinkStatus | undefined} status
 * @property {PageState} site
 * @property {boolean} downloadable Whether the chat lacks only a download.
 * @property {readonly CallView[]} calls
 */

/** Relay closes so when it does not know the credential, or the code is used up. */
const CLOSE_UNKNOWN = 4401;
/** Relay closes so when it does not speak this page's version of the protocol. */
const CLOSE_VERSION = 4409;

/** @type {Record<Exclude<LinkStatus["state"], "stopped">, LinkPhase>} */
const PHASES = { connecting: "connecting", online: "connected", waiting: "waiting", refused: "refused" };

/** How old the allowance shown may be after calls. */
const ALLOWANCE_AGE_MS = 30_000;

export class Session {
  /** @type {Bridge | undefined} */
  #bridge;
  /** @type {string | undefined} Until relay has taken or refused it: it works once, whatever this page does meanwhile. */
  #code;
  /** Whether the bridge is to be opened anew once relay has answered the code. */
  #overdue = false;
  /** @type {boolean | undefined} Unknown until the tabs have settled it. */
  #mine;
  #refreshedAt = 0;
  #running = 0;
  /** Why the last try failed, until one succeeds: a page that only tries again does not look as if it just started. */
  #trouble = "";
  /** Tells the link to try now instead of waiting. */
  #impatience = new EventTarget();

  /**
   * @param {object} options
   * @param {PageConfig} options.config
   * @param {Memory} options.memory
   * @param {string | undefined} options.code
   * @param {AdapterName} options.adapter
   * @param {() => void} options.onchange
   */
  constructor({ config, memory, code, adapter, onchange }) {
    this.config = config;
    this.memory = memory;
    this.onchange = onchange;
    /** @type {AdapterName} */
    this.adapter = adapter;
    this.#code = code;
  }

  /** @returns {SessionView} */
  get view() {
    const seen = this.#bridge?.view;
    return {
      adapter: this.adapter,
      link: this.#phase(seen?.link),
      pairing: this.#pairing,
      detail: this.#trouble,
      status: seen?.link,
      site: (this.#overdue ? undefined : seen?.site) ?? { state: "starting" },
      downloadable: !this.#overdue && (seen?.downloadable ?? false),
      calls: seen?.calls ?? [],
    };
  }

  /**
   * Whether this tab is the one that connects.
   *
   * @param {boolean} mine
   */
  allow(mine) {
    this.#mine = mine;
    this.#reopenSoon();
  }

  /** @param {string} code */
  pair(code) {
    this.#code = code;
    this.#reopen();
  }

  /** Another tab was paired, and its credential serves this one too; or the browser has forgotten the pairing. */
  followPairing() {
    const { link, pairing } = this.view;
    const forgotten = this.memory.token === undefined && !pairing;
    if (forgotten || link === "unpaired" || link === "refused") this.#reopen();
  }

  /** @param {AdapterName} adapter */
  use(adapter) {
    this.adapter = adapter;
    this.memory.rememberAdapter(adapter);
    this.#reopenSoon();
  }

  reconnect() {
    this.#impatience.dispatchEvent(new Event("reconnect"));
  }

  /**
   * Look again what the chat can do, unless that was done within the last `age` milliseconds.
   *
   * @param {number} [age]
   */
  async refresh(age = 0) {
    const now = Date.now();
    if (this.#bridge === undefined || now - this.#refreshedAt < age) return;
    this.#refreshedAt = now;
    await this.#bridge.refresh();
  }

  /**
   * Download what the chat lacks. Call it straight from a click: the browser wants one.
   *
   * @returns {Promise<string | undefined>} what went wrong, for a person
   */
  async download() {
    try {
      await this.#bridge?.download();
      return undefined;
    } catch (error) {
      if (!(error instanceof AdapterError)) throw error;
      return `${error.message} Try again.`;
    }
  }

  get #pairing() {
    return this.#code !== undefined && this.#bridge?.link.state === "connecting";
  }

  /** Now, unless the code is on its way: what it is exchanged for would come to nobody. */
  #reopenSoon() {
    this.#overdue = this.#pairing;
    if (this.#overdue) this.onchange();
    else this.#reopen();
  }

  #reopen() {
    this.#overdue = false;
    this.#bridge?.stop();
    this.#bridge = undefined;
    this.#trouble = "";
    if (this.#mine === true && (this.#code !== undefined || this.memory.token !== undefined)) this.#open();
    this.onchange();
  }

  #open() {
    const { config, memory, adapter } = this;
    const code = this.#code;
    const key = `relay.session.${adapter}`;
    this.#bridge = new Bridge({
      url: config.bridge_url,
      adapter: makeAdapter(adapter, config),
      client: { kind: isHeadless() ? "headless" : "page", version: config.version },
      site: siteOf(adapter, config),
      credentials: {
        get: () => memory.token ?? null,
        set: (token) => {
          memory.token = token;
        },
        ...(code !== undefined && { code }),
      },
      storage: { get: () => sessionStorage.getItem(key), set: (session) => sessionStorage.setItem(key, session) },
      onchange: () => this.#changed(),
      onbug: (error) => reportError(error),
      seams: { wakeups: this.#wakeups() },
    });
    this.#refreshedAt = Date.now();
    this.#bridge.start();
  }

  /** Calls use up the allowance, so it is looked at when the last one has ended. */
  #changed() {
    const { state, code, leaving = false, detail = "" } = this.#bridge?.link.status ?? {};
    if (state === "online" || code === CLOSE_UNKNOWN) this.#code = undefined;
    // Not at once: the token is kept only after the link is said to be up.
    if (this.#overdue && !this.#pairing) queueMicrotask(() => this.#overdue && this.#reopen());
    if (state === "online" && !leaving) this.#trouble = "";
    else if (state !== "connecting") this.#trouble = detail;
    const before = this.#running;
    this.#running = runningOf(this.view.calls);
    if (before > 0 && this.#running === 0) void this.refresh(ALLOWANCE_AGE_MS);
    this.onchange();
  }

  #wakeups() {
    return [
      { target: globalThis, types: ["online", "pageshow", "focus"] },
      { target: document, types: ["visibilitychange", "resume"] },
      { target: this.#impatience, types: ["reconnect"] },
    ];
  }

  /**
   * @param {LinkStatus | undefined} status
   * @returns {LinkPhase}
   */
  #phase(status) {
    if (status?.state === "connecting" && this.#trouble !== "") return "waiting";
    if (status?.code === CLOSE_VERSION) return "outdated";
    if (status?.leaving === true) return "leaving";
    if (status !== undefined && status.state !== "stopped") return PHASES[status.state];
    if (this.#mine === false) return "elsewhere";
    if (this.#mine === undefined) return "connecting";
    return "unpaired";
  }
}

/**
 * The host name of the chat, for relay's lists.
 *
 * @param {AdapterName} adapter
 * @param {PageConfig} config
 */
function siteOf(adapter, config) {
  return adapter === "puter" ? new URL(config.puter.gui_origin).hostname : location.hostname;
}
