import assert from "node:assert/strict";
import { test } from "node:test";

import { PairingError, addressOf, bridgeOf, isThere, pair, whatToUpdate } from "../../../extension/background/pairing.js";
import { FakeWebSocket } from "../support/chrome.js";
import { settled } from "../support/socket.js";

const nobody = /** @type {any} */ (async () => Promise.reject(new TypeError("Failed to fetch")));
const somebody = /** @type {any} */ (async () => ({}));

/**
 * Pair, and let the far end do something.
 * @param {(socket: FakeWebSocket) => unknown} far
 * @param {{address?: string, code?: string, get?: any, patience?: number}} [options]
 */
async function paired(far, { address = "localhost:3000", code = "AAAAA-BBBBB", get = nobody, patience = 1000 } = {}) {
  const outcome = pair(address, code, "2", { fetch: get, WebSocket: /** @type {any} */ (FakeWebSocket), patience }).then(
    (value) => value,
    (error) => (error instanceof PairingError ? error.message : Promise.reject(error)),
  );
  await settled();
  const socket = FakeWebSocket.last;
  await far(socket);
  return { outcome: await outcome, socket };
}

test("addresses are of this computer", () => {
  const good = ["localhost:3000", " http://127.0.0.1:8000/page ", "ws://localhost:3001", "http://[::1]:3000", "ws://[0:0::1]:3001/"];
  assert.deepEqual(
    good.map((text) => addressOf(text).origin),
    ["http://localhost:3000", "http://127.0.0.1:8000", "ws://localhost:3001", "http://localhost:3000", "ws://localhost:3001"],
  );
  for (const text of ["http://[::2]:3000", "::1", "https://localhost", "", "http://relay.example", "10.0.0.1:3000", "http://localhost.evil.example", "ftp://localhost"])
    assert.throws(() => addressOf(text), PairingError, text);
});

test("relay's page tells where the bridge is, if it can be read and is here", async () => {
  const says = (/** @type {string} */ url) => /** @type {any} */ (async () => ({ json: async () => ({ bridge_url: url }) }));
  const address = new URL("http://localhost:3000");

  assert.equal(await bridgeOf(address, says("ws://localhost:4000/")), "ws://localhost:4000/");
  assert.equal(await bridgeOf(address, says("ws://[::1]:4000/")), "ws://localhost:4000/");
  assert.equal(await bridgeOf(address, says("ws://evil.example/")), "ws://localhost:3001/");
  assert.equal(await bridgeOf(address, nobody), "ws://localhost:3001/");
  assert.equal(await bridgeOf(new URL("http://localhost"), nobody), "ws://localhost:81/");
  assert.equal(await bridgeOf(new URL("ws://127.0.0.1:9"), nobody), "ws://127.0.0.1:9/");
});

test("a code becomes a token", async () => {
  const { outcome, socket } = await paired((far) => {
    far.open();
    far.receive({ type: "welcome", token: "rbr-1" });
  });

  assert.deepEqual(outcome, { address: "localhost:3000", bridge: "ws://localhost:3001/", token: "rbr-1" });
  assert.deepEqual(socket.sent, [
    { type: "hello", protocols: [1], code: "AAAAA-BBBBB", client: { kind: "extension", version: "2" }, adapter: "pairing", site: "extension" },
  ]);
  assert.deepEqual(socket.closedWith, [1000, "paired"]);
});

test("the link that relay prints has the code in it", async () => {
  const { socket } = await paired(
    (far) => {
      far.open();
      far.receive({ type: "welcome", token: "rbr-1" });
    },
    { code: " http://localhost:3000/#code=CCCCC-DDDDD " },
  );
  assert.equal(socket.sent[0].code, "CCCCC-DDDDD");
});

test("what went wrong is said", async () => {
  const spent = await paired((far) => far.drop(4401));
  assert.match(String(spent.outcome), /used already/);
  const down = await paired((far) => far.drop(1006));
  assert.equal(down.outcome, "No relay answers at localhost:3000. Start it: relay serve");
  const closed = await paired((far) => far.drop(1006), { get: somebody });
  assert.match(String(closed.outcome), /lets nobody in/);
  const silent = await paired((far) => far.open(), { patience: 1 });
  assert.match(String(silent.outcome), /No relay answers/);
  const old = await paired((far) => {
    far.receive({ type: "bye", message: "This relay speaks bridge protocol 2: update it." });
    far.receive({ type: "later" });
    far.drop(4409);
  });
  assert.match(String(old.outcome), /Update this extension/);
  const mute = await paired((far) => far.drop(4409));
  assert.match(String(mute.outcome), /Update relay/);
});

test("a code is needed", async () => {
  await assert.rejects(pair("localhost:3000", " ", "2", { fetch: nobody, WebSocket: /** @type {any} */ (FakeWebSocket) }), PairingError);
});

test("the older side is named", () => {
  assert.match(whatToUpdate("This relay speaks bridge protocol 2, 3: update it."), /Update this extension/);
  assert.match(whatToUpdate("This relay speaks bridge protocol 0: update it."), /Update relay/);
  assert.match(whatToUpdate(""), /Update relay/);
});

test("somebody is there, or nobody", async () => {
  assert.deepEqual([await isThere("localhost:1", somebody), await isThere("localhost:1", nobody)], [true, false]);
});
