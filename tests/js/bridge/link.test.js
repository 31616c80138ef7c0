import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Link } from "../../../extension/bridge/link.js";
import { PageProtocol } from "../../../extension/bridge/protocol.js";
import { HELLO, callFrame, welcome } from "../support/relay.js";
import { FakeSocket, FakeTasks, FakeTimers, settled } from "../support/socket.js";

/** @type {FakeTimers} */ let timers;
/** @type {FakeTasks} */ let tasks;
/** @type {EventTarget} */ let page;
/** @type {any[]} */ let events;
/** @type {import("../../../extension/bridge/link.js").LinkStatus[]} */ let statuses;
/** @type {{token: string | null, session: string | null}} */ let kept;
/** @type {PageProtocol} */ let protocol;

beforeEach(() => {
  FakeSocket.opened = [];
  timers = new FakeTimers();
  tasks = new FakeTasks();
  page = new EventTarget();
  events = [];
  statuses = [];
  kept = { token: "t0ken", session: null };
  protocol = new PageProtocol();
});

/** @param {Partial<import("../../../extension/bridge/link.js").LinkOptions> & {code?: string}} [options] */
function link({ code, ...options } = {}) {
  const note = (/** @type {any} */ event) => void events.push(event);
  return new Link({
    url: "ws://127.0.0.1:3001/",
    protocol,
    hello: HELLO,
    credentials: { get: () => kept.token, set: (token) => void (kept.token = token), ...(code ? { code } : {}) },
    storage: { get: async () => kept.session, set: async (session) => void (kept.session = session) },
    onchange: (status) => statuses.push(status),
    onstart: note,
    onabort: note,
    onroom: note,
    WebSocket: FakeSocket,
    random: () => 1,
    timers,
    tasks: tasks.queue,
    wakeups: [{ target: page, types: ["online", "visibilitychange"] }],
    ...options,
  });
}

async function online(options = {}) {
  const opened = link(options);
  opened.start();
  await FakeSocket.last.open();
  await FakeSocket.last.receive(welcome());
  FakeSocket.last.take();
  return opened;
}

test("it opens the socket, greets with the token and is online after the welcome", async () => {
  kept.session = "s-0";
  const opened = link();
  assert.equal(opened.state, "stopped");
  opened.start();
  assert.equal(opened.state, "connecting");
  const socket = FakeSocket.last;
  assert.equal(socket.url, "ws://127.0.0.1:3001/");
  await socket.open();
  assert.deepEqual(socket.take(), [{ type: "hello", protocols: [1], ...HELLO, token: "t0ken", session: "s-0" }]);
  await socket.receive(welcome());
  assert.deepEqual(opened.status, { state: "online", since: timers.time, welcome: welcome() });
  assert.equal(kept.session, "s-1");
  opened.start();
  assert.equal(FakeSocket.opened.length, 1);
});

test("a code is exchanged for a token, which is used from then on", async () => {
  kept.token = null;
  link({ code: "ABCD" }).start();
  await FakeSocket.last.open();
  assert.equal(FakeSocket.last.take()[0].code, "ABCD");
  await FakeSocket.last.receive(welcome({ token: "fresh" }));
  assert.equal(kept.token, "fresh");
  await FakeSocket.last.drop(1006);
  await timers.pass(500);
  await FakeSocket.last.open();
  const [hello] = FakeSocket.last.take();
  assert.deepEqual([hello.token, "code" in hello], ["fresh", false]);
});

test("a code that was used up gives way to the token that is kept", async () => {
  const opened = link({ code: "USED" });
  opened.start();
  await FakeSocket.last.open();
  await FakeSocket.last.drop(4401);
  assert.equal(FakeSocket.opened.length, 2);
  await FakeSocket.last.open();
  assert.equal(FakeSocket.last.take()[0].token, "t0ken");
  await FakeSocket.last.drop(4401);
  assert.equal(opened.state, "refused");
  assert.match(String(opened.status.detail), /used already/);
});

test("a code that relay refuses is said to be the trouble, until another credential was good", async () => {
  kept.token = null;
  const opened = link({ code: "USED" });
  opened.start();
  await FakeSocket.last.open();
  await FakeSocket.last.drop(4401);
  assert.deepEqual(opened.status, {
    state: "refused",
    since: timers.time,
    code: 4401,
    detail: "The code was used already, is too old or was mistyped. This makes another: relay pair",
  });
  kept.token = "t0ken";
  opened.start();
  await FakeSocket.last.open();
  await FakeSocket.last.drop(4401);
  await FakeSocket.last.open();
  await FakeSocket.last.receive(welcome());
  await FakeSocket.last.drop(4401);
  assert.match(String(opened.status.detail), /does not know this page/);
});

test("a link that is stopped while it looks for another credential stays stopped", async () => {
  const opened = link({ code: "USED" });
  opened.start();
  await FakeSocket.last.open();
  FakeSocket.last.onclose?.({ code: 4401, reason: "" });
  opened.stop();
  await settled();
  assert.equal(FakeSocket.opened.length, 1);
  assert.equal(opened.state, "stopped");
});

