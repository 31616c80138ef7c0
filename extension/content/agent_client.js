/**
 * The isolated world's end of the line to extension/page/agent.js. What comes from there is the page's word: it is
 * checked for its shape here, and for its meaning by whoever asked.
 */

import { globToRegExp } from "../bridge/site/match.js";

/**
 * @typedef {"fetch" | "xhr" | "websocket" | "eventsource"} Transport
 * @typedef {object} Traffic
 * @property {number} id
 * @property {string} url
 * @property {Transport} transport
 * @property {string} [method]
 * @property {Record<string, string>} [headers]
 * @property {string} [body]
 * @typedef {object} CaptureItem  `start` has the whole request, `response` the status; of a socket, each `text` is a
 *   frame. A capture sees what begins after it, and the frames of sockets that were open before.
 * @property {"start" | "response" | "text" | "sent" | "end" | "error"} kind
 * @property {Traffic} request
 * @property {string} [text]
 * @property {number} [status]
 * @property {string} [type]
 * @property {Record<string, string>} [headers]
 *
 * @typedef {Pick<typeof globalThis, "setTimeout" | "clearTimeout">} Timers
 * @typedef {{resolve: (value: any) => void, reject: (error: Error) => void}} Waiting
 */

const HELLO_MS = 2000;
const REPLY_MS = 10_000;
const KINDS = new Set(["start", "response", "text", "sent", "end", "error"]);

/**
 * The page cannot be spoken to, or what it was asked for failed; `name` is that of the page's error, `kind` and
 * `retryAfter` what the page says of it in the words of the bridge.
 */
export class AgentError extends Error {
  /**
   * @param {string} name
   * @param {string} message
   * @param {{kind?: string | undefined, retryAfter?: number | undefined}} [said]
   */
  constructor(name, message, { kind, retryAfter } = {}) {
    super(message);
    this.name = name;
    this.kind = kind;
    this.retryAfter = retryAfter;
  }
}

/**
 * @param {{window: Window, timeout?: number, timers?: Timers}} options
 * @returns {Promise<AgentClient>}
 * @throws {AgentError}  named `AgentMissing`, if nobody answers
 */
export function connectAgent({ window, timeout = HELLO_MS, timers = globalThis }) {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve, reject) => {
    const timer = timers.setTimeout(() => {
      port1.close();
      reject(new AgentError("AgentMissing", "relay's script is not in the page; reload the page"));
    }, timeout);
    port1.onmessage = () => {
      timers.clearTimeout(timer);
      resolve(new AgentClient(port1, { timers, origin: window.location.origin }));
    };
    window.postMessage({ relay: "agent" }, window.location.origin, [port2]);
  });
}

/** Asks the page's agent. */
export class AgentClient {
  #port;
  #timers;
  #origin;
  #last = 0;
  #closed = false;
  /** @type {Map<number, Waiting>} */ #waiting = new Map();

  /**
   * @param {MessagePort} port
   * @param {{timers?: Timers, origin?: string}} [options]  globs that begin with `/` are paths of `origin`
   */
  constructor(port, { timers = globalThis, origin = globalThis.location?.origin ?? "" } = {}) {
    this.#port = port;
    this.#timers = timers;
    this.#origin = origin;
    port.onmessage = ({ data }) => this.#reply(data);
  }

  /**
   * What stands at a dotted path from `window`; a function reads as `{callable: true}`.
   * @param {string} path
   * @returns {Promise<unknown>}
   */
  read(path) {
    return this.#ask({ op: "read", path }, { timeout: REPLY_MS });
  }

  /**
   * Call a function of the page. `{$signal: true}` in the arguments becomes an AbortSignal there.
   * @param {string} path
   * @param {unknown[]} [args]
   * @param {{signal?: AbortSignal | undefined, timeout?: number | undefined}} [options]
   * @returns {Promise<unknown>}
   */
  call(path, args = [], { signal, timeout } = {}) {
    return this.#ask({ op: "call", path, args }, { signal, timeout });
  }

  /**
   * Call a function of the page that answers with an iterable, and hand out its items. Leaving early stops it.
   * @param {string} path
   * @param {unknown[]} [args]
   * @param {{signal?: AbortSignal | undefined}} [options]
   * @returns {AsyncGenerator<unknown, unknown, void>}  returns what the page's iterator returned, or, if the function
   *   answered with no iterable, its answer
   */
  async *iterate(path, args = [], { signal } = {}) {
    const opened = await this.#ask({ op: "iterate", path, args }, { signal, timeout: REPLY_MS });
    return yield* this.#items(opened, signal);
  }

