import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { DemoAdapter } from "../../../extension/bridge/adapters/demo.js";
import { start } from "../../../extension/content/main.js";
import { FakePort } from "../support/port.js";
import { welcome } from "../support/relay.js";
import { FakeTasks, FakeTimers, settled } from "../support/socket.js";

/** @typedef {import("../../../extension/content/main.js").SiteAdapter} SiteAdapter */

const CLIENT = { kind: "extension", version: "1.0" };
const REFUSAL = "The site description cannot be used: no good";
const SETUP = { client: CLIENT, description: { id: "demo" }, session: null };

/** @type {FakePort[]} */ let ports;
/** @type {string[]} */ let log;
/** @type {FakeTasks} */ let views;
/** @type {FakeTimers} */ let timers;
let over = false;

beforeEach(() => {
  ports = [];
  log = [];
  views = new FakeTasks();
  timers = new FakeTimers();
  over = false;
});

/**
 * The next task, without the message channel that would keep the process alive.
 * @param {() => void} run
 */
function soon(run) {
  return { schedule: () => void setImmediate(run), close: () => {} };
}

/** @param {{id: string}} description */
function makeAdapter({ id }) {
  if (id === "broken") throw new Error("no good");
  log.push(`made ${id}`);
  const adapter = /** @type {SiteAdapter} */ (new DemoAdapter({ pause: async () => {} }));
  adapter.close = () => log.push(`closed ${id}`);
  adapter.recheck = () => log.push(`recheck ${id}`);
  return adapter;
}

/** @param {Partial<import("../../../extension/content/main.js").Environment>} [fields] */
function begin(fields = {}) {
  return start({
    connect: () => (over ? null : (ports[ports.push(new FakePort()) - 1] ?? null)),
    makeAdapter,
    onend: () => log.push("end"),
    onbug: (error) => log.push(String(error)),
    seams: { timers, random: () => 0.5, wakeups: [], tasks: soon },
    tasks: views.queue,
    now: timers.now,
    ...fields,
  });
}

/** The newest port. */
function port() {
  return /** @type {FakePort} */ (ports.at(-1));
}

/** The frames that the page sent, and what it did with sockets. */
function frames() {
  return port()
    .take()
    .filter(({ type }) => type !== "view")
    .map((message) => (message.type === "frame" ? JSON.parse(message.data) : message));
}

function view() {
  views.next();
  return port()
    .take()
    .find(({ type }) => type === "view")?.view;
}

/**
 * The carrier opens the socket and relay welcomes it.
 * @param {number} [socket]
 */
async function greet(socket = 1) {
  await port().say({ type: "opened", socket });
  await port().say({ type: "frame", socket, data: JSON.stringify(welcome()) });
}

/** @param {object} frame */
async function relaySays(frame) {
  await port().say({ type: "frame", socket: 1, data: JSON.stringify(frame) });
}

test("it asks for a setup, and greets with a placeholder for the credential", async () => {
  begin();
  assert.deepEqual(port().take(), []);
  await port().say({ type: "setup", setup: { ...SETUP, session: "old" } });
  assert.deepEqual(frames(), [{ type: "open", socket: 1 }]);
  await port().say({ type: "opened", socket: 1 });

  assert.deepEqual(frames(), [
    { type: "hello", protocols: [1], client: CLIENT, adapter: "demo", site: "", token: "carried", session: "old" },
  ]);
});

test("it answers calls with the adapter that the description makes", async () => {
  begin();
  await port().say({ type: "setup", setup: SETUP });
  await greet();
  frames();
  await relaySays({
    type: "call",
    call: "c1",
    attempt: 1,
    method: "chat",
    request: { model: "demo", messages: [{ role: "user", content: [{ type: "text", text: "Hi" }] }] },
    credit: 1000,
  });
  await settled();

  const sent = frames();
  assert.deepEqual(sent[0], { type: "accepted", call: "c1", attempt: 1 });
  assert.equal(sent.at(-1).finish_reason, "stop");
  const counters = view().counters;
  assert.deepEqual({ ...counters, parts: 0, characters: 0 }, { calls: 1, running: 0, failed: 0, parts: 0, characters: 0 });
  assert.ok(counters.parts > 5 && counters.characters > 50);
});

test("a new carrier goes on with the same bridge", async () => {
  begin();
  await port().say({ type: "setup", setup: SETUP });
  await greet();
  await ports[0]?.lose();
  await timers.pass(1000);
  await port().say({ type: "setup", setup: SETUP });
  await port().say({ type: "opened", socket: 2 });

  assert.equal(ports.length, 2);
  assert.deepEqual(log, ["made demo"]);
  assert.deepEqual(
    frames().map(({ type, session }) => [type, session]),
    [
      ["open", undefined],
      ["hello", welcome().session],
    ],
  );
});

