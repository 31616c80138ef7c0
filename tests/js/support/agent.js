// The page's agent in a pretended page, and a client that is connected to it.
import { readFileSync } from "node:fs";
import { compileFunction } from "node:vm";

import { connectAgent } from "../../../extension/content/agent_client.js";
import { AGENT } from "../../../extension/page/files.js";

const SOURCES = AGENT.map((file) => readFileSync(new URL(`../../../extension/${file}`, import.meta.url), "utf8"));
export const ORIGIN = "https://a.example";

/** A socket as the browser has it, as far as the agent looks. */
export class FakeSocket extends EventTarget {
  static OPEN = 1;
  readyState = 1;
  /** @type {unknown[]} */ sent = [];

  /** @param {string} url */
  constructor(url) {
    super();
    this.url = url;
  }

  /** @param {unknown} data */
  send(data) {
    this.sent.push(data);
  }

  /** @param {unknown} data */
  receive(data) {
    this.dispatchEvent(Object.assign(new Event("message"), { data }));
  }

  close() {
    this.readyState = 3;
    this.dispatchEvent(new Event("close"));
  }
}

export class FakeEventSource extends EventTarget {
  readyState = 1;

  /** @param {string} url */
  constructor(url) {
    super();
    this.url = url;
  }

  /**
   * @param {string} data
   * @param {string} [type]
   */
  receive(data, type = "message") {
    this.dispatchEvent(Object.assign(new Event(type), { data }));
  }
}

export class FakeXhr extends EventTarget {
  readyState = 0;
  responseType = "";
  responseText = "";
  /** @type {unknown} */ response = null;
  status = 0;
  /** @type {unknown[]} */ sent = [];

  /** @param {...unknown} _args */
  open(..._args) {
    this.readyState = 1;
  }

  /** @param {...unknown} _args */
  setRequestHeader(..._args) {}

  /** @param {unknown} [body] */
  send(body) {
    this.sent.push(body);
  }

  /** @param {string} _name */
  getResponseHeader(_name) {
    return "text/plain";
  }

  /** @param {Record<string, unknown>} now @param {...string} events */
  change(now, ...events) {
    Object.assign(this, now);
    for (const event of events) this.dispatchEvent(new Event(event));
  }
}

/**
 * A page in which the agent runs. `globals` are what the page has in its window.
 * @param {Record<string, unknown>} [globals]
 * @returns {any}
 */
export function makePage(globals = {}) {
  const target = new EventTarget();
  /** @type {any} */
  const window = Object.assign(target, {
    location: { origin: ORIGIN, href: `${ORIGIN}/chat` },
    fetch: async () => new Response("unscripted"),
    WebSocket: class WebSocket extends FakeSocket {},
    EventSource: class EventSource extends FakeEventSource {},
    XMLHttpRequest: class XMLHttpRequest extends FakeXhr {},
    EventTarget,
    postMessage(/** @type {unknown} */ data, /** @type {string} */ _origin, /** @type {MessagePort[]} */ ports = []) {
      window.dispatchEvent(Object.assign(new Event("message"), { data, source: window, ports }));
    },
    ...globals,
  });
  // As in a browser, where the prototype of each has its own `send`.
  for (const name of ["WebSocket", "XMLHttpRequest"]) {
    const { prototype } = window[name] ?? {};
    for (const method of ["open", "setRequestHeader", "send"]) {
      if (prototype && method in prototype) {
        Object.defineProperty(prototype, method, { value: prototype[method], configurable: true, writable: true });
      }
    }
  }
  runAgent(window);
  return window;
}

/**
 * @param {any} window
 * @param {number} [from]  the first of its files that runs
 */
export function runAgent(window, from = 0) {
  class Node {}
  for (const source of SOURCES.slice(from)) {
    compileFunction(source, ["window", "document", "Node"])(window, { baseURI: `${ORIGIN}/chat` }, Node);
  }
}

/**
 * @param {import("node:test").TestContext} context  its end closes the client
 * @param {Record<string, unknown>} [globals]
 */
export async function withAgent(context, globals) {
  const page = makePage(globals);
  const agent = await connectAgent({ window: page });
  context.after(() => agent.close());
  return { page, agent };
}
