/**
 * The socket of a session: opens it, keeps it alive, brings it back, and moves frames between it and the protocol.
 *
 * Closing rules, pauses and heartbeat: docs/reference/bridge-protocol.md.
 */

import { taskQueue } from "./task.js";

/**
 * @typedef {import("./protocol.js").PageProtocol} PageProtocol
 * @typedef {import("./protocol.js").HelloFields} HelloFields
 * @typedef {import("./frames.js").WelcomeFrame} WelcomeFrame
 *
 * `connecting`: a socket is being opened or greeted · `online`: usable · `waiting`: a pause before the next try ·
 * `refused`: relay does not want this page, a person must act (`detail` says what) · `stopped`.
 * @typedef {"connecting" | "online" | "waiting" | "refused" | "stopped"} LinkState
 *
 * @typedef {object} LinkStatus
 * @property {LinkState} state
 * @property {number} since  Milliseconds since the epoch.
 * @property {string} [detail]  Why, for a person.
 * @property {number} [code]  With `refused`: the close code that tells what the person must do, see the protocol.
 * @property {number} [nextTryAt]  Milliseconds since the epoch; with `waiting`.
 * @property {WelcomeFrame} [welcome]  With `online`: what relay said, `settings` among it.
 * @property {boolean} [leaving]  With `online`: relay has said goodbye (`detail` says why) and closes the link soon.
 *
 * @typedef {object} Credentials
 * @property {() => string | null | Promise<string | null>} get  The lasting token, if there is one.
 * @property {(token: string) => void | Promise<void>} set  Keep the token that relay gave.
 * @property {string} [code]  A one-time pairing code; it is tried before the token.
 *
 * @typedef {object} SessionStorage  Where the session id outlives a reload of this tab, and no other tab sees it.
 * @property {() => string | null | Promise<string | null>} get
 * @property {(session: string) => void | Promise<void>} set
 *
 * @typedef {object} Socket  What is needed of a WebSocket.
 * @property {number} bufferedAmount
 * @property {(data: string) => void} send
 * @property {(code?: number, reason?: string) => void} close
 * @property {((event: any) => void) | null} onopen
 * @property {((event: any) => void) | null} onmessage
 * @property {((event: any) => void) | null} onclose
 *
 * @typedef {object} Timers
 * @property {(callback: () => void, ms: number) => unknown} set
 * @property {(timer: any) => void} clear
 * @property {() => number} now
 *
 * @typedef {object} LinkOptions
 * @property {string} url  `ws://…/` of the bridge; no credential in it.
 * @property {PageProtocol} protocol
 * @property {Pick<HelloFields, "client" | "adapter" | "site">} hello
 * @property {Credentials} credentials
 * @property {SessionStorage} [storage]
 * @property {(status: LinkStatus) => void} [onchange]
 * @property {(event: import("./protocol.js").StartEvent) => void} onstart
 * @property {(event: import("./protocol.js").AbortEvent) => void} onabort
 * @property {(event: import("./protocol.js").RoomEvent) => void} onroom
 * @property {new (url: string) => Socket} [WebSocket]
 * @property {() => number} [random]
 * @property {Timers} [timers]
 * @property {(run: () => void) => import("./task.js").TaskQueue} [tasks]
 * @property {{target: EventTarget, types: string[]}[]} [wakeups]  Events that tell the network or the page is back.
 */

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
const GREETING_MS = 15_000;
const HEARTBEATS = 2.5;
/** How often the watchdog looks, and how long unsent bytes may hold a batch back once tasks did not clear them. */
const WATCH_MS = 5_000;
const CONGESTED_MS = 50;
const CONGESTED_TASKS = 20;

const CLOSE_NORMAL = 1000;
const CLOSE_MALFORMED = 4400;
const CLOSE_UNKNOWN = 4401;
const CLOSE_VERSION = 4409;
const CLOSE_SILENT = 4000;
/** What a socket that broke without a close frame reports. */
const BROKEN = 1006;

const UNKNOWN =
  "relay does not know this page. Open the page from the link that relay prints, or make a new code with: relay pair";
const SPENT = "The code was used already, is too old or was mistyped. This makes another: relay pair";
/** After these close codes relay does not want to see this page again before a person did something. */
const REFUSALS = new Map([
  [CLOSE_UNKNOWN, UNKNOWN],
  [CLOSE_VERSION, "relay and this page speak different versions of the bridge protocol."],
]);