test("another description makes another adapter", async () => {
  begin();
  await port().say({ type: "setup", setup: SETUP });
  await greet();
  frames();
  await port().say({ type: "setup", setup: { ...SETUP, description: { id: "other" } } });

  assert.deepEqual(log, ["made demo", "closed demo", "made other"]);
  assert.deepEqual(frames(), [
    { type: "close", socket: 1, code: 1000, reason: "stopped" },
    { type: "open", socket: 2 },
  ]);
});

test("a description that cannot be used is said so", async () => {
  begin();
  await port().say({ type: "setup", setup: { ...SETUP, description: { id: "broken" } } });

  assert.deepEqual(log, ["Error: no good"]);
  assert.deepEqual(frames(), [{ type: "refused", detail: REFUSAL }]);
  assert.deepEqual(view().site, { state: "unavailable", detail: REFUSAL });
});

test("a description that cannot be used needs nobody who listens", async () => {
  const { onbug: _, ...quiet } = { onbug: undefined };
  start({ connect: () => (ports[ports.push(new FakePort()) - 1] ?? null), makeAdapter, tasks: views.queue, ...quiet });
  await port().say({ type: "setup", setup: { ...SETUP, description: { id: "broken" } } });

  assert.equal(view().site.state, "unavailable");
});

test("paused, it has no socket, and serves again when resumed", async () => {
  begin();
  await port().say({ type: "setup", setup: { ...SETUP, paused: true } });
  assert.deepEqual(frames(), []);
  await port().say({ type: "resume" });
  await greet();
  assert.equal(frames()[0].type, "open");
  await port().say({ type: "pause" });

  assert.deepEqual(frames(), [{ type: "close", socket: 1, code: 1000, reason: "stopped" }]);
  assert.equal(view().link.state, "stopped");
});

test("a refused link tries again after a new setup", async () => {
  begin();
  await port().say({ type: "setup", setup: SETUP });
  await port().say({ type: "closed", socket: 1, code: 4401, reason: "" });
  assert.equal(view().link.code, 4401);
  await port().say({ type: "setup", setup: SETUP });

  assert.deepEqual(frames(), [{ type: "open", socket: 2 }]);
});

test("a look forgets what was found broken and asks the site again", async () => {
  begin();
  await port().say({ type: "look" });
  await port().say({ type: "setup", setup: SETUP });
  await port().say({ type: "look" });

  assert.deepEqual(log, ["made demo", "recheck demo"]);
});

test("stopped, it says goodbye and leaves", async () => {
  begin();
  await port().say({ type: "setup", setup: SETUP });
  await greet();
  frames();
  await port().say({ type: "stop" });

  assert.deepEqual(frames(), [{ type: "close", socket: 1, code: 1000, reason: "stopped" }]);
  assert.equal(port().disconnected, true);
  assert.deepEqual(log, ["made demo", "closed demo", "end"]);
});

test("without a carrier for ever, it ends", async () => {
  over = true;
  begin();
  await settled();

  assert.deepEqual(log, ["end"]);
});

test("an extension that is replaced ends its program in the middle of a reconnect", async () => {
  begin();
  await port().say({ type: "setup", setup: SETUP });
  await greet();
  over = true;
  await ports[0]?.lose();
  await timers.pass(60_000);

  assert.deepEqual(log, ["made demo", "closed demo", "end"]);
  assert.equal(ports.length, 1);
});

test("woken, it has a port again", async () => {
  const program = begin();
  await port().lose();
  program.wake();
  program.wake();

  assert.equal(ports.length, 2);
});

test("a view is sent when a state changes, not with every count", async () => {
  begin();
  await port().say({ type: "setup", setup: SETUP });
  assert.equal(view().link.state, "connecting");
  await greet();
  const { link, site, since } = view();
  assert.deepEqual(link, { state: "online", code: undefined, detail: undefined });
  assert.deepEqual(site, { state: "ready", detail: "Demo: scripted answers, no model behind them.", account: "Demo" });
  assert.equal(since, timers.now());
  await port().say({ type: "look" });

  assert.equal(view(), undefined);
});

test("a site that is blocked says by what", async () => {
  begin({
    makeAdapter: () => ({
      ...makeAdapter({ id: "demo" }),
      id: "demo",
      matches: () => true,
      status: async () => ({ state: "blocked", reason: "captcha" }),
      chat: new DemoAdapter().chat,
    }),
  });
  await port().say({ type: "setup", setup: SETUP });

  assert.deepEqual(view().site, { state: "blocked", reason: "captcha" });
});