test("without any credential it says what to do", async () => {
  kept.token = null;
  const opened = link();
  opened.start();
  await FakeSocket.last.open();
  assert.deepEqual([opened.state, opened.status.code], ["refused", 4401]);
  assert.match(String(opened.status.detail), /relay pair/);
  assert.deepEqual(FakeSocket.last.sent, []);
  assert.equal(FakeSocket.last.closedWith?.code, 1000);
});

for (const [code, words] of /** @type {const} */ ([
  [4401, /make a new code/],
  [4409, /different versions/],
])) {
  test(`after ${code} it does not come back by itself`, async () => {
    const opened = await online();
    await FakeSocket.last.drop(code);
    assert.deepEqual([opened.state, opened.status.code], ["refused", code]);
    assert.match(String(opened.status.detail), words);
    page.dispatchEvent(new Event("online"));
    await timers.pass(3_600_000);
    assert.equal(FakeSocket.opened.length, 1);
    opened.start();
    assert.equal(FakeSocket.opened.length, 2);
  });
}

test("what relay says before it refuses is shown", async () => {
  const opened = await online();
  await FakeSocket.last.receive({ type: "bye", reason: "protocol_unsupported", message: "relay speaks version 2." });
  await FakeSocket.last.drop(4409);
  assert.equal(opened.status.detail, "relay speaks version 2.");
});

