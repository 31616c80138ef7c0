/**
 * The desk: which tabs serve relay, and what carries each of them. Whatever it holds in memory only, comes again by
 * itself: pages find a new worker, and tell it how they are.
 */

import { Carriage } from "./carriage.js";
import { conditionOf, viewOf } from "./condition.js";
import { isThere } from "./pairing.js";
import { patternOf } from "./scripts.js";

/**
 * @typedef {import("./carriage.js").PagePort} PagePort
 * @typedef {import("./seats.js").Seat} Seat
 * @typedef {{carriage: Carriage, document: string, view?: import("../content/main.js").View | undefined}} Live
 *
 * @typedef {object} DeskOptions
 * @property {import("./memory.js").Memory} memory
 * @property {import("./seats.js").Seats} seats
 * @property {import("./scripts.js").Scripts} scripts
 * @property {import("./catalog.js").Catalog} catalog
 * @property {Pick<typeof chrome.tabs, "get" | "query" | "update" | "reload">} tabs
 * @property {string} version  The extension's.
 * @property {() => void} onchange
 * @property {typeof fetch} [fetch]
 * @property {new (url: string) => WebSocket} [WebSocket]
 */

const CLOSE_UNKNOWN = 4401;
const BROKEN = 1006;

/** Serves the pages of connected tabs. */
export class Desk {
  #options;
  #memory;
  #seats;
  /** @type {Map<string, Live>} */ #live = new Map();
  /** @type {"up" | "down" | "refusing"} */ #reach = "up";

  /** @param {DeskOptions} options */
  constructor(options) {
    this.#options = options;
    this.#memory = options.memory;
    this.#seats = options.seats;
  }