  /**
   * Watch the page's own traffic.
   * @param {{url: string, kinds?: Transport[]}} what  `url` is a glob
   * @param {{signal?: AbortSignal | undefined}} [options]
   * @returns {Promise<AsyncGenerator<CaptureItem, unknown, void>>}  when the capture is armed
   */
  async capture({ url, kinds = ["fetch", "xhr", "websocket", "eventsource"] }, { signal } = {}) {
    const pattern = globToRegExp(url, this.#origin);
    const opened = await this.#ask({ op: "capture", url: pattern, kinds }, { signal, timeout: REPLY_MS });
    const items = this.#captured(opened, signal);
    const leave = () => void this.#post({ op: "cancel", ...streamOf(opened) });
    // A generator that nobody has started would not notice that it is left.
    return Object.assign(Object.create(items), {
      next: () => items.next(),
      return: (/** @type {unknown} */ value) => {
        leave();
        return items.return(value);
      },
    });
  }

  /**
   * Send a frame on a socket that the page has open.
   * @param {string} url  a glob
   * @param {string} data
   * @returns {Promise<unknown>}
   */
  socketSend(url, data) {
    return this.#ask({ op: "socket_send", url: globToRegExp(url, this.#origin), data }, { timeout: REPLY_MS });
  }

  /** Give up: what still waits fails. */
  close() {
    this.#closed = true;
    this.#port.close();
    for (const { reject } of this.#waiting.values()) reject(new AgentError("AgentGone", "the page is gone"));
    this.#waiting.clear();
  }

  /**
   * @param {unknown} opened
   * @param {AbortSignal | undefined} signal
   * @returns {AsyncGenerator<CaptureItem, unknown, void>}
   */
  async *#captured(opened, signal) {
    for await (const item of this.#items(opened, signal)) if (isCaptured(item)) yield item;
    return undefined;
  }

  /**
   * @param {unknown} opened
   * @param {AbortSignal | undefined} signal
   * @returns {AsyncGenerator<unknown, unknown, void>}
   */
  async *#items(opened, signal) {
    const stream = streamOf(opened);
    let ended = false;
    try {
      for (;;) {
        const { items, done, value, error } = pulled(await this.#ask({ op: "pull", ...stream }, { signal }));
        ended = done;
        yield* items;
        if (error) throw error;
        if (done) return value;
      }
    } finally {
      if (!ended) this.#post({ op: "cancel", ...stream });
    }
  }

  /**
   * @param {Record<string, unknown>} command
   * @param {{signal?: AbortSignal | undefined, timeout?: number | undefined}} options
   * @returns {Promise<any>}
   */
  #ask(command, { signal, timeout }) {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw new AgentError("AgentGone", "the page is gone");
      signal?.throwIfAborted();
      const id = this.#post(command);
      const abort = () => {
        if (command.op === "call") this.#post({ op: "cancel", call: id });
        settle(reject)(signal?.reason);
      };
      const late = () => settle(reject)(new AgentError("TimeoutError", "the page does not answer"));
      const timer = timeout === undefined ? undefined : this.#timers.setTimeout(late, timeout);
      /** @param {(value: any) => void} end */
      const settle = (end) => (/** @type {any} */ value) => {
        this.#timers.clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
        this.#waiting.delete(id);
        end(value);
      };
      signal?.addEventListener("abort", abort, { once: true });
      this.#waiting.set(id, { resolve: settle(resolve), reject: settle(reject) });
    });
  }

  /** @param {Record<string, unknown>} command */
  #post(command) {
    this.#last += 1;
    this.#port.postMessage({ id: this.#last, ...command });
    return this.#last;
  }

  /** @param {any} reply */
  #reply(reply) {
    const waiting = this.#waiting.get(reply?.id);
    if (!waiting) return;
    if (reply.ok === true) waiting.resolve(reply.value);
    else waiting.reject(errorOf(reply.error));
  }
}

/**
 * @param {any} opened
 * @returns {{stream: number}}
 */
function streamOf(opened) {
  if (!Number.isInteger(opened?.stream)) throw new AgentError("AgentBroken", "the page answers nonsense");
  return { stream: opened.stream };
}

/**
 * @param {any} reply
 * @returns {{items: unknown[], done: boolean, value: unknown, error?: AgentError}}
 */
function pulled(reply) {
  if (!Array.isArray(reply?.items)) throw new AgentError("AgentBroken", "the page answers nonsense");
  const { items, done, value, error } = reply;
  return { items, done: done === true, value, ...(error ? { error: errorOf(error) } : {}) };
}

/**
 * @param {any} error
 * @returns {AgentError}
 */
function errorOf(error) {
  const message = typeof error?.message === "string" ? error.message.slice(0, 1000) : "the page failed";
  const kind = typeof error?.kind === "string" ? error.kind : undefined;
  const retryAfter = Number.isFinite(error?.retry_after) ? Number(error.retry_after) : undefined;
  return new AgentError(typeof error?.name === "string" ? error.name.slice(0, 64) : "Error", message, { kind, retryAfter });
}

/**
 * @param {any} item
 * @returns {item is CaptureItem}
 */
function isCaptured(item) {
  return (
    KINDS.has(item?.kind) &&
    Number.isInteger(item.request?.id) &&
    typeof item.request.url === "string" &&
    (item.text === undefined || typeof item.text === "string")
  );
}