test("it comes back after growing pauses of at most 30 s", async () => {
  const opened = link();
  opened.start();
  const pauses = [];
  for (let round = 0; round < 9; round += 1) {
    await FakeSocket.last.drop(1006);
    assert.deepEqual([opened.state, opened.status.detail], ["waiting", "relay cannot be reached"]);
    pauses.push(Number(opened.status.nextTryAt) - timers.time);
    await timers.pass(Number(opened.status.nextTryAt) - timers.time);
  }
  assert.deepEqual(pauses, [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
  assert.equal(FakeSocket.opened.length, 10);
});

test("pauses are jittered, and a welcome makes them short again", async () => {
  const opened = await online({ random: () => 0 });
  await FakeSocket.last.drop(1006);
  assert.equal(Number(opened.status.nextTryAt) - timers.time, 250);
  await timers.pass(250);
  await FakeSocket.last.drop(1006);
  assert.equal(Number(opened.status.nextTryAt) - timers.time, 500);
  await timers.pass(500);
  await FakeSocket.last.open();
  await FakeSocket.last.receive(welcome());
  await FakeSocket.last.drop(4429, "too many sockets");
  assert.deepEqual([Number(opened.status.nextTryAt) - timers.time, opened.status.detail], [250, "too many sockets"]);
});

test("a close without a reason names its code", async () => {
  const opened = await online();
  await FakeSocket.last.drop(4400);
  assert.equal(opened.status.detail, "relay closed the link (4400)");
});

test("relay's goodbye is shown before the link closes", async () => {
  const opened = await online();
  await FakeSocket.last.receive({ type: "bye", reason: "restart", message: "relay is stopping." });
  assert.deepEqual(opened.status, {
    state: "online",
    since: timers.time,
    welcome: welcome(),
    leaving: true,
    detail: "relay is stopping.",
  });
  await FakeSocket.last.drop(1012);
  assert.deepEqual([opened.state, opened.status.detail], ["waiting", "relay is stopping."]);
});

test("it waits as long as relay asks, and says why", async () => {
  const opened = await online();
  await FakeSocket.last.receive({ type: "bye", reason: "shutdown", message: "relay restarts.", retry_after: 5 });
  await FakeSocket.last.drop(1012);
  assert.deepEqual([opened.status.detail, Number(opened.status.nextTryAt) - timers.time], ["relay restarts.", 5500]);
});

test("a page that wakes up does not wait for its timer", async () => {
  await online();
  await FakeSocket.last.drop(1006);
  page.dispatchEvent(new Event("visibilitychange"));
  assert.equal(FakeSocket.opened.length, 2);
  await timers.pass(60_000 - 45_000);
  assert.equal(FakeSocket.opened.length, 2);
});

test("a link that went silent is dropped and comes back", async () => {
  const opened = await online();
  const socket = FakeSocket.last;
  await timers.pass(50_000);
  assert.equal(opened.state, "online");
  await timers.pass(5_000);
  assert.deepEqual([opened.status.detail, socket.closedWith?.code], ["relay went silent", 4000]);
  await timers.pass(500);
  assert.equal(FakeSocket.opened.length, 2);
});

test("frames keep the link alive", async () => {
  const opened = await online();
  for (let round = 0; round < 10; round += 1) {
    await timers.pass(20_000);
    await FakeSocket.last.receive({ type: "ping", t: round });
  }
  assert.deepEqual([opened.state, FakeSocket.opened.length], ["online", 1]);
  assert.equal(FakeSocket.last.take().length, 10);
});

test("after a sleep the silence is seen on waking, without a timer", async () => {
  const opened = await online();
  timers.sleep(10 * 60_000);
  page.dispatchEvent(new Event("visibilitychange"));
  assert.equal(opened.state, "waiting");
});

test("waking up a link that is alive changes nothing", async () => {
  const opened = await online();
  page.dispatchEvent(new Event("online"));
  assert.deepEqual([opened.state, FakeSocket.opened.length], ["online", 1]);
});

test("a socket that never gets a welcome is given up", async () => {
  const opened = link();
  opened.start();
  await timers.pass(21_000);
  assert.ok(FakeSocket.opened.length > 1);
  assert.equal(FakeSocket.opened[0]?.closedWith?.code, 4000);
  assert.notEqual(opened.state, "refused");
});

test("a frame that cannot be read ends the socket, not the link", async () => {
  const opened = await online();
  const socket = FakeSocket.last;
  socket.onmessage?.({ data: "{" });
  assert.deepEqual([opened.state, socket.closedWith?.code], ["waiting", 4400]);
  assert.match(String(opened.status.detail), /cannot read/);
});

test("calls, aborts and room reach the host", async () => {
  await online();
  await FakeSocket.last.receive(callFrame({ credit: 1 }));
  await FakeSocket.last.receive({ type: "credit", call: "c-1", attempt: 1, ack: 0, upto: 2 });
  await FakeSocket.last.receive({ type: "cancel", call: "c-1", attempt: 1, reason: "stop" });
  assert.deepEqual(
    events.map(({ kind, call }) => [kind, call]),
    [
      ["start", "c-1"],
      ["room", "c-1"],
      ["abort", "c-1"],
    ],
  );
});

test("what is flushed in one task is one frame", async () => {
  const opened = await online();
  await FakeSocket.last.receive(callFrame());
  FakeSocket.last.take();
  for (const text of ["a", "b"]) {
    protocol.emit("c-1", [{ type: "text", text }]);
    opened.flush();
  }
  assert.deepEqual(FakeSocket.last.take(), []);
  tasks.next();
  assert.deepEqual(
    FakeSocket.last.take().map(({ parts }) => parts.length),
    [2],
  );
});

test("while bytes are unsent parts pile up, and go out as one frame", async () => {
  const opened = await online();
  await FakeSocket.last.receive(callFrame());
  FakeSocket.last.take();
  FakeSocket.last.bufferedAmount = 100;
  for (const text of ["a", "b"]) {
    protocol.emit("c-1", [{ type: "text", text }]);
    opened.flush();
    tasks.next();
  }
  assert.deepEqual(FakeSocket.last.take(), []);
  FakeSocket.last.bufferedAmount = 0;
  tasks.next();
  assert.deepEqual(
    FakeSocket.last.take().map(({ parts }) => parts.length),
    [2],
  );
});

test("a congested socket is looked at by a timer after some tasks", async () => {
  const opened = await online();
  await FakeSocket.last.receive(callFrame());
  FakeSocket.last.take();
  FakeSocket.last.bufferedAmount = 100;
  protocol.emit("c-1", [{ type: "text", text: "a" }]);
  opened.flush();
  let rounds = 0;
  while (tasks.next()) rounds += 1;
  assert.equal(rounds, 20);
  opened.flush();
  tasks.next();
  FakeSocket.last.bufferedAmount = 0;
  await timers.pass(50);
  assert.equal(FakeSocket.last.take().length, 1);
});

test("stop closes with 1000 and leaves nothing behind", async () => {
  const opened = await online();
  await FakeSocket.last.receive(callFrame());
  opened.stop();
  opened.stop();
  assert.deepEqual([opened.state, FakeSocket.last.closedWith?.code, events.at(-1).kind], ["stopped", 1000, "abort"]);
  assert.equal(timers.pending.size, 0);
  page.dispatchEvent(new Event("online"));
  opened.flush();
  assert.equal(tasks.scheduled, false);
  assert.equal(FakeSocket.opened.length, 1);
});

test("events of a socket that was left are not heard", async () => {
  const opened = await online();
  const old = FakeSocket.last;
  const { onmessage, onclose, onopen } = old;
  timers.sleep(10 * 60_000);
  page.dispatchEvent(new Event("online"));
  onopen?.({});
  onmessage?.({ data: JSON.stringify(welcome()) });
  onclose?.({ code: 4401, reason: "" });
  await settled();
  assert.deepEqual([opened.state, old.sent], ["waiting", []]);
});

test("a link listens to its page and uses the page's clock and tasks unless told otherwise", async (context) => {
  const shown = new EventTarget();
  Object.defineProperty(globalThis, "document", { value: shown, configurable: true });
  context.after(() => Reflect.deleteProperty(globalThis, "document"));
  const opened = new Link({
    url: "ws://127.0.0.1:9/",
    protocol,
    hello: HELLO,
    credentials: { get: () => "t0ken", set: () => {} },
    onstart: () => {},
    onabort: () => {},
    onroom: () => {},
    WebSocket: FakeSocket,
  });
  opened.start();
  await FakeSocket.last.open();
  await FakeSocket.last.drop(1006);
  assert.equal(opened.state, "waiting");
  shown.dispatchEvent(new Event("visibilitychange"));
  assert.deepEqual([opened.state, FakeSocket.opened.length], ["connecting", 2]);
  opened.stop();
});