  /**
   * A page of a connected site has come, or has come back.
   * @param {PagePort} port
   * @param {{tab: number, origin: string, document: string}} page
   */
  attach(port, { tab, origin, document }) {
    const seat = this.#seats.settle(tab, origin);
    const description = this.#options.catalog.get(this.#memory.local.sites[origin]?.adapter);
    if (!seat || !description) {
      port.postMessage({ type: "stop" });
      return;
    }
    const { id } = seat;
    this.#live.get(id)?.carriage.leave();
    if (seat.late !== null && seat.late !== document) this.#seats.note(id, { late: null });
    const { WebSocket } = this.#options;
    const carriage = new Carriage(port, {
      passport: () => this.#passport(id),
      onsession: (session) => this.#welcomed(id, session),
      onview: (view) => this.#see(id, carriage, view),
      onclosed: (code) => this.#closed(code),
      onend: () => this.#end(id, carriage),
      ...(WebSocket ? { WebSocket } : {}),
    });
    this.#live.set(id, { carriage, document });
    const client = { kind: /** @type {const} */ ("extension"), version: this.#options.version, carried: true };
    carriage.say({ type: "setup", setup: { client, description, session: seat.session, paused: seat.paused } });
    carriage.begin();
    void this.#options.tabs.update(tab, { autoDiscardable: false }).catch(() => {});
    this.#options.onchange();
  }

  /**
   * Have a tab serve relay.
   * @param {number} tab
   * @param {string} origin
   * @param {string} adapter
   */
  async connect(tab, origin, adapter) {
    const known = this.#memory.local.sites[origin];
    this.#memory.local.sites[origin] = { adapter };
    this.#memory.keep("sites");
    const seat = this.#seats.give(tab, origin);
    await this.keepScripts();
    if (known && known.adapter !== adapter) this.#restart(origin);
    if (this.#live.has(seat.id)) return;
    const document = await this.#options.scripts.begin(tab);
    const ways = this.#options.catalog.get(adapter)?.ways ?? [];
    if (document && ways.some(({ way }) => way === "socket" || way === "capture")) {
      this.#seats.note(seat.id, { late: document });
    }
    this.#options.onchange();
  }

  /** @param {string} id */
  async disconnect(id) {
    const seat = this.#seats.get(id);
    this.#live.get(id)?.carriage.stop();
    this.#live.delete(id);
    this.#seats.remove(id);
    await this.keepScripts();
    if (seat?.tab) await this.#options.tabs.update(seat.tab, { autoDiscardable: true }).catch(() => {});
    this.#options.onchange();
  }

  /**
   * @param {string} id
   * @param {boolean} paused
   */
  async pause(id, paused) {
    this.#seats.pause(id, paused);
    const live = this.#live.get(id);
    if (live) live.carriage.say({ type: paused ? "pause" : "resume" });
    else await this.look();
    this.#options.onchange();
  }

  /**
   * See anew what the site can do: the person says that it is all right now.
   * @param {string} id
   */
  recheck(id) {
    this.#live.get(id)?.carriage.say({ type: "look" });
  }

  /**
   * Leave a site, with everything that is known of it.
   * @param {string} origin
   */
  async forget(origin) {
    for (const { id } of this.#seats.all.filter((seat) => seat.origin === origin)) await this.disconnect(id);
    delete this.#memory.local.sites[origin];
    this.#memory.keep("sites");
    this.#options.onchange();
  }

  /** relay's scripts are in the pages of sites with seats or lessons, and nowhere else. */
  keepScripts() {
    const lessons = Object.values(this.#memory.session.lessons);
    return this.#options.scripts.keepTo([...new Set([...this.#seats.all, ...lessons].map(({ origin }) => origin))]);
  }

  /** Wake the pages that should have a socket and have none: timers of hidden tabs are slow, and those of dead workers gone. */
  async look() {
    const silent = this.#seats.all.filter(({ id, paused }) => !paused && !this.#live.get(id)?.carriage.busy);
    await Promise.all(silent.map(({ tab }) => tab !== null && this.#options.scripts.begin(tab, { wake: true })));
  }

  /** The browser, or a new version of this extension, has begun: go on with the tabs that are there. */
  async resume() {
    await this.keepScripts();
    for (const { id, origin, tab } of this.#seats.all) {
      if (this.#live.has(id)) continue;
      const open = tab === null ? await this.#options.tabs.query({ url: patternOf(origin) }).catch(() => []) : [{ id: tab }];
      for (const found of open) {
        if (found.id === undefined) continue;
        if ("discarded" in found && found.discarded) await this.#options.tabs.reload(found.id);
        else await this.#options.scripts.begin(found.id);
      }
    }
    this.#options.onchange();
  }

  /** relay is another now: who had no way to it, or the old one, tries again. */
  async paired() {
    this.#reach = "up";
    for (const { carriage } of this.#live.values()) carriage.say({ type: "pause" });
    for (const { id, paused } of this.#seats.all) if (!paused) this.#live.get(id)?.carriage.say({ type: "resume" });
    await this.look();
    this.#options.onchange();
  }

  /** All seats, as a person sees them. */
  report() {
    const { local } = this.#memory;
    const { pairing } = local;
    const relay = pairing && { refused: pairing.refused === true, reach: this.#reach, address: pairing.address };
    return this.#seats.all.map((seat) => {
      const { origin, paused, tab, id } = seat;
      const view = this.#live.get(id)?.view;
      const name = this.#options.catalog.get(local.sites[origin]?.adapter)?.name ?? origin;
      const { account } = view?.site ?? {};
      return {
        ...{ id, origin, paused, tab, name },
        condition: conditionOf(seat, view, relay),
        counters: view?.counters ?? null,
        ...(account ? { account } : {}),
      };
    });
  }

  /** @param {string} id */
  #passport(id) {
    const { pairing, sites } = this.#memory.local;
    const seat = this.#seats.get(id);
    if (!pairing || !seat) return null;
    const { origin, session } = seat;
    const papers = {
      version: this.#options.version,
      adapter: sites[origin]?.adapter ?? "",
      site: new URL(origin).hostname,
      session,
      credential: { token: pairing.token },
    };
    return { url: pairing.bridge, papers };
  }

  /**
   * @param {string} id
   * @param {string} session
   */
  #welcomed(id, session) {
    const { pairing } = this.#memory.local;
    this.#reach = "up";
    this.#seats.note(id, { session });
    if (pairing?.refused) {
      delete pairing.refused;
      this.#memory.keep("pairing");
    }
  }

  /** @param {number} code */
  #closed(code) {
    const { pairing } = this.#memory.local;
    if (!pairing) return;
    if (code === CLOSE_UNKNOWN) {
      pairing.refused = true;
      this.#memory.keep("pairing");
      this.#options.onchange();
    } else if (code === BROKEN) void this.#probe(pairing.address);
  }

  /** A handshake that relay refuses looks like a relay that is not there: ask in another way. @param {string} address */
  async #probe(address) {
    const there = await isThere(address, this.#options.fetch ?? fetch);
    this.#reach = there ? "refusing" : "down";
    this.#options.onchange();
  }

  /**
   * @param {string} id
   * @param {Carriage} carriage
   * @param {unknown} view
   */
  #see(id, carriage, view) {
    const live = this.#live.get(id);
    if (live?.carriage !== carriage) return;
    live.view = viewOf(view) ?? live.view;
    this.#options.onchange();
  }

  /**
   * @param {string} id
   * @param {Carriage} carriage
   */
  #end(id, carriage) {
    if (this.#live.get(id)?.carriage !== carriage) return;
    this.#live.delete(id);
    this.#options.onchange();
  }

  /** The site is described differently now. @param {string} origin */
  #restart(origin) {
    const client = { kind: /** @type {const} */ ("extension"), version: this.#options.version, carried: true };
    const description = this.#options.catalog.get(this.#memory.local.sites[origin]?.adapter);
    for (const { id, session, paused } of this.#seats.all.filter((seat) => seat.origin === origin)) {
      this.#live.get(id)?.carriage.say({ type: "setup", setup: { client, description, session, paused } });
    }
  }

  /** The description of these sites was edited. @param {string} adapter */
  redescribed(adapter) {
    for (const [origin, site] of Object.entries(this.#memory.local.sites)) {
      if (site.adapter === adapter) this.#restart(origin);
    }
  }
}
