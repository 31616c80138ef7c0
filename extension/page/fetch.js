/**
 * The page's `fetch`, watched: the page gets the answer that it would get, and reads it as it likes.
 */

/**
 * @typedef {import("./traffic.js").Traffic} Traffic
 * @typedef {import("./traffic.js").Capture} Capture
 */

(() => {
  /** @type {import("./values.js").Pieces | true | undefined} */
  const pieces = /** @type {any} */ (window)[Symbol.for("relay.agent")];
  if (typeof pieces !== "object") return;
  const { asError } = pieces.values;
  const { captures, nextId, watchers, tell, absolute, bodyOf, wrap } = pieces.traffic;

  /** How many bytes of a watched answer may wait for the page to read them. */
  const READ_AHEAD = 1024 * 1024;
  const TEXTUAL = /^$|^text\/|json|event-stream|xml|javascript|urlencoded/i;

  /**
   * @param {any} input
   * @param {any} init
   * @returns {Traffic}
   */
  function fetchTraffic(input, init) {
    const request = input instanceof Request ? input : undefined;
    const method = String(init?.method ?? request?.method ?? "GET").toUpperCase();
    return {
      id: nextId(),
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

  wrap(window, "fetch", {
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
})();
