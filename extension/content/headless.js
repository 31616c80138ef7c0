/**
 * Begins the page-side program in a browser that relay runs: its port is a binding and two functions of this world,
 * which the page's own scripts cannot see.
 */

import { siteMaker } from "./environment.js";
import { start } from "./main.js";

/**
 * @typedef {import("./port_socket.js").PortLike} PortLike
 *
 * @typedef {object} Scope  This world's global object.
 * @property {(text: string) => void} [relayPost]  Put there by relay: takes what is said here.
 * @property {(port: number, messages: any[]) => void} [relayDeliver]  relay calls it with what is said there.
 * @property {(port: number) => void} [relayGone]  relay calls it when there is nobody at the other end.
 */

/**
 * @param {Scope} scope
 * @param {(environment: import("./main.js").Environment) => unknown} [run]
 */
export function begin(scope, run = start) {
  const post = scope.relayPost;
  if (post === undefined) return;
  let last = 0;
  /** @type {Map<number, BindingPort>} */
  const ports = new Map();
  scope.relayDeliver = (number, messages) => {
    for (const message of messages) ports.get(number)?.take(message);
  };
  scope.relayGone = (number) => ports.get(number)?.lose();
  run({
    connect: () => {
      last += 1;
      const number = last;
      const port = new BindingPort(
        (messages) => post(JSON.stringify({ port: number, messages })),
        () => ports.delete(number),
      );
      ports.set(number, port);
      port.postMessage({ type: "connect" });
      return port;
    },
    makeAdapter: siteMaker(),
  });
}

/**
 * One port. What is said within a task goes out as one text: a call of the binding costs more than what is in it.
 * @implements {PortLike}
 */
class BindingPort {
  #send;
  #forget;
  /** @type {any[]} */ #held = [];
  /** @type {((message: any) => void)[]} */ #listeners = [];
  /** @type {(() => void)[]} */ #mourners = [];

  /**
   * @param {(messages: any[]) => void} send
   * @param {() => void} forget
   */
  constructor(send, forget) {
    this.#send = send;
    this.#forget = forget;
  }

  /** @param {any} message */
  postMessage(message) {
    if (this.#held.push(message) === 1) queueMicrotask(() => this.#flush());
  }

  /** @param {(message: any) => void} listener */
  onMessage(listener) {
    this.#listeners.push(listener);
  }

  /** @param {() => void} listener */
  onDisconnect(listener) {
    this.#mourners.push(listener);
  }

  disconnect() {
    this.postMessage({ type: "disconnect" });
    this.#forget();
  }

  /** @param {any} message */
  take(message) {
    for (const listener of this.#listeners) listener(message);
  }

  lose() {
    this.#forget();
    for (const listener of this.#mourners) listener();
  }

  #flush() {
    const messages = this.#held;
    this.#held = [];
    this.#send(messages);
  }
}
