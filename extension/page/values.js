/**
 * Values of the page: found, called, and copied so that they can be posted. The first file of the agent.
 *
 * The agent's files are classic scripts, one after the other in the order of files.js. Each leaves its piece on an
 * object that hangs at the window under a symbol; the last takes that away before the page's own scripts run, and what
 * stays there is `true`: the agent is in this page.
 */

/**
 * @typedef {{name: string, message: string, kind?: string, retry_after?: number}} PlainError
 *
 * @typedef {object} Values
 * @property {(path: string) => {self: any, value: any}} find  What stands at a dotted path, and what it belongs to.
 * @property {(path: string, args: unknown[], signal: AbortSignal) => Promise<any>} invoke
 * @property {(value: unknown) => any} plain
 * @property {(error: unknown) => PlainError} asError
 *
 * @typedef {object} Pieces  What the agent's files leave for those after them.
 * @property {Values} values
 * @property {import("./streams.js").Streams} streams
 * @property {import("./traffic.js").Watching} traffic
 * @property {import("./sockets.js").Sockets} sockets
 */

(() => {
  const MARK = Symbol.for("relay.agent");
  const page = /** @type {any} */ (window);
  if (page[MARK] === true) return;
  const pieces = /** @type {Pieces} */ ({});
  Object.defineProperty(page, MARK, { value: pieces, configurable: true });

  const DEEPEST = 12;
  const MOST_VALUES = 50_000;

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

  pieces.values = { find, invoke, plain: (value) => plain(value), asError };
})();
