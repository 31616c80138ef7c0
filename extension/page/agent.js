/**
 * relay's hand in the page's own world (MAIN): reads values, calls functions, watches the page's own traffic.
 *
 * A classic script, run at document_start, before the page's own scripts. It talks to extension/content/agent_client.js
 * over a MessagePort that came with the message `{relay: "agent"}`. Everything here is in the page's reach, so nothing
 * here is secret. Without a capture that matches, traffic passes through untouched.
 */

(() => {
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
   * @typedef {{items: unknown[], size: number, done: boolean, value?: unknown, error?: unknown, wake: () => void, room: () => void, stop: () => void}} Stream
   * @typedef {{url: RegExp, kinds: Transport[], stream: Stream}} Capture
   * @typedef {{id: number, op: string, [field: string]: any}} Command
   */

  const MARK = Symbol.for("relay.agent");
  const page = /** @type {any} */ (window);
  if (page[MARK]) return;
  Object.defineProperty(page, MARK, { value: true });

  const DEEPEST = 12;
  const MOST_VALUES = 50_000;
  /** How far a page's iterator, or its network, may be ahead of the reader (items, characters). */
  const AHEAD_ITEMS = 64;
  const AHEAD_CHARACTERS = 256 * 1024;
  const MOST_CAPTURED = 8 * 1024 * 1024;
  /** How many bytes of a watched answer may wait for the page to read them. */
  const READ_AHEAD = 1024 * 1024;
  const TEXTUAL = /^$|^text\/|json|event-stream|xml|javascript|urlencoded/i;

  /** @type {Set<Capture>} */ const captures = new Set();
  /** @type {Map<WebSocket, Traffic>} */ const sockets = new Map();
  let requests = 0;

  // ---- values -------------------------------------------------------------------------------------------------

  /**
   * @param {string} path
   * @returns {{self: any, value: any}}
   */
  function find(path) {
    /** @type {any} */ let self = undefined;
    /** @type {any} */ let value = page;
    for (const name of path.split(".")) {
      self = value;
      value = value === undefined || value === null ? undefined : value[name];
    }
    return { self, value };
  }

  /**
   * A copy that can be posted: functions become `{callable: true}`, what has no copy is left out.
   * @param {unknown} value
   * @param {{left: number}} [budget]
   * @param {number} [depth]
   * @returns {any}
   */
  function plain(value, budget = { left: MOST_VALUES }, depth = 0) {
    if (typeof value === "function") return { callable: true };
    if (typeof value === "symbol") return undefined;
    if (typeof value !== "object" || value === null) return value;
    if (value instanceof Blob || value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return value;
    if (value instanceof Error) return { name: value.name, message: value.message };
    budget.left -= 1;
    if (depth >= DEEPEST || budget.left < 0 || value instanceof Node) return undefined;
    if (Array.isArray(value)) return value.map((each) => plain(each, budget, depth + 1));
    /** @type {Record<string, unknown>} */
    const copy = {};
    for (const [name, each] of Object.entries(value)) {
      const kept = plain(each, budget, depth + 1);
      if (kept !== undefined) copy[name] = kept;
    }
    return copy;
  }

  /**
   * The arguments of a call, with the signal where its mark stands.
   * @param {any} value
   * @param {AbortSignal} signal
   * @returns {any}
   */
  function withSignal(value, signal) {
    if (Array.isArray(value)) return value.map((each) => withSignal(each, signal));
    if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
    if (value.$signal === true) return signal;
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withSignal(each, signal)]));
  }

  /**
   * @param {unknown} error
   * @returns {{name: string, message: string, kind?: string, retry_after?: number}}
   */
  function asError(error) {
    const { name, message, kind, retry_after: after } = /** @type {any} */ (error ?? {});
    if (typeof message === "string") {
      const said = typeof kind === "string" ? { kind, ...(typeof after === "number" ? { retry_after: after } : {}) } : {};
      return { name: String(name ?? "Error"), message, ...said };
    }
    return { name: "Error", message: typeof error === "string" ? error : "the page threw something that is no error" };
  }

  // ---- streams ------------------------------------------------------------------------------------------------

  /**
   * @param {() => void} stop
   * @returns {Stream}
   */
  function makeStream(stop) {
    return { items: [], size: 0, done: false, wake: () => {}, room: () => {}, stop };
  }

  /**
   * @param {Stream} stream
   * @param {unknown} item
   */
  function push(stream, item) {
    if (stream.done) return;
    stream.items.push(item);
    stream.size += typeof item === "string" ? item.length : (/** @type {any} */ (item)?.text?.length ?? 0) + 100;
    stream.wake();
  }

  /**
   * @param {Stream} stream
   * @param {{value?: unknown, error?: unknown}} [result]
   */
  function finish(stream, result = {}) {
    if (stream.done) return;
    Object.assign(stream, result, { done: true });
    stream.wake();
  }

  /**
   * Read an iterator of the page into a stream, never far ahead of who reads that.
   * @param {Stream} stream
   * @param {AsyncIterator<unknown> | Iterator<unknown>} iterator
   */
  async function pump(stream, iterator) {
    stream.stop = ((stop) => () => {
      stop();
      // A generator that hangs must not hold up anything.
      void Promise.resolve(iterator.return?.()).catch(() => {});
    })(stream.stop);
    try {
      while (!stream.done) {
        const next = await iterator.next();
        if (next.done) finish(stream, { value: plain(next.value) });
        else push(stream, plain(next.value));
        while (!stream.done && (stream.items.length >= AHEAD_ITEMS || stream.size >= AHEAD_CHARACTERS)) {
          await new Promise((resolve) => {
            stream.room = () => resolve(undefined);
          });
        }
      }
    } catch (error) {
      finish(stream, { error });
    }
  }

  /**
   * @param {any} value
   * @returns {AsyncIterator<unknown> | Iterator<unknown> | undefined}
   */
  function iteratorOf(value) {
    if (typeof value !== "object" || value === null) return undefined;
    if (typeof value[Symbol.asyncIterator] === "function") return value[Symbol.asyncIterator]();
    if (!Array.isArray(value) && typeof value[Symbol.iterator] === "function") return value[Symbol.iterator]();
    return typeof value.next === "function" ? value : undefined;
  }

  // ---- watching -----------------------------------------------------------------------------------------------

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
    const wrapped = wrap(page, name, {
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

  // ---- fetch --------------------------------------------------------------------------------------------------

  /**
   * @param {any} input
   * @param {any} init
   * @returns {Traffic}
   */
  function fetchTraffic(input, init) {
    const request = input instanceof Request ? input : undefined;
    const method = String(init?.method ?? request?.method ?? "GET").toUpperCase();
    requests += 1;
    return {
      id: requests,
      url: request ? request.url : absolute(input),
      transport: "fetch",
      method,
      headers: headersOf(init?.headers ?? request?.headers),
      ...bodyOf(init?.body),
    };
  }

  /** @param {any} headers */
  function headersOf(headers) {
    try {
      return Object.fromEntries(new Headers(headers));
    } catch {
      return {};
    }
  }

  /**
   * The page's answer, seen on its way: the page reads as it likes and can cancel. Reading goes ahead of the page by
   * a bound, so that a page that waits for animation frames in a hidden tab does not hold up the capture.
   * @param {Response} response
   * @param {Capture[]} watching
   * @param {Traffic} traffic
   * @returns {Response}
   */
  function seen(response, watching, traffic) {
    const type = response.headers.get("content-type") ?? "";
    const headers = Object.fromEntries(response.headers);
    tell(watching, "response", traffic, { status: response.status, type, headers });
    if (!response.body || response.bodyUsed || !TEXTUAL.test(type) || response.type === "opaque") {
      tell(watching, "end", traffic);
      return response;
    }
    const body = watchedBody(response.body.getReader(), watching, traffic);
    const copy = new Response(body, { status: response.status, statusText: response.statusText, headers: response.headers });
    return dressed(copy, response);
  }

  /**
   * A copy of a response cannot be told its address and type by its constructor.
   * @param {Response} copy
   * @param {Response} original
   * @returns {Response}
   */
  function dressed(copy, original) {
    const { url, type, redirected } = original;
    const clone = () => dressed(Response.prototype.clone.call(copy), original);
    for (const [name, value] of Object.entries({ url, type, redirected, clone })) {
      Object.defineProperty(copy, name, { value, configurable: true });
    }
    return copy;
  }

  /**
   * @param {ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>} reader
   * @param {Capture[]} watching
   * @param {Traffic} traffic
   */
  function watchedBody(reader, watching, traffic) {
    const decoder = new TextDecoder();
    /** @param {string} text */
    const say = (text) => {
      if (text) tell(watching, "text", traffic, { text });
    };
    return new ReadableStream(
      {
        type: "bytes",
        async pull(controller) {
          try {
            const { value, done } = await reader.read();
            if (done) {
              say(decoder.decode());
              tell(watching, "end", traffic);
              controller.close();
              controller.byobRequest?.respond(0);
            } else if (value.length) {
              say(decoder.decode(value, { stream: true }));
              controller.enqueue(value);
            }
          } catch (error) {
            tell(watching, "error", traffic, { text: asError(error).message });
            controller.error(error);
          }
        },
        cancel(reason) {
          tell(watching, "error", traffic, { text: "the page stopped reading" });
          return reader.cancel(reason);
        },
      },
      { highWaterMark: READ_AHEAD },
    );
  }

  wrap(page, "fetch", {
    apply(target, self, args) {
      if (!captures.size) return Reflect.apply(target, self, args);
      const traffic = fetchTraffic(args[0], args[1]);
      const watching = watchers("fetch", traffic.url);
      if (!watching.length) return Reflect.apply(target, self, args);
      const { body } = traffic;
      const copy = body === undefined && args[0] instanceof Request && args[0].body ? args[0].clone() : null;
      const answer = Reflect.apply(target, self, args);
      const started = copy ? copy.text().then((text) => ({ ...traffic, body: text }), () => traffic) : traffic;
      return followed(answer, started, watching);
    },
  });

  /**
   * @param {Promise<Response>} answer
   * @param {Traffic | Promise<Traffic>} started
   * @param {Capture[]} watching
   */
  async function followed(answer, started, watching) {
    // Waited for together: the body that the page sent is there long before the answer is.
    answer.catch(() => {});
    const traffic = await started;
    tell(watching, "start", traffic);
    try {
      return seen(await answer, watching, traffic);
    } catch (error) {
      tell(watching, "error", traffic, { text: asError(error).message });
      throw error;
    }
  }

  // ---- XMLHttpRequest -----------------------------------------------------------------------------------------

  /** @type {WeakMap<XMLHttpRequest, Traffic>} */
  const opened = new WeakMap();
  const Xhr = page.XMLHttpRequest?.prototype;
  if (Xhr) {
    wrap(Xhr, "open", {
      apply(target, self, args) {
        requests += 1;
        opened.set(self, {
          id: requests,
          url: absolute(args[1]),
          transport: "xhr",
          method: String(args[0]).toUpperCase(),
          headers: {},
        });
        return Reflect.apply(target, self, args);
      },
    });
    wrap(Xhr, "setRequestHeader", {
      apply(target, self, args) {
        const headers = opened.get(self)?.headers;
        if (headers) headers[String(args[0]).toLowerCase()] = String(args[1]);
        return Reflect.apply(target, self, args);
      },
    });
    wrap(Xhr, "send", {
      apply(target, self, args) {
        const traffic = captures.size ? opened.get(self) : undefined;
        if (traffic) watchXhr(self, { ...traffic, ...bodyOf(args[0]) });
        return Reflect.apply(target, self, args);
      },
    });
  }

  /**
   * @param {XMLHttpRequest} xhr
   * @param {Traffic} traffic
   */
  function watchXhr(xhr, traffic) {
    const watching = watchers("xhr", traffic.url);
    if (!watching.length) return;
    tell(watching, "start", traffic);
    let told = 0;
    let answered = false;
    const more = () => {
      if (!answered && xhr.readyState >= 2) {
        answered = true;
        const type = xhr.getResponseHeader("content-type") ?? "";
        tell(watching, "response", traffic, { status: xhr.status, type });
      }
      const text = xhrText(xhr);
      if (text.length > told) tell(watching, "text", traffic, { text: text.slice(told) });
      told = Math.max(told, text.length);
    };
    const end = (/** @type {ItemKind} */ kind, /** @type {ItemMore} */ said) => () => {
      more();
      tell(watching, kind, traffic, said);
    };
    xhr.addEventListener("readystatechange", more);
    xhr.addEventListener("progress", more);
    xhr.addEventListener("load", end("end", {}), { once: true });
    for (const event of ["error", "abort", "timeout"]) {
      xhr.addEventListener(event, end("error", { text: `the request ended with ${event}` }), { once: true });
    }
  }

  /** @param {XMLHttpRequest} xhr */
  function xhrText(xhr) {
    if (xhr.responseType === "" || xhr.responseType === "text") return xhr.readyState >= 3 ? xhr.responseText : "";
    return xhr.responseType === "json" && xhr.readyState === 4 ? JSON.stringify(xhr.response ?? null) : "";
  }

  // ---- sockets ------------------------------------------------------------------------------------------------

  wrapConstructor("WebSocket", (/** @type {WebSocket} */ socket) => {
    requests += 1;
    /** @type {Traffic} */
    const traffic = { id: requests, url: socket.url, transport: "websocket" };
    const watching = () => watchers("websocket", traffic.url);
    sockets.set(socket, traffic);
    tell(watching(), "start", traffic);
    socket.addEventListener("message", ({ data }) => {
      if (captures.size && typeof data === "string") tell(watching(), "text", traffic, { text: data });
    });
    socket.addEventListener("close", () => {
      sockets.delete(socket);
      tell(watching(), "end", traffic);
    });
  });

  const nativeSend = page.WebSocket?.prototype.send;
  if (nativeSend) {
    wrap(page.WebSocket.prototype, "send", {
      apply(target, self, args) {
        const traffic = captures.size ? sockets.get(self) : undefined;
        if (traffic && typeof args[0] === "string") {
          tell(watchers("websocket", traffic.url), "sent", traffic, { text: args[0] });
        }
        return Reflect.apply(target, self, args);
      },
    });
  }

  /** @type {WeakMap<EventSource, {traffic: Traffic, types: Set<string>}>} */
  const sources = new WeakMap();
  const nativeListen = page.EventTarget?.prototype.addEventListener;
  wrapConstructor("EventSource", (/** @type {EventSource} */ source) => {
    requests += 1;
    /** @type {Traffic} */
    const traffic = { id: requests, url: source.url, transport: "eventsource", method: "GET" };
    const watching = () => watchers("eventsource", traffic.url);
    sources.set(source, { traffic, types: new Set() });
    tell(watching(), "start", traffic);
    watchEvents(source, "message");
    nativeListen.call(source, "error", (/** @type {Event} */ event) => {
      if (!("data" in event) && source.readyState === 2) tell(watching(), "end", traffic);
    });
  });

  /**
   * Named events come only to who listens for their name: the agent listens for what the page does.
   * @param {EventSource} source
   * @param {string} type
   */
  function watchEvents(source, type) {
    const known = sources.get(source);
    if (!known || known.types.has(type) || type === "open") return;
    known.types.add(type);
    const { traffic } = known;
    nativeListen.call(source, type, (/** @type {MessageEvent} */ { data }) => {
      if (!captures.size || typeof data !== "string") return;
      const lines = data.split("\n").map((line) => `data: ${line}\n`);
      const text = `${type === "message" ? "" : `event: ${type}\n`}${lines.join("")}\n`;
      tell(watchers("eventsource", traffic.url), "text", traffic, { text });
    });
  }

  const EventSourcePrototype = page.EventSource?.prototype;
  if (EventSourcePrototype && nativeListen) {
    const listen = new Proxy(nativeListen, {
      apply(target, self, args) {
        const listening = Reflect.apply(target, self, args);
        watchEvents(self, String(args[0]));
        return listening;
      },
    });
    const found = Object.getOwnPropertyDescriptor(page.EventTarget.prototype, "addEventListener");
    Object.defineProperty(EventSourcePrototype, "addEventListener", { ...found, value: listen });
  }

  // ---- commands -----------------------------------------------------------------------------------------------

  /** Serves one client. */
  class Desk {
    /** @type {Map<number, Stream>} */ #streams = new Map();
    /** @type {Map<number, AbortController>} */ #calls = new Map();
    /** @type {(message: any) => void} */ #post;
    #last = 0;

    /** @param {MessagePort} port */
    constructor(port) {
      this.#post = (message) => port.postMessage(message);
      port.onmessage = ({ data }) => void this.#serve(data);
      port.addEventListener("close", () => this.#leave());
      this.#post({ ready: true });
    }

    /** Whoever asked is gone: nothing is watched or run for nobody. */
    #leave() {
      for (const controller of this.#calls.values()) controller.abort();
      for (const stream of this.#streams.keys()) this.#cancel({ id: 0, op: "cancel", stream });
    }

    /** @param {Command} command */
    async #serve(command) {
      const { id } = command;
      try {
        const value = await this.#run(command);
        this.#post({ id, ok: true, value });
      } catch (error) {
        this.#post({ id, error: asError(error) });
      }
    }

    /** @param {Command} command */
    #run(command) {
      switch (command.op) {
        case "read":
          return plain(find(command.path).value);
        case "call":
          return this.#call(command);
        case "iterate":
          return this.#iterate(command);
        case "pull":
          return this.#pull(command.stream);
        case "cancel":
          return this.#cancel(command);
        case "capture":
          return this.#capture(command);
        case "socket_send":
          return socketSend(command);
        default:
          throw new TypeError(`the page's agent does not know ${command.op}`);
      }
    }

    /** @param {Command} command */
    async #call({ id, path, args }) {
      const controller = new AbortController();
      this.#calls.set(id, controller);
      try {
        return plain(await invoke(path, args, controller.signal));
      } finally {
        this.#calls.delete(id);
      }
    }

    /** @param {Command} command */
    async #iterate({ path, args }) {
      const controller = new AbortController();
      const stream = makeStream(() => controller.abort());
      const key = this.#keep(stream);
      // Not awaited: a page may take long to begin, and must be stoppable all the while.
      void (async () => {
        try {
          const answer = await invoke(path, args, controller.signal);
          const iterator = iteratorOf(answer);
          if (iterator) await pump(stream, iterator);
          else finish(stream, { value: plain(answer) });
        } catch (error) {
          finish(stream, { error });
        }
      })();
      return { stream: key };
    }

    /** @param {Command} command */
    #capture({ url, kinds }) {
      if (!(url instanceof RegExp)) throw new TypeError("a capture needs an expression");
      /** @type {Capture} */
      const capture = { url, kinds, stream: makeStream(() => void captures.delete(capture)) };
      captures.add(capture);
      return { stream: this.#keep(capture.stream) };
    }

    /** @param {Stream} stream */
    #keep(stream) {
      this.#last += 1;
      this.#streams.set(this.#last, stream);
      return this.#last;
    }

    /** @param {number} key */
    async #pull(key) {
      const stream = this.#streams.get(key);
      if (!stream) return { items: [], done: true };
      while (!stream.items.length && !stream.done) {
        await new Promise((resolve) => {
          stream.wake = () => resolve(undefined);
        });
      }
      const { items, done, value, error } = stream;
      stream.items = [];
      stream.size = 0;
      stream.room();
      if (!done) return { items, done: false };
      this.#streams.delete(key);
      return { items, done, value, ...(error === undefined ? {} : { error: asError(error) }) };
    }

    /** @param {Command} command */
    #cancel({ stream: key, call }) {
      this.#calls.get(call)?.abort();
      const stream = this.#streams.get(key);
      if (!stream) return;
      this.#streams.delete(key);
      finish(stream);
      stream.room();
      stream.stop();
    }
  }

  /**
   * @param {string} path
   * @param {unknown[]} args
   * @param {AbortSignal} signal
   */
  async function invoke(path, args, signal) {
    const { self, value } = find(path);
    if (typeof value !== "function") throw new ReferenceError(`the page has no function ${path}`);
    return Reflect.apply(value, self, withSignal(args, signal));
  }

  /** @param {Command} command */
  function socketSend({ url, data }) {
    const open = [...sockets.keys()].filter((socket) => socket.readyState === 1 && url.test(socket.url)).at(-1);
    if (!open) throw new ReferenceError("the page has no such socket open");
    nativeSend.call(open, data);
  }

  window.addEventListener(
    "message",
    (event) => {
      if (event.source !== window || event.data?.relay !== "agent" || !event.ports[0]) return;
      event.stopImmediatePropagation();
      new Desk(event.ports[0]);
    },
    true,
  );
})();
