import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Catalog } from "../../../extension/background/catalog.js";
import { Desk } from "../../../extension/background/desk.js";
import { held } from "../../../extension/background/held.js";
import { Memory } from "../../../extension/background/memory.js";
import { Scripts } from "../../../extension/background/scripts.js";
import { Seats } from "../../../extension/background/seats.js";
import { FakePagePort, FakeScripting, FakeWebSocket, storage } from "../support/chrome.js";
import { settled } from "../support/socket.js";

const SITE = "https://chat.example";
const PAIRING = { address: "localhost:3000", bridge: "ws://localhost:3001/", token: "rbr-1" };
const site = (/** @type {string} */ id, /** @type {any} */ more = {}) =>
  /** @type {any} */ ({ format: 1, id, name: id, version: "1", match: [], ways: [{ way: "function", path: "f" }], ...more });
const VIEW = { link: { state: "online" }, site: { state: "ready", account: "me" }, counters: {}, since: 1 };

/** @type {any} */ let kept;
/** @type {FakeScripting} */ let scripting;
/** @type {any[]} */ let tabsTold;
/** @type {any[]} */ let open;
let there = true;

beforeEach(() => {
  kept = storage({ local: { pairing: PAIRING } });
  scripting = new FakeScripting();
  tabsTold = [];
  open = [];
  FakeWebSocket.opened = [];
});

/** A worker, begun on what is kept. */
async function worker() {
  const memory = await Memory.load(kept);
  const seats = new Seats(memory);
  const catalog = new Catalog(memory, [site("a"), site("late", { ways: [{ way: "capture" }] })]);
  const tabs = /** @type {any} */ ({
    update: async (/** @type {any} */ ...told) => void tabsTold.push(told),
    query: async () => open,
    reload: async (/** @type {number} */ tab) => void tabsTold.push(["reload", tab]),
  });
  const desk = new Desk({
    ...{ memory, seats, catalog, tabs, version: "2", onchange: () => {} },
    scripts: new Scripts(/** @type {any} */ (scripting)),
    fetch: /** @type {any} */ (async () => (there ? {} : Promise.reject(new TypeError("down")))),
    WebSocket: /** @type {any} */ (FakeWebSocket),
  });
  return { desk, memory, seats, catalog };
}

/** @param {Desk} desk */
function page(desk, { tab = 1, origin = SITE, document = "open" } = {}) {
  const port = new FakePagePort();
  desk.attach(port, { tab, origin, document });
  return port;
}

/** @param {FakePagePort} port */
function greet(port) {
  port.say({ type: "open", socket: 1 });
  FakeWebSocket.last.open();
  port.say({ type: "frame", socket: 1, data: '{"type":"hello"}' });
  return FakeWebSocket.last;
}

test("a connected tab serves, in the name that the browser gives it", async () => {
  const { desk } = await worker();
  await desk.connect(1, SITE, "a");
  const port = page(desk);
  const socket = greet(port);
  socket.receive({ type: "welcome", session: "s1" });
  port.say({ type: "view", view: VIEW });

  assert.deepEqual(port.posted[0].setup.client, { kind: "extension", version: "2", carried: true });
  assert.deepEqual(socket.sent, [
    { type: "hello", client: { kind: "extension", version: "2", carried: true }, adapter: "a", site: "chat.example", token: "rbr-1" },
  ]);
  const [row] = desk.report();
  assert.deepEqual([row?.name, row?.account, row?.condition.headline], ["a", "me", "Ready"]);
  assert.deepEqual(scripting.executed, [
    { tab: 1, file: "page/agent.js", world: "MAIN" },
    { tab: 1, file: "content/boot.js", world: "ISOLATED" },
  ]);
  assert.deepEqual(scripting.registered.map(({ id, matches }) => [id, matches]), [
    [`agent ${SITE}`, [`${SITE}/*`]],
    [`boot ${SITE}`, [`${SITE}/*`]],
  ]);
  assert.deepEqual(tabsTold, [[1, { autoDiscardable: false }]]);
});

test("the next worker goes on with the same session", async () => {
  const first = await worker();
  await first.desk.connect(1, SITE, "a");
  greet(page(first.desk)).receive({ type: "welcome", session: "s1" });

  const port = page((await worker()).desk);
  assert.equal(greet(port).sent[0].session, "s1");
});

test("what a page said, and that it went, while the worker began is not lost", async () => {
  await (await worker()).desk.connect(1, SITE, "a");
  const { desk } = await worker();
  const [port, gone] = [new FakePagePort(), new FakePagePort()];
  for (const each of [port, gone]) {
    const waiting = held(/** @type {any} */ (each));
    each.say({ type: "open", socket: 1 });
    each.say({ type: "view", view: VIEW });
    if (each === gone) each.lose();
    desk.attach(waiting, { tab: 1, origin: SITE, document: "open" });
    const [first] = each.posted;
    assert.deepEqual([first.type, FakeWebSocket.opened.length], ["setup", each === port ? 1 : 2]);
    assert.equal(desk.report()[0]?.condition.headline, each === port ? "Ready" : "Starting…");
  }
  assert.deepEqual(FakeWebSocket.last.closedWith, [4001, "the page is gone"]);
});

test("a page that nobody connected is told to stop", async () => {
  const { desk } = await worker();
  await desk.connect(1, SITE, "a");
  for (const which of [{ tab: 2 }, { origin: "https://other.example" }]) assert.deepEqual(page(desk, which).posted, [{ type: "stop" }]);
});

