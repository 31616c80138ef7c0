import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { AdapterError } from "../../../extension/bridge/adapter.js";
import { Bridge } from "../../../extension/bridge/bridge.js";
import { callFrame, welcome } from "../support/relay.js";
import { FakeSocket, FakeTasks, FakeTimers, settled } from "../support/socket.js";

/** @typedef {import("../../../extension/bridge/adapter.js").AdapterStatus} AdapterStatus */

/** @type {AdapterStatus | Error} */ let status;
/** @type {(status: AdapterStatus) => void} */ let tell;
/** @type {unknown[]} */ let bugs;
/** @type {string[]} */ let seen;
/** @type {FakeTasks} */ let tasks;

beforeEach(() => {
  FakeSocket.opened = [];
  status = { state: "ready", models: [{ id: "demo" }] };
  bugs = [];
  seen = [];
  tasks = new FakeTasks();
});

/** @type {import("../../../extension/bridge/adapter.js").Adapter} */
const adapter = {
  id: "test",
  matches: () => true,
  status: async () => {
    if (status instanceof Error) throw status;
    return status;
  },
  onstatus: (listener) => {
    tell = listener;
  },
  async *chat({ model }) {
    if (model === "gone") throw new AdapterError("login_required", "Sign in again.");
    if (model === "slow") throw new AdapterError("rate_limited", "Slow down.");
    yield { type: "text", text: "Hello" };
    return { finish_reason: "stop" };
  },
};

async function open() {
  const bridge = new Bridge({
    url: "ws://127.0.0.1:3001/",
    adapter,
    client: { kind: "page", version: "1.0" },
    site: "chat.example",
    credentials: { get: () => "t0ken", set: () => {} },
    storage: { get: () => null, set: () => {} },
    onchange: ({ link, site }) => void seen.push(`${link.state} ${site.state}`),
    onbug: (error) => void bugs.push(error),
    seams: { WebSocket: FakeSocket, timers: new FakeTimers(), tasks: tasks.queue, wakeups: [] },
  });
  bridge.start();
  await FakeSocket.last.open();
  await FakeSocket.last.receive(welcome());
  return bridge;
}

test("relay hears what the site can do, and a call is answered", async () => {
  const bridge = await open();
  assert.deepEqual(FakeSocket.last.take(), [
    {
      type: "hello",
      protocols: [1],
      client: { kind: "page", version: "1.0" },
      adapter: "test",
      site: "chat.example",
      token: "t0ken",
    },
    { type: "state", state: "ready", models: [{ id: "demo" }] },
  ]);
  await FakeSocket.last.receive(callFrame());
  tasks.next();
  assert.deepEqual(
    FakeSocket.last.take().map(({ type }) => type),
    ["accepted", "parts", "done"],
  );
  assert.deepEqual(
    [bridge.view.link.state, bridge.view.site.state, bridge.view.calls.map(({ outcome }) => outcome)],
    ["online", "ready", ["done"]],
  );
  assert.deepEqual([seen[0], seen.at(-1)], ["stopped starting", "online ready"]);
  bridge.stop();
  assert.equal(bridge.view.link.state, "stopped");
});

test("what the adapter says by itself is told", async () => {
  await open();
  FakeSocket.last.take();
  tell({ state: "blocked", detail: "A captcha." });
  tasks.next();
  assert.deepEqual(FakeSocket.last.take(), [{ type: "state", state: "blocked", detail: "A captcha." }]);
});

test("after a failure that tells of the login the site is looked at again", async () => {
  await open();
  FakeSocket.last.take();
  status = { state: "login_required" };
  await FakeSocket.last.receive(callFrame({ request: { model: "gone", messages: [] } }));
  tasks.next();
  assert.deepEqual(
    FakeSocket.last.take().map(({ type, state, kind }) => [type, state ?? kind]),
    [
      ["accepted", undefined],
      ["state", "login_required"],
      ["fail", "login_required"],
    ],
  );
});

test("after another failure it is not", async () => {
  await open();
  FakeSocket.last.take();
  status = { state: "login_required" };
  await FakeSocket.last.receive(callFrame({ request: { model: "slow", messages: [] } }));
  tasks.next();
  assert.deepEqual(
    FakeSocket.last.take().map(({ type }) => type),
    ["accepted", "fail"],
  );
});

test("a look that ends after a later one is not taken for news", async () => {
  const bridge = await open();
  /** @type {((status: AdapterStatus) => void)[]} */
  const answers = [];
  const answer = adapter.status;
  adapter.status = () => new Promise((resolve) => void answers.push(resolve));
  const looks = [bridge.refresh(), bridge.refresh()];
  adapter.status = answer;
  answers[1]?.({ state: "login_required" });
  await settled();
  answers[0]?.({ state: "ready" });
  await Promise.all(looks);
  assert.equal(bridge.view.site.state, "login_required");
});

test("an adapter that cannot tell is unavailable", async () => {
  const bridge = await open();
  status = new Error("broken");
  await bridge.refresh();
  assert.deepEqual([bridge.view.site.state, bugs], ["unavailable", [status]]);
});

test("options that a page need not give", async () => {
  status = new Error("broken");
  const bridge = new Bridge({
    url: "ws://127.0.0.1:3001/",
    adapter: { id: "least", matches: () => true, status: adapter.status, chat: adapter.chat },
    client: { kind: "page", version: "" },
    site: "",
    credentials: { get: () => null, set: () => {} },
    seams: { WebSocket: FakeSocket },
  });
  bridge.start();
  await settled();
  assert.deepEqual([bridge.view.site.state, bridge.view.link.state], ["unavailable", "connecting"]);
  bridge.stop();
});
