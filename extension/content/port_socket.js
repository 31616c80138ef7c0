/**
 * A socket whose real end another program holds: the carrier, at the far end of a port. The extension's service worker
 * is one, relay's headless mode another.
 *
 * The port carries objects. To the carrier: `open`, `frame {data}`, `close {code, reason}`; back: `opened`,
 * `frame {data}`, `closed {code, reason}`. All name the `socket` they are about, a number that grows: what is still on
 * its way for an earlier one is nobody's. Every other message is the page-side program's (main.js).
 */

/** @typedef {import("../bridge/link.js").Socket} Socket */

/**
 * @typedef {object} PortLike  What is needed of a port.
 * @property {(message: any) => void} postMessage
 * @property {(listener: (message: any) => void) => void} onMessage
 * @property {(listener: () => void) => void} onDisconnect  Not called for this end's own `disconnect`.
 * @property {() => void} disconnect
 *
 * @typedef {object} CarrierOptions
 * @property {() => PortLike | null} connect  A new port; null if there will never be one again.
 * @property {(message: any) => void} onmessage  What is about no socket.
 * @property {() => void} ongone  There will never be a port again.
 */

/** What a socket that broke without a close frame reports. */
const BROKEN = 1006;

/** The way to the carrier: one port at a time, each opened when it is needed. */
export class Carrier {
  #options;
  /** @type {PortLike | null} */ #port = null;
  /** @type {PortSocket | null} */ #socket = null;
  #sockets = 0;

  /** @param {CarrierOptions} options */
  constructor(options) {
    this.#options = options;
    const carrier = this;
    /** The sockets of this carrier, to be made like any WebSocket. */
    this.Socket = class extends PortSocket {
      constructor() {
        super(carrier);
      }
    };
  }

  /** Have a port, so that the carrier can say something. */
  connect() {
    if (this.#port) return;
    const port = this.#options.connect();
    this.#port = port;
    if (!port) {
      // Not at once: a link that is just making a socket must have it before it can be told to stop.
      queueMicrotask(() => this.#options.ongone());
      return;
    }
    port.onMessage((message) => {
      if (port === this.#port) this.#take(message);
    });
    port.onDisconnect(() => {
      if (port === this.#port) this.#lose();
    });
  }

  /**
   * Tell the carrier, if it listens.
   * @param {object} message
   */
  post(message) {
    try {
      this.#port?.postMessage(message);
    } catch {
      // The port is dead and its event is on the way: https://developer.chrome.com/docs/extensions/reference/api/runtime#type-Port
      this.#lose();
    }
  }

  /** Leave the carrier. */
  disconnect() {
    this.#port?.disconnect();
    this.#port = null;
    this.#socket = null;
  }

  /**
   * @param {PortSocket} socket
   * @returns {number}
   */
  open(socket) {
    this.connect();
    this.#sockets += 1;
    this.#socket = socket;
    if (this.#port) this.post({ type: "open", socket: this.#sockets });
    else this.#lose();
    return this.#sockets;
  }

  /** @param {PortSocket} socket */
  forget(socket) {
    if (socket === this.#socket) this.#socket = null;
  }

  /** @param {any} message */
  #take(message) {
    if (message.socket === undefined) this.#options.onmessage(message);
    else if (message.socket === this.#socket?.number) this.#socket?.take(message);
  }

  #lose() {
    const socket = this.#socket;
    this.#port = null;
    this.#socket = null;
    // Not at once: who has just made the socket has not yet said where to report.
    if (socket) queueMicrotask(() => socket.onclose?.({ code: BROKEN, reason: "" }));
  }
}

/**
 * One socket. Nothing waits at this end, so its `bufferedAmount` is 0: relay's credit bounds what is under way.
 * @implements {Socket}
 */
class PortSocket {
  bufferedAmount = 0;
  /** @type {((event: any) => void) | null} */ onopen = null;
  /** @type {((event: any) => void) | null} */ onmessage = null;
  /** @type {((event: any) => void) | null} */ onclose = null;
  #carrier;

  /** @param {Carrier} carrier */
  constructor(carrier) {
    this.#carrier = carrier;
    this.number = carrier.open(this);
  }

  /** @param {string} data */
  send(data) {
    this.#carrier.post({ type: "frame", socket: this.number, data });
  }

  /**
   * Close it. There is no `onclose` after that.
   * @param {number} [code]
   * @param {string} [reason]
   */
  close(code = 1000, reason = "") {
    this.#carrier.forget(this);
    this.#carrier.post({ type: "close", socket: this.number, code, reason });
  }

  /** @param {any} message */
  take(message) {
    switch (message.type) {
      case "opened":
        this.onopen?.({});
        break;
      case "frame":
        this.onmessage?.({ data: message.data });
        break;
      case "closed":
        this.#carrier.forget(this);
        this.onclose?.({ code: message.code, reason: message.reason });
    }
  }
}
