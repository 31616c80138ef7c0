// As much of the browser's extension interface as the worker needs; what it was told is written down.

/** @param {Record<string, any>} [kept] */
export function area(kept = {}) {
  return {
    kept,
    /** @param {Record<string, any>} defaults */
    get: async (defaults) => structuredClone({ ...defaults, ...kept }),
    /** @param {Record<string, any>} values */
    set: async (values) => void Object.assign(kept, structuredClone(values)),
    setAccessLevel: async () => {},
  };
}

/** @param {{local?: Record<string, any>, session?: Record<string, any>}} [kept] */
export function storage({ local = {}, session = {} } = {}) {
  return /** @type {any} */ ({ local: area(local), session: area(session) });
}

/** The browser's scripts: which are registered, and in which tabs something was begun. */
export class FakeScripting {
  /** @type {any[]} */ registered = [];
  /** @type {any[]} */ executed = [];
  refuses = false;

  async getRegisteredContentScripts() {
    return this.registered;
  }

  /** @param {any[]} scripts */
  async registerContentScripts(scripts) {
    this.registered.push(...scripts);
  }

  /** @param {{ids: string[]}} which */
  async unregisterContentScripts({ ids }) {
    this.registered = this.registered.filter(({ id }) => !ids.includes(id));
  }

  /** @param {any} injection */
  async executeScript(injection) {
    if (this.refuses) throw new Error("Cannot access contents of the page.");
    this.executed.push({ tab: injection.target.tabId, file: injection.files.at(-1), world: injection.world ?? "ISOLATED" });
    return [{ documentId: "open" }];
  }
}

/** A port whose page end the test holds. */
export class FakePagePort {
  /** @type {any[]} */ posted = [];
  disconnected = false;
  dead = false;
  #listener = (/** @type {any} */ _) => {};
  #lost = () => {};
  onMessage = { addListener: (/** @type {(message: any) => void} */ listener) => void (this.#listener = listener) };
  onDisconnect = { addListener: (/** @type {() => void} */ listener) => void (this.#lost = listener) };

  /** @param {any} message */
  postMessage(message) {
    if (this.dead) throw new Error("Attempting to use a disconnected port object");
    this.posted.push(message);
  }

  disconnect() {
    this.disconnected = true;
  }

  /** The page says something. @param {any} message */
  say(message) {
    this.#listener(message);
  }

  /** The page goes. */
  lose() {
    this.#lost();
  }

  /** What was posted since the last look. */
  take() {
    return this.posted.splice(0);
  }
}

/** A WebSocket whose far end the test holds. */
export class FakeWebSocket {
  /** @type {FakeWebSocket[]} */ static opened = [];
  OPEN = 1;
  readyState = 0;
  /** @type {any[]} */ sent = [];
  /** @type {[number | undefined, string | undefined] | null} */ closedWith = null;
  /** @type {any} */ onopen = null;
  /** @type {any} */ onmessage = null;
  /** @type {any} */ onclose = null;

  /** @param {string} url */
  constructor(url) {
    this.url = url;
    FakeWebSocket.opened.push(this);
  }

  static get last() {
    return /** @type {FakeWebSocket} */ (FakeWebSocket.opened.at(-1));
  }

  open() {
    this.readyState = 1;
    this.onopen?.({});
  }

  /** @param {string} data */
  send(data) {
    this.sent.push(JSON.parse(data));
  }

  /**
   * @param {number} [code]
   * @param {string} [reason]
   */
  close(code, reason) {
    this.closedWith = [code, reason];
  }

  /** @param {object} frame */
  receive(frame) {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  /**
   * @param {number} code
   * @param {string} [reason]
   */
  drop(code, reason = "") {
    this.onclose?.({ code, reason });
  }
}
