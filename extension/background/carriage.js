/**
 * Carries one tab: between its port (see content/port_socket.js) and a WebSocket of relay's bridge.
 *
 * What comes over the port is untrusted: whatever runs in a site's process may have said it.
 */

import { helloOf, isSayable, welcomeOf } from "./papers.js";

/**
 * @typedef {import("./papers.js").Papers} Papers
 * @typedef {import("../content/main.js").Setup} Setup
 *
 * @typedef {object} PagePort  What is needed of the browser's port.
 * @property {(message: any) => void} postMessage
 * @property {() => void} disconnect
 * @property {{addListener: (listener: (message: any) => void) => void}} onMessage
 * @property {{addListener: (listener: () => void) => void}} onDisconnect
 *
 * @typedef {object} CarriageOptions
 * @property {() => {url: string, papers: Papers} | null} passport  null: not paired with any relay.
 * @property {(session: string) => void} onsession
 * @property {(view: any) => void} onview
 * @property {(code: number) => void} onclosed  relay closed the socket with this code.
 * @property {() => void} onend  The port is gone.
 * @property {new (url: string) => WebSocket} [WebSocket]
 */

const CLOSE_NORMAL = 1000;
const CLOSE_PAGE_GONE = 4001;
const CLOSE_MALFORMED = 4400;
const CLOSE_UNKNOWN = 4401;
/** The longest frame that is passed on before relay has said its own limit. */
const FIRST_FRAME = 64 * 1024;

/** One port and its sockets, one after the other. */
export class Carriage {
  #port;
  #options;
  #number = 0;
  #longest = FIRST_FRAME;
  #greeted = false;
  /** @type {WebSocket | null} */ #socket = null;

  /**
   * @param {PagePort} port
   * @param {CarriageOptions} options
   */
  constructor(port, options) {
    this.#port = port;
    this.#options = options;
  }

  /** Begin, once the owner knows this carriage: what the page has said already is taken in this very call. */
  begin() {
    this.#port.onMessage.addListener((message) => this.#take(message));
    this.#port.onDisconnect.addListener(() => {
      this.#close(CLOSE_PAGE_GONE, "the page is gone");
      this.#options.onend();
    });
  }

  /** Whether a socket is open, or on its way. */
  get busy() {
    return this.#socket !== null;
  }

  /**
   * Say something that is about no socket.
   * @param {{type: "setup", setup: Setup} | {type: "pause" | "resume" | "look"}} message
   */
  say(message) {
    this.#post(message);
  }

  /** End the program in the page: the person does not want this tab to be served any more. */
  stop() {
    this.#post({ type: "stop" });
    this.#close(CLOSE_NORMAL, "disconnected");
  }

  /** Another port took this one's place: the page it led to is gone. */
  leave() {
    this.#close(CLOSE_PAGE_GONE, "the page is gone");
    this.#port.disconnect();
  }

  /** @param {any} message */
  #take(message) {
    if (typeof message !== "object" || message === null) return;
    const { type, socket } = message;
    if (type === "view") this.#options.onview(message.view);
    else if (type === "open" && Number.isSafeInteger(socket)) this.#open(socket);
    else if (socket === this.#number && this.#socket) this.#about(this.#socket, message);
  }

  /**
   * @param {WebSocket} socket
   * @param {any} message
   */
  #about(socket, message) {
    if (message.type === "frame") this.#frame(socket, message.data);
    else if (message.type === "close") this.#close(closable(message.code), "");
  }

  /** @param {number} number */
  #open(number) {
    this.#close(CLOSE_NORMAL, "");
    this.#number = number;
    this.#greeted = false;
    this.#longest = FIRST_FRAME;
    const passport = this.#options.passport();
    if (!passport) {
      this.#post({ type: "closed", socket: number, code: CLOSE_UNKNOWN, reason: "not paired" });
      return;
    }
    const { WebSocket: Implementation = WebSocket } = this.#options;
    const socket = new Implementation(passport.url);
    this.#socket = socket;
    let first = true;
    socket.onopen = () => this.#post({ type: "opened", socket: number });
    socket.onmessage = ({ data }) => {
      this.#post({ type: "frame", socket: number, data: first ? this.#welcome(data) : data });
      first = false;
    };
    socket.onclose = ({ code, reason }) => {
      this.#forget();
      this.#post({ type: "closed", socket: number, code, reason });
      this.#options.onclosed(code);
    };
  }

  /**
   * @param {WebSocket} socket
   * @param {unknown} data
   */
  #frame(socket, data) {
    if (typeof data !== "string" || socket.readyState !== socket.OPEN) return;
    if (data.length > this.#longest) {
      this.#fail("a frame is too long");
    } else if (this.#greeted) {
      if (isSayable(data)) socket.send(data);
      else this.#fail("a page may not say that");
    } else {
      const passport = this.#options.passport();
      const hello = passport && helloOf(data, passport.papers);
      this.#greeted = true;
      if (hello) socket.send(hello);
      else this.#fail("the first frame must be hello");
    }
  }

  /** @param {string} data */
  #welcome(data) {
    const { shown, welcome } = welcomeOf(data);
    if (typeof welcome?.["session"] === "string") this.#options.onsession(welcome["session"]);
    const longest = welcome?.["limits"]?.frame_bytes;
    if (Number.isSafeInteger(longest)) this.#longest = longest;
    return shown;
  }

  /** @param {string} reason */
  #fail(reason) {
    const socket = this.#number;
    this.#close(CLOSE_MALFORMED, reason);
    this.#post({ type: "closed", socket, code: CLOSE_MALFORMED, reason });
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #close(code, reason) {
    const socket = this.#socket;
    this.#forget();
    socket?.close(code, reason);
  }

  #forget() {
    if (this.#socket) this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket = null;
  }

  /** @param {object} message */
  #post(message) {
    try {
      this.#port.postMessage(message);
    } catch {
      // The port is gone, and its event is on the way.
    }
  }
}

/**
 * What a WebSocket lets a script close with: https://websockets.spec.whatwg.org/#dom-websocket-close
 * @param {unknown} code
 */
function closable(code) {
  return Number.isInteger(code) && Number(code) >= 3000 && Number(code) <= 4999 ? Number(code) : CLOSE_NORMAL;
}
