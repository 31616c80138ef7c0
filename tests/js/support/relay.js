// The relay's end of the protocol, as far as tests of the page need it. It is strict: what relay would refuse, throws.
import assert from "node:assert/strict";

import { decodePageFrame } from "./page_frames.js";

/** @typedef {import("../../../extension/bridge/frames.js").Part} Part */

/**
 * @typedef {object} Received
 * @property {string} call
 * @property {number} attempt
 * @property {Part[]} parts
 * @property {number} consumed
 * @property {number} credited  How much had been consumed at the last grant.
 * @property {number} upto
 * @property {any} end
 */

export const LIMITS = { frame_bytes: 65536, unacked_bytes: 4096 };
export const HELLO = /** @type {const} */ ({
  client: { kind: "page", version: "1.0" },
  adapter: "demo",
  site: "chat.example",
});

/** @returns {import("../../../extension/bridge/frames.js").WelcomeFrame} */
export function welcome(fields = {}) {
  return {
    type: "welcome",
    protocol: 1,
    session: "s-1",
    resumed: false,
    heartbeat_ms: 20_000,
    grace_ms: 60_000,
    limits: LIMITS,
    resume: [],
    ...fields,
  };
}

/** @returns {import("../../../extension/bridge/frames.js").CallFrame} */
export function callFrame(fields = {}) {
  const request = {
    model: "demo",
    messages: [{ role: /** @type {const} */ ("user"), content: [{ type: /** @type {const} */ ("text"), text: "Hi" }] }],
  };
  return { type: "call", call: "c-1", attempt: 1, method: "chat", request, credit: 4, ...fields };
}

/** A relay with a window of parts, for random tests. */
export class StrictRelay {
  /** @type {Map<string, Received>} */ calls = new Map();
  /** @type {any[]} */ outbox = [];
  /** @type {any} */ state = null;

  constructor({ window = 4, limits = LIMITS } = {}) {
    this.window = window;
    this.limits = limits;
  }

  /** @param {string} call */
  start(call) {
    this.calls.set(call, { call, attempt: 1, parts: [], consumed: 0, credited: 0, upto: this.window, end: null });
    this.outbox.push(callFrame({ call, credit: this.window }));
  }

  /**
   * A client reads some parts.
   * @param {string} call
   * @param {number} count
   */
  consume(call, count) {
    const received = this.get(call);
    received.consumed = Math.min(received.parts.length, received.consumed + count);
    const bytes = received.parts
      .slice(received.credited, received.consumed)
      .reduce((sum, part) => sum + JSON.stringify(part).length, 0);
    if (received.consumed - received.credited < this.window / 2 && bytes < this.limits.unacked_bytes / 2) return;
    received.credited = received.consumed;
    received.upto = received.consumed + this.window;
    this.outbox.push({ type: "credit", call, attempt: 1, ack: received.consumed, upto: received.upto });
  }

  /** @param {string} data */
  receive(data) {
    assert.ok(new TextEncoder().encode(data).length <= this.limits.frame_bytes, "a frame is too large");
    const frame = decodePageFrame(data);
    switch (frame.type) {
      case "hello":
        this.greet(frame);
        break;
      case "state":
        this.state = { ...this.state, ...frame };
        break;
      case "parts":
        this.add(frame);
        break;
      case "done":
      case "fail": {
        const received = this.get(frame.call);
        assert.equal(frame.seq, received.parts.length, "an end with a wrong count");
        received.end = frame;
        this.outbox.push({ type: "credit", call: frame.call, attempt: 1, ack: frame.seq + 1, upto: received.upto });
        break;
      }
      default:
        assert.ok(["accepted", "pong"].includes(frame.type), `unexpected ${frame.type}`);
    }
  }

  /** @param {any} hello */
  greet(hello) {
    this.outbox = [];
    const offered = new Set((hello.resume ?? []).map((/** @type {any} */ { call }) => call));
    const resume = [];
    for (const { call, attempt, parts, upto, end } of this.calls.values()) {
      if (end) continue;
      if (offered.has(call)) resume.push({ call, attempt, next: parts.length, upto });
    }
    this.outbox.push(welcome({ resumed: Boolean(hello.session), limits: this.limits, resume }));
    for (const { call, parts, end } of this.calls.values()) {
      if (!end && !offered.has(call)) {
        assert.equal(parts.length, 0, "the page lost a call");
        this.outbox.push(callFrame({ call, credit: this.window }));
      }
    }
  }

  /** @param {any} frame */
  add({ call, seq, parts }) {
    const received = this.get(call);
    assert.equal(received.end, null, "parts after the end");
    assert.ok(seq <= received.parts.length, "a gap");
    received.parts.push(...parts.slice(received.parts.length - seq));
    assert.ok(received.parts.length <= received.upto, "more than the credit");
    const unacked = received.parts.slice(received.credited).map((each) => JSON.stringify(each).length);
    const bytes = unacked.reduce((sum, each) => sum + each, 0);
    assert.ok(bytes <= this.limits.unacked_bytes || unacked.length === 1, "more bytes than may be unacknowledged");
  }

  /**
   * @param {string} call
   * @returns {Received}
   */
  get(call) {
    return /** @type {Received} */ (this.calls.get(call));
  }
}
