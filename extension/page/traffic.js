/**
 * What the agent's captures hear of the page's own traffic, and how a function of the page is replaced to hear it.
 * Without a capture that matches, traffic passes through untouched.
 */

/**
 * @typedef {"fetch" | "xhr" | "websocket" | "eventsource"} Transport
 * @typedef {object} Traffic  One request or socket of the page.
 * @property {number} id
 * @property {string} url
 * @property {Transport} transport
 * @property {string} [method]
 * @property {Record<string, string>} [headers]
 * @property {string} [body]
 * @typedef {"start" | "response" | "text" | "sent" | "end" | "error"} ItemKind
 * @typedef {{text?: string, status?: number, type?: string, headers?: Record<string, string>}} ItemMore
 * @typedef {{url: RegExp, kinds: Transport[], stream: import("./streams.js").Stream}} Capture
 *
 * @typedef {object} Watching
 * @property {Set<Capture>} captures
 * @property {() => number} nextId  For a request or socket that begins.
 * @property {(transport: Transport, url: string) => Capture[]} watchers
 * @property {(watching: Capture[], kind: ItemKind, traffic: Traffic, more?: ItemMore) => void} tell
 * @property {(url: string | URL) => string} absolute
 * @property {(body: unknown) => {body?: string}} bodyOf
 * @property {(owner: object, name: string, handler: ProxyHandler<any>) => any} wrap
 * @property {(name: string, made: (instance: any, args: any[]) => void) => void} wrapConstructor
 */

(() => {
  /** @type {import("./values.js").Pieces | true | undefined} */
  const pieces = /** @type {any} */ (window)[Symbol.for("relay.agent")];
  if (typeof pieces !== "object") return;
  const { push, finish } = pieces.streams;

  const MOST_CAPTURED = 8 * 1024 * 1024;

  /** @type {Set<Capture>} */
  const captures = new Set();
  let requests = 0;

  function nextId() {
    requests += 1;
    return requests;
  }

  /**
   * @param {Transport} transport
   * @param {string} url
   * @returns {Capture[]}
   */
  function watchers(transport, url) {
    if (!captures.size) return [];
    return [...captures].filter((each) => each.kinds.includes(transport) && each.url.test(url));
  }

  /**
   * @param {Capture[]} watching
   * @param {ItemKind} kind
   * @param {Traffic} traffic
   * @param {ItemMore} [more]
   */
  function tell(watching, kind, traffic, more = {}) {
    const request = kind === "start" ? traffic : { id: traffic.id, url: traffic.url, transport: traffic.transport };
    for (const capture of watching) {
      if (!captures.has(capture)) continue;
      push(capture.stream, { kind, request, ...more });
      if (capture.stream.size <= MOST_CAPTURED) continue;
      captures.delete(capture);
      finish(capture.stream, { error: new RangeError("more was captured than is read") });
    }
  }

  /** @param {string | URL} url */
  function absolute(url) {
    try {
      return new URL(url, document.baseURI).href;
    } catch {
      return String(url);
    }
  }

  /**
   * @param {unknown} body
   * @returns {{body?: string}}
   */
  function bodyOf(body) {
    if (typeof body === "string") return { body };
    return body instanceof URLSearchParams ? { body: String(body) } : {};
  }

  /**
   * A function in the place of another that looks the same: name, length, text, statics, `new` and `instanceof`.
   * @param {object} owner
   * @param {string} name
   * @param {ProxyHandler<any>} handler
   * @returns {any}
   */
  function wrap(owner, name, handler) {
    const found = Object.getOwnPropertyDescriptor(owner, name);
    if (!found || typeof found.value !== "function" || found.configurable === false) return undefined;
    const wrapped = new Proxy(found.value, handler);
    Object.defineProperty(owner, name, { ...found, value: wrapped });
    return wrapped;
  }

  /**
   * @param {string} name
   * @param {(instance: any, args: any[]) => void} made
   */
  function wrapConstructor(name, made) {
    const wrapped = wrap(window, name, {
      construct(target, args, newTarget) {
        const instance = Reflect.construct(target, args, newTarget === wrapped ? target : newTarget);
        made(instance, args);
        return instance;
      },
    });
    if (!wrapped) return;
    const { prototype } = wrapped;
    const constructor = Object.getOwnPropertyDescriptor(prototype, "constructor");
    if (constructor?.configurable) Object.defineProperty(prototype, "constructor", { ...constructor, value: wrapped });
  }

  pieces.traffic = { captures, nextId, watchers, tell, absolute, bodyOf, wrap, wrapConstructor };
})();
