/**
 * Everything a page needs to serve relay with one adapter, wired up: protocol, link, runner, and the adapter's status.
 *
 * ```js
 * const bridge = new Bridge({ url, adapter, client, site, credentials, storage, onchange: render });
 * bridge.start();
 * ```
 */

import { Link } from "./link.js";
import { PageProtocol } from "./protocol.js";
import { CallRunner } from "./runner.js";

/** @typedef {import("./link.js").LinkOptions} LinkOptions */

/**
 * @typedef {object} BridgeView  What a person may want to see.
 * @property {import("./link.js").LinkStatus} link
 * @property {import("./adapter.js").AdapterStatus} site
 * @property {boolean} downloadable  Whether `download` is worth a button.
 * @property {readonly import("./runner.js").CallView[]} calls  Newest last.
 *
 * @typedef {object} BridgeOptions
 * @property {string} url
 * @property {import("./adapter.js").Adapter} adapter
 * @property {import("./frames.js").Client} client
 * @property {string} site  Host name of the chat.
 * @property {import("./link.js").Credentials} credentials
 * @property {import("./link.js").SessionStorage} [storage]
 * @property {(view: BridgeView) => void} [onchange]  Called often while answers stream: paint at most once a frame.
 * @property {(error: unknown) => void} [onbug]
 * @property {Partial<Pick<LinkOptions, "WebSocket" | "random" | "timers" | "tasks" | "wakeups">>} [seams]
 */

/** Failures after which the site's own state has probably changed. */
const TELLING = new Set(["login_required", "blocked", "quota_exhausted", "site_changed"]);

/** One session: an adapter that serves relay. */
export class Bridge {
  /** @type {BridgeOptions} */ #options;
  /** @type {import("./adapter.js").AdapterStatus} */ #site = { state: "starting" };
  #looks = 0;
  /** The look at the site that `#site` is from. */
  #told = 0;

  /** @param {BridgeOptions} options */
  constructor(options) {
    this.#options = options;
    const { url, adapter, client, site, credentials, storage, onbug, seams } = options;
    const changed = () => this.#options.onchange?.(this.view);
    const flush = () => this.link.flush();
    this.protocol = new PageProtocol();
    this.runner = new CallRunner({
      adapter,
      protocol: this.protocol,
      flush,
      onchange: changed,
      onfailure: ({ kind }) => void (TELLING.has(kind) && this.refresh()),
      ...(onbug ? { onbug } : {}),
    });
    this.link = new Link({
      url,
      protocol: this.protocol,
      hello: { client, adapter: adapter.id, site },
      credentials,
      ...(storage ? { storage } : {}),
      onchange: changed,
      onstart: this.runner.start,
      onabort: this.runner.abort,
      onroom: this.runner.room,
      ...seams,
    });
    adapter.onstatus?.((status) => this.#tell(status, this.#nextLook()));
  }

  /** @returns {BridgeView} */
  get view() {
    const downloadable = this.#options.adapter.downloadable === true;
    return { link: this.link.status, site: this.#site, downloadable, calls: this.runner.calls };
  }

  /** Connect, and look what the site can do. */
  start() {
    this.#tell(this.#site, this.#nextLook());
    this.link.start();
    void this.refresh();
  }

  /** Disconnect for good. */
  stop() {
    this.link.stop();
  }

  /** Look again what the site can do, e.g. after a sign-in. */
  async refresh() {
    const look = this.#nextLook();
    try {
      this.#tell(await this.#options.adapter.status(), look);
    } catch (error) {
      this.#options.onbug?.(error);
      this.#tell({ state: "unavailable", detail: "This page cannot tell what the site can do. Reload it." }, look);
    }
  }

  /**
   * Fetch what the site lacks. Call it straight from a click.
   * @throws {import("./adapter.js").AdapterError}
   */
  async download() {
    await this.#options.adapter.download?.();
  }

  #nextLook() {
    this.#looks += 1;
    return this.#looks;
  }

  /**
   * @param {import("./adapter.js").AdapterStatus} status
   * @param {number} look  One that began earlier and ends later is no news: there may have been a sign-out between.
   */
  #tell(status, look) {
    if (look < this.#told) return;
    this.#told = look;
    this.#site = status;
    this.protocol.setState(status);
    this.link.flush();
    this.#options.onchange?.(this.view);
  }
}
