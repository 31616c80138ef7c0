/**
 * The page-side program of a carried session: serves relay with the site that a description tells of, over a port.
 *
 * It holds the state of the protocol, so an answer survives the carrier. It knows no secret of relay: the token it
 * greets with is a placeholder, which the carrier replaces. See port_socket.js for the port; besides sockets it carries
 * - from the carrier `setup {setup}` (first on every port), `stop` (end for good), `pause`, `resume` (serve again) and
 *   `look` (see anew what the site can do);
 * - to the carrier `view {view}`, what a person may want to know, and `refused {detail}`: the description is no good.
 */

import { Bridge } from "../bridge/bridge.js";
import { taskQueue } from "../bridge/task.js";
import { Carrier } from "./port_socket.js";
import { Tally } from "./tally.js";

/**
 * @typedef {import("../bridge/adapter.js").Adapter} Adapter
 * @typedef {import("../bridge/bridge.js").BridgeOptions} BridgeOptions
 * @typedef {import("../bridge/frames.js").PageState} PageState
 *
 * @typedef {object} Setup
 * @property {import("../bridge/frames.js").Client} client
 * @property {any} description  The description of the site.
 * @property {string | null} session  The session id that this tab had.
 * @property {boolean} [paused]  Do not serve until `resume`.
 *
 * @typedef {Adapter & {close?: () => void, recheck?: () => void}} SiteAdapter
 *
 * @typedef {object} View
 * @property {{state: string, code?: number | undefined, detail?: string | undefined}} link
 * @property {Pick<PageState, "state" | "reason" | "detail"> & {account?: string}} site
 * @property {import("./tally.js").Counters} counters
 * @property {number} since  When this program began: counters begin anew with it.
 *
 * @typedef {object} Environment
 * @property {() => import("./port_socket.js").PortLike | null} connect  A new port to the carrier; null: never again.
 * @property {(description: any) => SiteAdapter} makeAdapter  Throws if the description is no good.
 * @property {() => void} [onend]  The program has ended.
 * @property {(error: unknown) => void} [onbug]
 * @property {Omit<NonNullable<BridgeOptions["seams"]>, "WebSocket">} [seams]
 * @property {(run: () => void) => import("../bridge/task.js").TaskQueue} [tasks]
 * @property {() => number} [now]
 */

/** Stands where the carrier puts the credential. */
const PLACEHOLDER = "carried";
/** How old counters may be that a person sees; states are told at once. */
const COUNTERS_MS = 500;

/**
 * Begin. There may be one program per document.
 * @param {Environment} environment
 * @returns {Program}
 */
export function start(environment) {
  return new Program(environment);
}

/** The program; made by {@link start}. */
export class Program {
  #environment;
  #carrier;
  #tasks;
  #now;
  #since;
  #tally = new Tally();
  /** @type {Bridge | null} */ #bridge = null;
  /** @type {SiteAdapter | null} */ #adapter = null;
  #description = "";
  #refusal = "";
  #told = "";
  #toldAt = 0;

  /** @param {Environment} environment */
  constructor(environment) {
    this.#environment = environment;
    this.#now = environment.now ?? Date.now;
    this.#since = this.#now();
    this.#tasks = (environment.tasks ?? taskQueue)(() => this.#tell());
    this.#carrier = new Carrier({
      connect: environment.connect,
      onmessage: (message) => this.#take(message),
      ongone: () => this.#end(),
    });
    this.#carrier.connect();
  }

  /** The carrier is back, or a person wants something: see that there is a port. */
  wake() {
    this.#carrier.connect();
  }

  /** @param {any} message */
  #take(message) {
    switch (message.type) {
      case "setup":
        this.#setUp(message.setup);
        break;
      case "stop":
        this.#end();
        break;
      case "pause":
        this.#bridge?.stop();
        break;
      case "resume":
        this.#bridge?.start();
        break;
      case "look":
        this.#adapter?.recheck?.();
        void this.#bridge?.refresh();
    }
  }

  /**
   * The first setup begins; a later one comes with every new port, and after something has changed.
   * @param {Setup} setup
   */
  #setUp(setup) {
    const description = JSON.stringify(setup.description);
    if (description !== this.#description) {
      this.#close();
      this.#description = description;
      this.#make(setup);
    }
    this.#told = "";
    this.#tasks.schedule();
    if (setup.paused) this.#bridge?.stop();
    else this.#bridge?.start();
  }

  /** @param {Setup} setup */
  #make({ client, description, session }) {
    const { makeAdapter, onbug, seams } = this.#environment;
    try {
      this.#adapter = makeAdapter(description);
    } catch (error) {
      onbug?.(error);
      this.#refusal = `The site description cannot be used: ${/** @type {Error} */ (error).message}`;
      this.#carrier.post({ type: "refused", detail: this.#refusal });
      return;
    }
    this.#bridge = new Bridge({
      url: "",
      adapter: this.#adapter,
      client,
      site: "",
      credentials: { get: () => PLACEHOLDER, set: () => {} },
      storage: { get: () => session, set: () => {} },
      onchange: () => this.#tasks.schedule(),
      ...(onbug ? { onbug } : {}),
      seams: { ...seams, WebSocket: this.#carrier.Socket },
    });
  }

  #close() {
    this.#bridge?.stop();
    this.#adapter?.close?.();
    this.#bridge = null;
    this.#adapter = null;
  }

  #end() {
    this.#close();
    this.#tasks.close();
    this.#carrier.disconnect();
    this.#environment.onend?.();
  }

  /** Say what changed: once a task at most, and mere counting not even that often. */
  #tell() {
    const view = this.#view();
    const state = JSON.stringify({ ...view, counters: view.counters.running });
    if (state === this.#told && this.#now() - this.#toldAt < COUNTERS_MS) return;
    this.#told = state;
    this.#toldAt = this.#now();
    this.#carrier.post({ type: "view", view });
  }

  /** @returns {View} */
  #view() {
    const since = this.#since;
    if (!this.#bridge) {
      const site = /** @type {const} */ ({ state: "unavailable", detail: this.#refusal });
      return { link: { state: "stopped" }, site, counters: this.#tally.count([]), since };
    }
    const { link, site, calls } = this.#bridge.view;
    const { state, reason, detail, account } = site;
    return {
      link: { state: link.state, code: link.code, detail: link.detail },
      site: {
        state,
        ...(reason ? { reason } : {}),
        ...(detail ? { detail } : {}),
        ...(account?.label ? { account: account.label } : {}),
      },
      counters: this.#tally.count(calls),
      since,
    };
  }
}