/** Owns one session's WebSocket. */
export class Link {
  /** @type {LinkOptions} */ #options;
  /** @type {Timers} */ #timers;
  /** @type {import("./task.js").TaskQueue} */ #tasks;
  /** @type {LinkStatus} */ #status;
  /** @type {Socket | null} */ #socket = null;
  /** @type {unknown} */ #retry = null;
  /** @type {unknown} */ #watchdog = null;
  /** @type {unknown} */ #congested = null;
  /** @type {string | undefined} */ #code;
  /** Whether relay refused the code. */
  #spent = false;
  /** @type {import("./protocol.js").ByeFrame | null} */ #bye = null;
  #heldFor = 0;
  #failures = 0;
  #lastFrameAt = 0;
  #wake = () => this.#onWake();

  /** @param {LinkOptions} options */
  constructor(options) {
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
    this.#tasks = (options.tasks ?? taskQueue)(() => this.#flush());
    this.#code = options.credentials.code;
    this.#status = { state: "stopped", since: this.#timers.now() };
  }

  /** @returns {LinkState} */
  get state() {
    return this.#status.state;
  }

  /** @returns {LinkStatus} */
  get status() {
    return this.#status;
  }

  /** Open the link and keep it open. Also ends a refusal: a person says that it is worth another try. */
  start() {
    if (this.state !== "stopped" && this.state !== "refused") return;
    for (const { target, types } of this.#wakeups())
      for (const type of types) target.addEventListener(type, this.#wake);
    this.#failures = 0;
    this.#connect();
  }

  /** Close the link for good (1000): relay ends its calls. */
  stop() {
    if (this.state === "stopped") return;
    this.#rest();
    this.#drop(CLOSE_NORMAL, "stopped");
    this.#become({ state: "stopped" });
  }

  /** Send soon, as few frames, what the protocol has. Call it after every change of the protocol. */
  flush() {
    if (this.#socket) this.#tasks.schedule();
  }

  /** @returns {{target: EventTarget, types: string[]}[]} */
  #wakeups() {
    return this.#options.wakeups ?? pageWakeups();
  }

  #rest() {
    for (const { target, types } of this.#wakeups())
      for (const type of types) target.removeEventListener(type, this.#wake);
    this.#timers.clear(this.#retry);
    this.#timers.clear(this.#watchdog);
    this.#timers.clear(this.#congested);
    this.#tasks.close();
  }

  #connect() {
    const { url, WebSocket: Implementation = globalThis.WebSocket } = this.#options;
    this.#timers.clear(this.#retry);
    this.#bye = null;
    this.#lastFrameAt = this.#timers.now();
    this.#become({ state: "connecting" });
    this.#watch();
    const socket = new Implementation(url);
    this.#socket = socket;
    socket.onopen = () => void this.#greet(socket);
    socket.onmessage = (/** @type {MessageEvent} */ event) => this.#onMessage(socket, event.data);
    socket.onclose = (/** @type {CloseEvent} */ event) => void this.#onClose(socket, event.code, event.reason);
  }

  /** @param {Socket} socket */
  async #greet(socket) {
    const { hello, storage, protocol } = this.#options;
    const credential = await this.#credential();
    const session = await storage?.get();
    if (socket !== this.#socket) return;
    if (!credential) {
      this.#drop(CLOSE_NORMAL, "no credential");
      this.#refuse(CLOSE_UNKNOWN, UNKNOWN);
      return;
    }
    protocol.open({ ...hello, ...credential, ...(session ? { session } : {}) });
    this.#flush();
  }

  async #credential() {
    if (this.#code) return { code: this.#code };
    const token = await this.#options.credentials.get();
    return token ? { token } : null;
  }

  /**
   * @param {Socket} socket
   * @param {string} data
   */
  #onMessage(socket, data) {
    if (socket !== this.#socket) return;
    this.#lastFrameAt = this.#timers.now();
    for (const event of this.#options.protocol.receive(data)) this.#act(event);
    // In this very task, not the next one: a pong must not wait behind the site's work.
    this.#flush();
  }

  /** @param {import("./protocol.js").ProtocolEvent} event */
  #act(event) {
    switch (event.kind) {
      case "welcome":
        void this.#onWelcome(event.frame);
        break;
      case "start":
        this.#options.onstart(event);
        break;
      case "abort":
        this.#options.onabort(event);
        break;
      case "room":
        this.#options.onroom(event);
        break;
      case "bye":
        this.#bye = event.frame;
        if (this.state === "online") this.#become({ ...this.#status, leaving: true, detail: event.frame.message });
        break;
      case "malformed":
        this.#lose(CLOSE_MALFORMED, `relay sent a frame that this page cannot read: ${event.message}`);
    }
  }

  /** @param {WelcomeFrame} welcome */
  async #onWelcome(welcome) {
    const { credentials, storage } = this.#options;
    this.#failures = 0;
    this.#code = undefined;
    this.#spent = false;
    this.#become({ state: "online", welcome });
    if (welcome.token) await credentials.set(welcome.token);
    await storage?.set(welcome.session);
  }

  /**
   * @param {Socket} socket
   * @param {number} code
   * @param {string} reason
   */
  async #onClose(socket, code, reason) {
    if (socket !== this.#socket) return;
    this.#forgetSocket(code);
    this.#spent ||= code === CLOSE_UNKNOWN && this.#code !== undefined;
    const refusal = code === CLOSE_UNKNOWN && this.#spent ? SPENT : REFUSALS.get(code);
    if (code === CLOSE_UNKNOWN && this.#code && (await this.#options.credentials.get())) {
      // The code was used up, perhaps by this very page: what it was exchanged for may still be good.
      this.#code = undefined;
      if (this.state !== "stopped") this.#connect();
    } else if (refusal) this.#refuse(code, this.#bye?.message || refusal);
    else
      this.#pause(
        this.#bye?.message ||
          reason ||
          (code === BROKEN ? "relay cannot be reached" : `relay closed the link (${code})`),
      );
  }

