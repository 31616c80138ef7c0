import assert from "node:assert/strict";
import { register } from "node:module";
import { afterEach, beforeEach, test } from "node:test";

import { Memory } from "../../../static/js/config.js";

register("./bridge-imports.js", import.meta.url);
const { Session } = await import("../../../static/js/session.js");

/** @type {FakeSocket[]} */
let sockets = [];

class FakeSocket {
  bufferedAmount = 0;
  /** @type {any[]} */
  sent = [];
  /** @type {number | undefined} */
  closedWith;
  /** @type {((event?: any) => void) | null} */ onopen = null;
  /** @type {((event: any) => void) | null} */ onmessage = null;
  /** @type {((event: any) => void) | null} */ onclose = null;

  constructor() {
    sockets.push(this);
  }

  /** @param {string} frame */
  send(frame) {
    this.sent.push(JSON.parse(frame));
  }

  /** @param {number} code */
  close(code) {
    this.closedWith = code;
  }

  /** @param {object} frame */
  say(frame) {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
}

const WELCOME = {
  type: "welcome",
  protocol: 1,
  session: "s1",
  resumed: false,
  heartbeat_ms: 20_000,
  grace_ms: 30_000,
  limits: { frame_bytes: 8_388_608, unacked_bytes: 4_194_304 },
  resume: [],
};

/** @type {import("../../../static/js/config.js").PageConfig} */
const CONFIG = {
  bridge_url: "ws://localhost:3001/",
  version: "0.1.0",
  default_model: "m",
  base_url: "http://localhost:3000/v1",
  demo: true,
  puter: { sdk: "/sdk/puter.js", api_origin: "http://api", gui_origin: "http://gui", way: "auto" },
};

function makeStore() {
  const kept = new Map();
  return {
    getItem: (/** @type {string} */ key) => kept.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => void kept.set(key, value),
    removeItem: (/** @type {string} */ key) => void kept.delete(key),
  };
}

const settled = () => new Promise((resolve) => void setImmediate(resolve));
const current = () => /** @type {FakeSocket} */ (sockets.at(-1));

/** @type {InstanceType<typeof Session>[]} */
const sessions = [];

/** @param {{code?: string, token?: string}} [credentials] */
function makeSession({ code, token } = {}) {
  const memory = new Memory(makeStore());
  memory.token = token;
  const session = new Session({ config: CONFIG, memory, code, adapter: "demo", onchange: () => {} });
  sessions.push(session);
  return { session, memory };
}

async function welcomed() {
  current().onopen?.();
  await settled();
  current().say(WELCOME);
  await settled();
}

const GLOBALS = ["WebSocket", "document", "location", "sessionStorage"];
/** @type {Map<string, PropertyDescriptor | undefined>} */
const before = new Map();

beforeEach(() => {
  const fakes = [FakeSocket, new EventTarget(), { hostname: "localhost" }, makeStore()];
  GLOBALS.forEach((name, at) => {
    before.set(name, Object.getOwnPropertyDescriptor(globalThis, name));
    Object.defineProperty(globalThis, name, { value: fakes[at], configurable: true, writable: true });
  });
  Object.assign(globalThis, { addEventListener: () => {}, removeEventListener: () => {} });
});

afterEach(async () => {
  for (const session of sessions.splice(0)) session.allow(false);
  // A session that is being paired waits for relay's word.
  current()?.onclose?.({ code: 1006, reason: "" });
  await settled();
  sockets = [];
  for (const [name, descriptor] of before) {
    if (descriptor === undefined) Reflect.deleteProperty(globalThis, name);
    else Object.defineProperty(globalThis, name, descriptor);
  }
  Reflect.deleteProperty(globalThis, "addEventListener");
  Reflect.deleteProperty(globalThis, "removeEventListener");
});

test("nothing is opened before the tabs have settled who connects", () => {
  const { session } = makeSession({ token: "t" });
  assert.deepEqual([session.view.link, sockets.length], ["connecting", 0]);
  session.allow(false);
  assert.deepEqual([session.view.link, sockets.length], ["elsewhere", 0]);
});

test("a page without credential is not paired, and opens nothing", () => {
  const { session } = makeSession();
  session.allow(true);
  assert.deepEqual([session.view.link, sockets.length], ["unpaired", 0]);
});

test("a code is exchanged for a token, which is kept", async () => {
  const { session, memory } = makeSession();
  session.allow(true);
  session.pair("ABCDE-FGHIJ");
  current().onopen?.();
  await settled();
  assert.deepEqual([current().sent[0].code, session.view.pairing], ["ABCDE-FGHIJ", true]);
  current().say({ ...WELCOME, token: "lasting" });
  await settled();
  assert.deepEqual(
    [session.view.link, session.view.pairing, memory.token, session.view.site.state],
    ["connected", false, "lasting", "ready"],
  );
});

test("a chat chosen while the page is being paired gets what the code is exchanged for", async () => {
  const { session, memory } = makeSession({ code: "ABCDE-FGHIJ" });
  session.allow(true);
  current().onopen?.();
  await settled();
  session.use("prompt-api");
  assert.deepEqual([session.view.adapter, session.view.site.state, session.view.pairing], ["prompt-api", "starting", true]);
  assert.deepEqual([sockets.length, current().closedWith], [1, undefined]);
  current().say({ ...WELCOME, token: "lasting" });
  await settled();
  current().onopen?.();
  await settled();
  assert.deepEqual([memory.token, sockets.map(({ closedWith }) => closedWith)], ["lasting", [1000, undefined]]);
  const { adapter, code, token } = current().sent[0];
  assert.deepEqual([adapter, code, token], ["prompt-api", undefined, "lasting"]);
});

test("a code that relay has not answered is tried with the chat chosen then", async () => {
  const { session } = makeSession({ code: "ABCDE-FGHIJ" });
  session.allow(true);
  current().onclose?.({ code: 1006, reason: "" });
  await settled();
  session.use("prompt-api");
  current().onopen?.();
  await settled();
  const { adapter, code } = current().sent[0];
  assert.deepEqual([sockets.length, adapter, code], [2, "prompt-api", "ABCDE-FGHIJ"]);
});

test("a code that relay refused is not tried with the next chat", async () => {
  const { session } = makeSession({ code: "ABCDE-FGHIJ" });
  session.allow(true);
  session.use("prompt-api");
  current().onclose?.({ code: 4401, reason: "" });
  await settled();
  assert.deepEqual([session.view.link, session.view.adapter, sockets.length], ["unpaired", "prompt-api", 1]);
});

test("a tab that is taken over while it is being paired keeps what the code is exchanged for", async () => {
  const { session, memory } = makeSession({ code: "ABCDE-FGHIJ" });
  session.allow(true);
  current().onopen?.();
  await settled();
  session.allow(false);
  current().say({ ...WELCOME, token: "lasting" });
  await settled();
  assert.deepEqual([memory.token, session.view.link, current().closedWith], ["lasting", "elsewhere", 1000]);
});

test("a newer code does not wait for the answer to an older one", async () => {
  const { session } = makeSession({ code: "ABCDE-FGHIJ" });
  session.allow(true);
  session.pair("KLMNO-PQRST");
  current().onopen?.();
  await settled();
  assert.deepEqual([sockets.length, current().sent[0].code], [2, "KLMNO-PQRST"]);
});

test("a refused page waits for a person, or for another tab's pairing", async () => {
  const { session } = makeSession({ token: "revoked" });
  session.allow(true);
  current().onclose?.({ code: 4401, reason: "" });
  await settled();
  assert.equal(session.view.link, "refused");
  session.followPairing();
  assert.deepEqual([session.view.link, sockets.length], ["connecting", 2]);
  session.followPairing();
  assert.equal(sockets.length, 2);
});

test("a page whose pairing the browser has forgotten is not paired, unless it is about to be", async () => {
  const { session, memory } = makeSession({ token: "t" });
  session.allow(true);
  await welcomed();
  memory.token = undefined;
  session.followPairing();
  assert.deepEqual([session.view.link, current().closedWith], ["unpaired", 1000]);
  session.pair("ABCDE-FGHIJ");
  session.followPairing();
  assert.deepEqual([session.view.link, sockets.length], ["connecting", 2]);
});

test("a page of another version waits for a reload, whatever other tabs do", async () => {
  const { session } = makeSession({ token: "t" });
  session.allow(true);
  current().onclose?.({ code: 4409, reason: "" });
  await settled();
  session.followPairing();
  assert.deepEqual([session.view.link, sockets.length], ["outdated", 1]);
  assert.match(session.view.detail, /different versions/);
});

test("a page that only tries again says so until it is connected", async () => {
  const { session } = makeSession({ token: "t" });
  session.allow(true);
  assert.deepEqual([session.view.link, session.view.detail], ["connecting", ""]);
  current().onclose?.({ code: 1006, reason: "" });
  await settled();
  assert.deepEqual([session.view.link, session.view.detail], ["waiting", "relay cannot be reached"]);
  session.reconnect();
  assert.deepEqual([session.view.link, sockets.length], ["waiting", 2]);
  await welcomed();
  assert.deepEqual([session.view.link, session.view.detail], ["connected", ""]);
});

test("a relay that says goodbye is shown as stopping, then as gone", async () => {
  const { session } = makeSession({ token: "t" });
  session.allow(true);
  await welcomed();
  current().say({ type: "bye", reason: "restart", message: "relay is stopping." });
  assert.deepEqual([session.view.link, session.view.detail], ["leaving", "relay is stopping."]);
  current().onclose?.({ code: 1012, reason: "" });
  await settled();
  assert.deepEqual([session.view.link, session.view.detail], ["waiting", "relay is stopping."]);
});

test("another chat is another session, and is remembered", async () => {
  const { session, memory } = makeSession({ token: "t" });
  session.allow(true);
  await welcomed();
  session.use("prompt-api");
  assert.equal(memory.adapter(false), "prompt-api");
  current().onopen?.();
  await settled();
  const { adapter, session: asked } = current().sent[0];
  assert.deepEqual([session.view.adapter, adapter, asked], ["prompt-api", "prompt-api", undefined]);
});

test("relay is told that a session is over: another chat was chosen, or another tab took over", async () => {
  const { session } = makeSession({ token: "t" });
  session.allow(true);
  await welcomed();
  session.use("prompt-api");
  await welcomed();
  session.allow(false);
  assert.deepEqual(
    sockets.map(({ closedWith }) => closedWith),
    [1000, 1000],
  );
});

test("the session comes back after a reload of the tab", async () => {
  makeSession({ token: "t" }).session.allow(true);
  await welcomed();
  makeSession({ token: "t" }).session.allow(true);
  current().onopen?.();
  await settled();
  assert.equal(current().sent[0].session, "s1");
});

test("what a chat lacks can be downloaded, and a failure is said", async (context) => {
  /** @type {(Error | object)[]} */
  const outcomes = [new DOMException("offline", "NetworkError"), { destroy() {} }];
  let availability = "downloadable";
  const model = {
    availability: async () => availability,
    create: async () => {
      const outcome = outcomes.shift();
      if (outcome instanceof DOMException) throw outcome;
      availability = "available";
      return outcome;
    },
  };
  Object.defineProperty(globalThis, "LanguageModel", { value: model, configurable: true });
  context.after(() => Reflect.deleteProperty(globalThis, "LanguageModel"));
  const { session } = makeSession({ token: "t" });
  assert.equal(await session.download(), undefined);
  session.use("prompt-api");
  session.allow(true);
  await settled();
  assert.equal(session.view.downloadable, true);
  const problem = await session.download();
  assert.deepEqual(
    [problem, session.view.downloadable],
    ["The built-in model failed with NetworkError. Try again.", true],
  );
  assert.equal(await session.download(), undefined);
  assert.deepEqual([session.view.downloadable, session.view.site.state], [false, "ready"]);
});
