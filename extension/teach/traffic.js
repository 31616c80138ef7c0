/** What the page asks and receives while it is watched; kept in memory only, and dropped at the end. */

/**
 * @typedef {import("../content/agent_client.js").AgentClient} AgentClient
 * @typedef {import("./network.js").Exchange} Exchange
 */

const MOST = 4 * 1024 * 1024;

/** Watches all traffic of the page, from when it is made until it is closed. */
export class Traffic {
  #ending = new AbortController();
  /** @type {Map<number, Exchange & {open: boolean}>} */ #exchanges = new Map();
  #size = 0;
  /** When something came last. */
  changed = Date.now();

  /**
   * Resolves when the page is being watched.
   * @param {Pick<AgentClient, "capture">} agent
   */
  static async of(agent) {
    const traffic = new Traffic();
    void traffic.#read(await agent.capture({ url: "*" }, { signal: traffic.#ending.signal }));
    return traffic;
  }

  /** Whether an answer to a request is still coming. */
  get open() {
    return [...this.#exchanges.values()].some(({ open, transport, texts }) => open && texts.length > 0 && (transport === "fetch" || transport === "xhr"));
  }

  /** What came, without what brought nothing. @returns {Exchange[]} */
  get exchanges() {
    return [...this.#exchanges.values()].filter(({ texts }) => texts.length > 0);
  }

  /** Stop watching, and forget. */
  close() {
    this.#ending.abort();
    this.#exchanges.clear();
  }

  /** @param {AsyncGenerator<import("../content/agent_client.js").CaptureItem, unknown, void>} items */
  async #read(items) {
    try {
      for await (const item of items) this.take(item);
    } catch (error) {
      // What was seen until now is still of use; without anything, the page itself is read.
      if (!this.#ending.signal.aborted && !(error instanceof Error)) throw error;
    }
  }

  /** @param {import("../content/agent_client.js").CaptureItem} item */
  take({ kind, request: { id, url, transport }, type, text = "" }) {
    const exchange = this.#exchanges.get(id) ?? { url, transport, texts: [], open: true };
    this.#exchanges.set(id, exchange);
    if (kind === "response" && type !== undefined) exchange.type = type;
    if (kind === "end" || kind === "error") exchange.open = false;
    if (kind !== "text" || this.#size + text.length > MOST) return;
    exchange.texts.push(text);
    this.#size += text.length;
    this.changed = Date.now();
  }
}
