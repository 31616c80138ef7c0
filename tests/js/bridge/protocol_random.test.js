// Whatever breaks, and whenever: every part arrives once, in order, and every call has its end.
import assert from "node:assert/strict";
import { test } from "node:test";

import { PageProtocol } from "../../../extension/bridge/protocol.js";
import { generator } from "../support/random.js";
import { HELLO, StrictRelay } from "../support/relay.js";

/** @typedef {ReturnType<typeof generator>} Random */

/** A page and a relay with a wire between them that loses what is on it when it is cut. */
class World {
  page = new PageProtocol();
  /** @type {string[]} */ toRelay = [];
  /** @type {string[]} */ toPage = [];
  /** @type {Map<string, {left: string[], said: string, ended: boolean}>} */ running = new Map();
  cuts = 0;

  /** @param {Random} random */
  constructor(random) {
    this.random = random;
    this.relay = new StrictRelay({ window: 1 + random.whole(8) });
    this.connect();
  }

  connect() {
    this.page.open({ ...HELLO, token: "t" });
  }

  cut() {
    this.cuts += 1;
    this.page.closed(1006);
    [this.toRelay, this.toPage, this.relay.outbox] = [[], [], []];
    this.connect();
  }

  /** @param {string} call */
  start(call) {
    const length = this.random.whole(60);
    this.running.set(call, {
      left: Array.from({ length }, (_, index) => this.word(call, index)),
      said: "",
      ended: false,
    });
    if (this.page.online) this.relay.start(call);
    else this.running.delete(call);
  }

  /**
   * @param {string} call
   * @param {number} index
   */
  word(call, index) {
    return `${call}:${index}${this.random.pick(["", " ", "😀", "é".repeat(this.random.whole(300))])};`;
  }

  /** The adapters go on where they may. */
  work() {
    for (const [call, run] of this.running) {
      while (!run.ended && this.page.writable(call) && this.random.happens(0.7)) {
        const word = run.left.shift();
        if (word === undefined) {
          this.page.finish(call, { finish_reason: "stop" });
          run.ended = true;
        } else {
          run.said += word;
          this.page.emit(call, [{ type: "text", text: word }]);
        }
      }
    }
  }

  /** @param {number} most */
  carry(most) {
    this.toRelay.push(...this.page.drain());
    for (const frame of this.toRelay.splice(0, most)) this.relay.receive(frame);
    this.toPage.push(...this.relay.outbox.splice(0).map((frame) => JSON.stringify(frame)));
    for (const frame of this.toPage.splice(0, most)) {
      for (const event of this.page.receive(frame)) assert.notEqual(event.kind, "malformed");
    }
  }

  read() {
    for (const { call, end } of this.relay.calls.values()) if (!end) this.relay.consume(call, this.random.whole(6));
  }

  /** @returns {boolean} */
  get finished() {
    return [...this.relay.calls.values()].every(({ end }) => end !== null);
  }
}

for (let seed = 1; seed <= 150; seed += 1) {
  test(`nothing is lost and nothing doubled (seed ${seed})`, () => {
    const random = generator(seed);
    const world = new World(random);
    let started = 0;
    for (let step = 0; step < 200; step += 1) {
      if (started < 8 && random.happens(0.1)) world.start(`c-${(started += 1)}`);
      if (random.happens(0.6)) world.work();
      world.carry(random.whole(5));
      if (random.happens(0.5)) world.read();
      if (random.happens(0.04)) world.cut();
    }
    for (let step = 0; step < 2000 && !world.finished; step += 1) {
      world.work();
      world.carry(9);
      world.read();
    }
    assert.ok(world.finished, "a call has no end");
    world.carry(99);
    world.cut();
    assert.equal(JSON.parse(world.page.drain()[0] ?? "{}").resume, undefined, "a finished call is kept");
    for (const { call, parts, end } of world.relay.calls.values()) {
      const said = parts.map((part) => (part.type === "text" ? part.text : "?")).join("");
      assert.equal(said, world.running.get(call)?.said);
      assert.equal(end.seq, parts.length);
    }
  });
}
