/**
 * The page's `XMLHttpRequest`, watched.
 */

/**
 * @typedef {import("./traffic.js").Traffic} Traffic
 * @typedef {import("./traffic.js").ItemKind} ItemKind
 * @typedef {import("./traffic.js").ItemMore} ItemMore
 */

(() => {
  /** @type {import("./values.js").Pieces | true | undefined} */
  const pieces = /** @type {any} */ (window)[Symbol.for("relay.agent")];
  if (typeof pieces !== "object") return;
  const { captures, nextId, watchers, tell, absolute, bodyOf, wrap } = pieces.traffic;

  /** @type {WeakMap<XMLHttpRequest, Traffic>} */
  const opened = new WeakMap();
  const Xhr = /** @type {any} */ (window).XMLHttpRequest?.prototype;
  if (Xhr) {
    wrap(Xhr, "open", {
      apply(target, self, args) {
        opened.set(self, {
          id: nextId(),
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
})();