  /**
   * The socket is useless although it is not closed: leave it and try anew.
   * @param {number} code
   * @param {string} detail
   */
  #lose(code, detail) {
    this.#drop(code, "");
    this.#pause(detail);
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #drop(code, reason) {
    const socket = this.#socket;
    this.#forgetSocket(code);
    socket?.close(code, reason);
  }

  /** @param {number} code */
  #forgetSocket(code) {
    if (this.#socket) this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket = null;
    for (const event of this.#options.protocol.closed(code)) this.#act(event);
  }

  /**
   * @param {number} code
   * @param {string} detail
   */
  #refuse(code, detail) {
    this.#rest();
    this.#become({ state: "refused", code, detail });
  }

  /** @param {string} detail */
  #pause(detail) {
    const { random = Math.random } = this.#options;
    const longest = Math.min(FIRST_PAUSE_MS * 2 ** this.#failures, LONGEST_PAUSE_MS);
    const asked = (this.#bye?.retry_after ?? 0) * 1000;
    const pause = Math.round(asked + longest * (0.5 + random() / 2));
    this.#failures += 1;
    this.#timers.clear(this.#watchdog);
    this.#timers.clear(this.#congested);
    this.#retry = this.#timers.set(() => this.#connect(), pause);
    this.#become({ state: "waiting", detail, nextTryAt: this.#timers.now() + pause });
  }

  /** The page or the network is back: do not wait for a timer that may be slowed. */
  #onWake() {
    if (this.state === "waiting") this.#connect();
    else this.#checkSilence();
  }

  #watch() {
    this.#timers.clear(this.#watchdog);
    this.#watchdog = this.#timers.set(() => {
      if (!this.#checkSilence()) this.#watch();
    }, WATCH_MS);
  }

  #checkSilence() {
    const heartbeat = this.#status.welcome?.heartbeat_ms;
    const patience = heartbeat ? heartbeat * HEARTBEATS : GREETING_MS;
    const silent = this.#socket !== null && this.#timers.now() - this.#lastFrameAt > patience;
    if (silent) this.#lose(CLOSE_SILENT, "relay went silent");
    return silent;
  }

  /** Send what there is, unless the socket still has unsent bytes: then it piles up into fewer frames. */
  #flush() {
    const socket = this.#socket;
    if (!socket) return;
    if (socket.bufferedAmount > 0 && this.#options.protocol.online) {
      this.#heldFor += 1;
      if (this.#heldFor < CONGESTED_TASKS) this.#tasks.schedule();
      else if (this.#congested === null) {
        this.#congested = this.#timers.set(() => {
          this.#congested = null;
          this.#flush();
        }, CONGESTED_MS);
      }
      return;
    }
    this.#heldFor = 0;
    for (const frame of this.#options.protocol.drain()) socket.send(frame);
  }

  /** @param {Omit<LinkStatus, "since">} status */
  #become(status) {
    this.#status = { ...status, since: this.#timers.now() };
    this.#options.onchange?.(this.#status);
  }
}

/** @type {Timers} */
const systemTimers = {
  set: (callback, ms) => setTimeout(callback, ms),
  clear: (timer) => clearTimeout(timer),
  now: () => Date.now(),
};

/** The events of this page, or of this worker, that say it is worth looking at once. */
function pageWakeups() {
  const wakeups = [
    { target: /** @type {EventTarget | undefined} */ (globalThis), types: ["online", "pageshow", "focus"] },
    { target: /** @type {EventTarget | undefined} */ (globalThis.document), types: ["visibilitychange", "resume"] },
  ];
  return wakeups.flatMap(({ target, types }) => (target?.addEventListener ? [{ target, types }] : []));
}