test("a page that comes before the end of the one before takes its place", async () => {
  const { desk } = await worker();
  await desk.connect(1, SITE, "a");
  const before = page(desk);
  const socket = greet(before);
  const after = page(desk, { document: "next" });
  before.lose();

  assert.deepEqual([socket.closedWith, before.disconnected], [[4001, "the page is gone"], true]);
  greet(after).receive({ type: "welcome", session: "s" });
  before.say({ type: "view", view: VIEW });
  assert.equal(desk.report()[0]?.condition.headline, "Starting…");
});

test("a site whose traffic is read asks for a reload, until it had one", async () => {
  const { desk, seats } = await worker();
  await desk.connect(1, SITE, "late");
  page(desk);
  assert.equal(seats.at(1, SITE)?.late, "open");
  page(desk, { document: "next" });
  assert.equal(seats.at(1, SITE)?.late, null);
});

test("a tab is paused and resumed, also when its port is gone", async () => {
  const { desk, seats } = await worker();
  await desk.connect(1, SITE, "a");
  const [{ id }] = /** @type {[any]} */ (seats.all);
  const port = page(desk);
  await desk.pause(id, true);
  await desk.pause(id, false);
  desk.recheck(id);
  assert.deepEqual(port.posted.slice(1), [{ type: "pause" }, { type: "resume" }, { type: "look" }]);

  port.lose();
  scripting.executed = [];
  await desk.pause(id, true);
  assert.deepEqual(scripting.executed, []);
  await desk.pause(id, false);
  assert.deepEqual(scripting.executed, [{ tab: 1, file: "content/boot.js", world: "ISOLATED" }]);
});

test("disconnecting leaves nothing of relay in the site", async () => {
  const { desk, seats, memory } = await worker();
  await desk.connect(1, SITE, "a");
  const port = page(desk);
  const socket = greet(port);
  await desk.forget(SITE);

  assert.deepEqual(port.posted.at(-1), { type: "stop" });
  assert.deepEqual(socket.closedWith, [1000, "disconnected"]);
  assert.deepEqual([scripting.registered, seats.all, memory.local.sites], [[], [], {}]);
  assert.deepEqual(tabsTold.at(-1), [1, { autoDiscardable: true }]);
});

test("pages without a socket are woken, those with one are not", async () => {
  const { desk } = await worker();
  for (const tab of [1, 2, 3]) await desk.connect(tab, SITE, "a");
  greet(page(desk, { tab: 1 }));
  page(desk, { tab: 2 });
  scripting.executed = [];
  await desk.look();
  assert.deepEqual(scripting.executed.map(({ tab, file }) => [tab, file]), [[2, "content/boot.js"], [3, "content/boot.js"]]);
});

test("a browser that begins goes on with the tabs that it has", async () => {
  const first = await worker();
  await first.desk.connect(1, SITE, "a");
  kept = storage({ local: kept.local.kept });
  scripting.executed = [];
  open = [{ id: 7 }, { id: 8, discarded: true }, {}];
  await (await worker()).desk.resume();

  assert.deepEqual(scripting.executed.map(({ tab, file }) => [tab, file]), [[7, "page/agent.js"], [7, "content/boot.js"]]);
  assert.deepEqual(tabsTold.at(-1), ["reload", 8]);
});

test("a relay that refuses, one that is away, and one that does not know this browser are told apart", async () => {
  const { desk, memory } = await worker();
  await desk.connect(1, SITE, "a");
  const port = page(desk);
  port.say({ type: "view", view: { ...VIEW, link: { state: "waiting" } } });
  const said = async (/** @type {number} */ code) => {
    greet(port).drop(code);
    await settled();
    return desk.report()[0]?.condition.headline;
  };
  there = false;
  assert.equal(await said(1006), "relay is not running");
  there = true;
  assert.equal(await said(1006), "relay does not let this browser in");
  assert.equal(await said(4401), "relay no longer knows this browser");
  greet(port).receive({ type: "welcome", session: "s" });
  assert.equal(memory.local.pairing?.refused, undefined);
  memory.pair(null);
  assert.equal(await said(1006), "Not paired with relay");
});

test("a new pairing is tried at once, but not by a tab that rests", async () => {
  const { desk, seats } = await worker();
  for (const tab of [1, 2]) await desk.connect(tab, SITE, "a");
  const [one, two] = [page(desk, { tab: 1 }), page(desk, { tab: 2 })];
  await desk.pause(String(seats.at(2, SITE)?.id), true);
  one.take();
  two.take();
  await desk.paired();
  assert.deepEqual([one.take(), two.take()], [[{ type: "pause" }, { type: "resume" }], [{ type: "pause" }]]);
});

test("a description that changes is served at once", async () => {
  const { desk, catalog } = await worker();
  await desk.connect(1, SITE, "a");
  const port = page(desk);
  catalog.keep(site("a", { version: "2" }));
  desk.redescribed("a");
  desk.redescribed("elsewhere");
  assert.deepEqual(port.posted.map(({ setup }) => setup.description.version), ["1", "2"]);
  await desk.connect(1, SITE, "late");
  assert.equal(port.posted.at(-1).setup.description.id, "late");
});

test("a page that nothing can be begun in is connected when it is loaded", async () => {
  const { desk, seats } = await worker();
  scripting.refuses = true;
  await desk.connect(1, SITE, "late");
  assert.equal(seats.at(1, SITE)?.late, null);
});
