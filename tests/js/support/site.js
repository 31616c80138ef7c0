// Pretended chat pages for the adapters of sites: a document as far as it is looked at, its agent, its network.

/** @typedef {import("../../../extension/bridge/site/site.js").Environment} Environment */

export const ORIGIN = "https://a.example";

/** @returns {any} */
export function description(more = {}) {
  return { format: 1, id: "a", name: "A chat", version: "1", match: [`${ORIGIN}/*`], ...more };
}

/**
 * A clock that is moved by hand; whoever sleeps is woken when the time has come.
 */
export class Clock {
  time = 1_000_000;
  #last = 0;
  /** @type {Map<number, {at: number, run: () => void}>} */ #timers = new Map();

  now = () => this.time;
  timers = /** @type {any} */ ({
    setTimeout: (/** @type {() => void} */ run, /** @type {number} */ ms) => {
      this.#last += 1;
      this.#timers.set(this.#last, { at: this.time + ms, run });
      return this.#last;
    },
    clearTimeout: (/** @type {number} */ id) => void this.#timers.delete(id),
  });

  get waiting() {
    return this.#timers.size;
  }

  /** @param {number} ms */
  async pass(ms) {
    this.time += ms;
    for (const [id, { at, run }] of [...this.#timers]) {
      if (at > this.time || !this.#timers.delete(id)) continue;
      run();
    }
    await settled();
  }
}

/** Everything that waits for nothing but promises has happened. */
export async function settled() {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => void setImmediate(resolve));
}

/** A page: what its selectors find, its storage, its network. */
export class FakeSite {
  clock = new Clock();
  /** @type {Set<string>} */ shown = new Set();
  /** @type {Record<string, string>} */ stored = {};
  location = { origin: ORIGIN, href: `${ORIGIN}/chat` };
  cookie = "";
  readyState = "complete";
  /** @type {any[]} */ requests = [];
  /** @type {Record<string, (request: any) => Response | Promise<Response>>} */ answers = {};
  /** @type {any} */ agent = {};
  /** @type {any} */ dom = {};
  #uuids = 0;

  /** @returns {Environment} */
  get environment() {
    const element = () => ({ getClientRects: () => [{}], getAttribute: (/** @type {string} */ name) => `${name}!`, checkVisibility: () => true });
    const find = (/** @type {string} */ selector) => (this.shown.has(selector) ? element() : null);
    const site = this;
    return {
      agent: async () => this.agent,
      document: /** @type {any} */ ({
        get cookie() {
          return site.cookie;
        },
        get readyState() {
          return site.readyState;
        },
        querySelector: find,
        querySelectorAll: (/** @type {string} */ selector) => [find(selector)].filter(Boolean),
      }),
      location: this.location,
      localStorage: { getItem: (name) => this.stored[name] ?? null },
      sessionStorage: { getItem: (name) => this.stored[`session.${name}`] ?? null },
      fetch: /** @type {any} */ (this.#fetch),
      now: this.clock.now,
      timers: this.clock.timers,
      uuid: () => `u-${(this.#uuids += 1)}`,
      makeDom: () => this.dom,
    };
  }

  /**
   * Change the page.
   * @param {Partial<Pick<FakeSite, "readyState" | "stored">>} now
   */
  becomes(now) {
    Object.assign(this, now);
  }

  #fetch = async (/** @type {string} */ url, /** @type {any} */ init) => {
    const { pathname, search } = new URL(url);
    const request = { path: pathname + search, ...init };
    this.requests.push(request);
    const answer = this.answers[pathname];
    if (!answer) return new Response("Not Found", { status: 404 });
    init.signal?.throwIfAborted();
    return answer(request);
  };
}

/**
 * @param {...unknown} events  texts are sent as they are
 */
export function sse(...events) {
  const text = events.map((each) => (typeof each === "string" ? each : `data: ${JSON.stringify(each)}\n\n`)).join("");
  return new Response(text, { headers: { "content-type": "text/event-stream" } });
}
