// A port whose other end the test holds.

import { settled } from "./socket.js";

/** @implements {PortLike} */
export class FakePort {
  /** @typedef {import("../../../extension/content/port_socket.js").PortLike} PortLike */
  /** @type {any[]} */ posted = [];
  disconnected = false;
  dead = false;
  #listener = (/** @type {any} */ _) => {};
  #lost = () => {};

  /** @param {any} message */
  postMessage(message) {
    if (this.dead) throw new Error("Attempting to use a disconnected port object");
    this.posted.push(message);
  }

  /** @param {(message: any) => void} listener */
  onMessage(listener) {
    this.#listener = listener;
  }

  /** @param {() => void} listener */
  onDisconnect(listener) {
    this.#lost = listener;
  }

  disconnect() {
    this.disconnected = true;
  }

  /** The other end says something. @param {any} message */
  say(message) {
    this.#listener(message);
    return settled();
  }

  /** The other end is gone. */
  lose() {
    this.#lost();
    return settled();
  }

  /** What was posted since the last look. */
  take() {
    return this.posted.splice(0);
  }
}
