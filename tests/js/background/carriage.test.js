import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Carriage } from "../../../extension/background/carriage.js";
import { FakePagePort, FakeWebSocket } from "../support/chrome.js";

/** @type {FakePagePort} */ let port;
/** @type {Carriage} */ let carriage;
/** @type {any[]} */ let told;
let paired = true;

beforeEach(() => {
  port = new FakePagePort();
  told = [];
  paired = true;
  FakeWebSocket.opened = [];
  const papers = { version: "2", adapter: "site", site: "chat.example", session: null, credential: { token: "rbr-1" } };
  carriage = new Carriage(port, {
    passport: () => (paired ? { url: "ws://localhost:3001/", papers } : null),
    onsession: (session) => told.push(["session", session]),
    onview: (view) => told.push(["view", view]),
    onclosed: (code) => told.push(["closed", code]),
    onend: () => told.push("end"),
    WebSocket: /** @type {any} */ (FakeWebSocket),
  });
  carriage.begin();
});

/** A socket that was greeted and welcomed. */
function online() {
  port.say({ type: "open", socket: 1 });
  FakeWebSocket.last.open();
  frame({ type: "hello" });
  FakeWebSocket.last.receive({ type: "welcome", session: "s1", token: "rbr-9", limits: { frame_bytes: 200 } });
  port.take();
  FakeWebSocket.last.sent = [];
  return FakeWebSocket.last;
}

/** @param {object} said */
const frame = (said, socket = 1) => port.say({ type: "frame", socket, data: JSON.stringify(said) });

test("frames go both ways, the first of each with what the page may not know", () => {
  port.say({ type: "open", socket: 1 });
  FakeWebSocket.last.open();
  frame({ type: "hello", token: "carried" });
  FakeWebSocket.last.receive({ type: "welcome", session: "s1", token: "rbr-9" });
  FakeWebSocket.last.receive({ type: "ping", t: 1 });
  frame({ type: "pong", t: 1 });

  assert.deepEqual(
    FakeWebSocket.last.sent.map(({ type, token }) => [type, token]),
    [["hello", "rbr-1"], ["pong", undefined]],
  );
  assert.deepEqual(port.posted, [
    { type: "opened", socket: 1 },
    { type: "frame", socket: 1, data: '{"type":"welcome","session":"s1"}' },
    { type: "frame", socket: 1, data: '{"type":"ping","t":1}' },
  ]);
  assert.deepEqual(told, [["session", "s1"]]);
});

test("without a pairing there is no socket", () => {
  paired = false;
  port.say({ type: "open", socket: 1 });

  assert.deepEqual(port.posted, [{ type: "closed", socket: 1, code: 4401, reason: "not paired" }]);
  assert.equal(FakeWebSocket.opened.length, 0);
});

test("a pairing that went while the socket opened leaves nothing to say", () => {
  port.say({ type: "open", socket: 1 });
  FakeWebSocket.last.open();
  paired = false;
  frame({ type: "hello" });

  assert.deepEqual(FakeWebSocket.last.closedWith, [4400, "the first frame must be hello"]);
});

for (const [what, said] of /** @type {[string, any][]} */ ([
  ["something else first", { type: "state" }],
  ["what is no object", 3],
]))
  test(`a page that says ${what} is cut off`, () => {
    port.say({ type: "open", socket: 1 });
    FakeWebSocket.last.open();
    frame(said);

    assert.deepEqual(FakeWebSocket.last.closedWith, [4400, "the first frame must be hello"]);
    assert.deepEqual(port.posted.at(-1), { type: "closed", socket: 1, code: 4400, reason: "the first frame must be hello" });
  });

test("a page that says hello twice is cut off", () => {
  const socket = online();
  frame({ type: "hello" });
  assert.deepEqual([socket.closedWith, socket.sent], [[4400, "a page may not say that"], []]);
});

test("a frame longer than relay takes is not carried", () => {
  const socket = online();
  frame({ type: "parts", text: "x".repeat(200) });
  assert.deepEqual([socket.closedWith, socket.sent], [[4400, "a frame is too long"], []]);
});

test("frames that are no text, or about another socket, or too early, are nobody's", () => {
  const socket = online();
  port.say({ type: "frame", socket: 1, data: { type: "parts" } });
  frame({ type: "parts" }, 7);
  port.say(null);
  port.say("open");
  port.say({ type: "open", socket: "1" });
  port.say({ type: "elsewhere", socket: 1 });
  socket.readyState = 0;
  frame({ type: "parts" });

  assert.deepEqual([socket.sent, socket.closedWith, FakeWebSocket.opened.length], [[], null, 1]);
});

test("the end of the port ends the socket: the page is gone", () => {
  const socket = online();
  port.lose();
  assert.deepEqual([socket.closedWith, told.at(-1)], [[4001, "the page is gone"], "end"]);
});

test("what relay closes is told, and can be opened again", () => {
  online().drop(1012, "restart");
  port.say({ type: "open", socket: 2 });

  assert.deepEqual(port.posted, [{ type: "closed", socket: 1, code: 1012, reason: "restart" }]);
  assert.deepEqual(told.at(-1), ["closed", 1012]);
  assert.equal(FakeWebSocket.opened.length, 2);
});

test("the page closes with what a script may close with", () => {
  const codes = [4000, 1001, "x"].map((code) => {
    const socket = online();
    port.say({ type: "close", socket: 1, code, reason: "r" });
    return socket.closedWith;
  });
  assert.deepEqual(codes, [[4000, ""], [1000, ""], [1000, ""]]);
});

test("a person who disconnects ends the program and the session", () => {
  const socket = online();
  assert.equal(carriage.busy, true);
  carriage.stop();
  assert.deepEqual([port.take(), socket.closedWith, carriage.busy], [[{ type: "stop" }], [1000, "disconnected"], false]);
});

test("a page whose tab has another page leaves", () => {
  const socket = online();
  carriage.leave();
  assert.deepEqual([socket.closedWith, port.disconnected], [[4001, "the page is gone"], true]);
});

test("a view is passed on, and a dead port hurts nobody", () => {
  port.say({ type: "view", view: { a: 1 } });
  port.dead = true;
  carriage.say({ type: "pause" });
  assert.deepEqual(told, [["view", { a: 1 }]]);
});
