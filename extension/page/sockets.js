/**
 * The page's `WebSocket` and `EventSource`, watched; frames can be sent on the sockets that the page has open.
 */

/**
 * @typedef {import("./traffic.js").Traffic} Traffic
 *
 * @typedef {object} Sockets
 * @property {(url: RegExp, data: string) => void} send
 */

(() => {
  /** @type {import("./values.js").Pieces | true | undefined} */
  const pieces = /** @type {any} */ (window)[Symbol.for("relay.agent")];
  if (typeof pieces !== "object") return;
  const { captures, nextId, watchers, tell, wrap, wrapConstructor } = pieces.traffic;
  const page = /** @type {any} */ (window);

  /** @type {Map<WebSocket, Traffic>} */
  const sockets = new Map();

  wrapConstructor("WebSocket", (/** @type {WebSocket} */ socket) => {
    /** @type {Traffic} */
    const traffic = { id: nextId(), url: socket.url, transport: "websocket" };
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
    /** @type {Traffic} */
    const traffic = { id: nextId(), url: source.url, transport: "eventsource", method: "GET" };
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

  /**
   * On the page's own socket, the last that it opened.
   * @param {RegExp} url
   * @param {string} data
   */
  function send(url, data) {
    const open = [...sockets.keys()].filter((socket) => socket.readyState === 1 && url.test(socket.url)).at(-1);
    if (!open) throw new ReferenceError("the page has no such socket open");
    nativeSend.call(open, data);
  }

  pieces.sockets = { send };
})();
