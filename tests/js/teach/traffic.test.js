import assert from "node:assert/strict";
import { test } from "node:test";

import { Traffic } from "../../../extension/teach/traffic.js";
import { tryWay } from "../../../extension/teach/trial.js";
import { settled } from "../support/site.js";

const request = { id: 1, url: "https://a.example/api", transport: /** @type {const} */ ("fetch") };

/** @param {any[]} items */
async function seen(items) {
  const traffic = await Traffic.of(
    /** @type {any} */ ({
      capture: async () =>
        (async function* capture() {
          yield* items;
        })(),
    }),
  );
  await settled();
  return traffic;
}

test("what comes is kept by request, and what brings nothing is not told", async () => {
  const other = { ...request, id: 2 };

  const traffic = await seen([
    { kind: "start", request },
    { kind: "start", request: other },
    { kind: "response", request, type: "text/plain" },
    { kind: "text", request, text: "a" },
    { kind: "sent", request, text: "mine" },
    { kind: "text", request, text: "b" },
  ]);

  assert.deepEqual(traffic.exchanges, [{ url: request.url, transport: "fetch", type: "text/plain", texts: ["a", "b"], open: true }]);
  assert.equal(traffic.open, true);
  traffic.take({ kind: "end", request });
  assert.equal(traffic.open, false);
  traffic.close();
  assert.deepEqual(traffic.exchanges, []);
});

test("a capture that breaks leaves what was seen", async () => {
  const traffic = await Traffic.of(
    /** @type {any} */ ({
      capture: async () =>
        (async function* capture() {
          yield { kind: "text", request, text: "a" };
          throw new RangeError("more was captured than is read");
        })(),
    }),
  );
  await settled();

  assert.equal(traffic.exchanges.length, 1);
});

const DESCRIPTION = /** @type {any} */ ({ id: "a", ways: [] });

/** @param {any} adapter */
function trial(adapter, signal = new AbortController().signal) {
  /** @type {string[]} */ const told = [];
  const options = { agent: /** @type {any} */ (null), signal, onpart: (/** @type {string} */ text) => void told.push(text), make: () => adapter };
  return tryWay(DESCRIPTION, { way: "dom" }, "Hi", options).then(({ first: _first, total: _total, ...found }) => ({ ...found, told }));
}

test("a trial tells what came and in how many parts", async () => {
  /** @type {any} */ let asked;
  const adapter = {
    async *chat(/** @type {any} */ call) {
      asked = call;
      yield { type: "reasoning", text: "Hm" };
      yield { type: "text", text: "One" };
      yield { type: "text", text: " two" };
    },
  };

  assert.deepEqual(await trial(adapter), { text: "One two", parts: 2, told: ["One", "One two"] });
  assert.deepEqual(asked, { model: "a", messages: [{ role: "user", content: [{ type: "text", text: "Hi" }] }] });
});

test("a way that was saved by another has failed its trial", async () => {
  /** @type {any} */ let listener;
  const adapter = {
    onstatus: (/** @type {any} */ each) => (listener = each),
    async *chat() {
      listener({ state: "site_changed", detail: "Nothing was asked." });
      yield { type: "text", text: "from the page" };
    },
  };

  assert.deepEqual(await trial(adapter), { text: "from the page", parts: 1, told: ["from the page"], error: "Nothing was asked." });
});

test("what a trial throws is told, unless the person has left", async () => {
  const adapter = {
    async *chat() {
      throw new Error("It broke.");
    },
  };

  assert.equal((await trial(adapter)).error, "It broke.");
  await assert.rejects(trial(adapter, AbortSignal.abort(new Error("left"))), /left/);
});
