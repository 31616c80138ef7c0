import assert from "node:assert/strict";
import { test } from "node:test";

import { PageProtocol } from "../../../extension/bridge/protocol.js";
import { HELLO, callFrame, welcome } from "../support/relay.js";

const TEXT = /** @type {const} */ ({ type: "text", text: "a" });

/**
 * @param {PageProtocol} protocol
 * @param {object} frame
 */
const receive = (protocol, frame) => protocol.receive(JSON.stringify(frame));

/**
 * @param {PageProtocol} protocol
 * @returns {any[]}
 */
const drain = (protocol) => protocol.drain().map((text) => JSON.parse(text));

function online(fields = {}) {
  const protocol = new PageProtocol();
  protocol.open({ ...HELLO, token: "t" });
  receive(protocol, welcome(fields));
  protocol.drain();
  return protocol;
}

function calling(fields = {}) {
  const protocol = online();
  receive(protocol, callFrame(fields));
  protocol.drain();
  return protocol;
}

test("it greets with what it was given", () => {
  const protocol = new PageProtocol();
  protocol.open({ ...HELLO, code: "ABCD", session: "stored" });
  assert.deepEqual(drain(protocol), [{ type: "hello", protocols: [1], ...HELLO, code: "ABCD", session: "stored" }]);
  assert.equal(protocol.online, false);
});

test("the session of this object wins over a stored one", () => {
  const protocol = online();
  protocol.closed(1006);
  protocol.open({ ...HELLO, token: "t", session: "stored" });
  assert.equal(drain(protocol)[0].session, "s-1");
});

test("a welcome is an event with all that relay said", () => {
  const protocol = new PageProtocol();
  protocol.open({ ...HELLO, token: "t" });
  const frame = welcome({ token: "new" });
  assert.deepEqual(receive(protocol, frame), [{ kind: "welcome", frame }]);
  assert.equal(protocol.session, "s-1");
  assert.equal(protocol.online, true);
});

test("a call is an event, and accepted at once", () => {
  const protocol = online();
  const frame = callFrame();
  assert.deepEqual(receive(protocol, frame), [
    { kind: "start", call: "c-1", attempt: 1, method: "chat", request: frame.request },
  ]);
  assert.deepEqual(drain(protocol), [{ type: "accepted", call: "c-1", attempt: 1 }]);
});

test("a call before the welcome is ignored", () => {
  const protocol = new PageProtocol();
  protocol.open({ ...HELLO, token: "t" });
  assert.deepEqual(receive(protocol, callFrame()), []);
});

test("a call of an unknown method fails as unsupported", () => {
  const protocol = online();
  assert.deepEqual(receive(protocol, callFrame({ method: "paint" })), []);
  assert.deepEqual(drain(protocol), [
    { type: "fail", call: "c-1", attempt: 1, seq: 0, kind: "unsupported", message: "this page knows no method paint" },
  ]);
});

test("a newer attempt takes the place of an older one", () => {
  const protocol = calling();
  assert.deepEqual(
    receive(protocol, callFrame({ attempt: 2 })).map((event) => [event.kind, "attempt" in event && event.attempt]),
    [
      ["abort", 1],
      ["start", 2],
    ],
  );
  protocol.emit("c-1", [TEXT]);
  assert.deepEqual(
    drain(protocol).map(({ type, attempt }) => [type, attempt]),
    [
      ["accepted", 2],
      ["parts", 2],
    ],
  );
});

test("a call that comes twice is started once", () => {
  const protocol = calling();
  assert.deepEqual(receive(protocol, callFrame()), []);
  assert.deepEqual(drain(protocol), []);
});

test("a welcome that wants another attempt does not want this one", () => {
  const protocol = calling();
  protocol.closed(1006);
  protocol.open({ ...HELLO, token: "t" });
  const events = receive(protocol, welcome({ resumed: true, resume: [{ call: "c-1", attempt: 2, next: 0, upto: 4 }] }));
  assert.deepEqual(events.slice(1), [{ kind: "abort", call: "c-1", attempt: 1, reason: "gone" }]);
});

test("pongs go before anything else", () => {
  const protocol = calling();
  protocol.setState({ state: "ready" });
  receive(protocol, { type: "ping", t: 7 });
  assert.deepEqual(drain(protocol), [
    { type: "pong", t: 7 },
    { type: "state", state: "ready" },
  ]);
});

test("a bye is an event", () => {
  const frame = { type: "bye", reason: "shutdown", message: "relay restarts.", retry_after: 2 };
  assert.deepEqual(receive(online(), frame), [{ kind: "bye", frame }]);
});

test("a frame that cannot be read is an event", () => {
  assert.deepEqual(online().receive("{"), [{ kind: "malformed", message: "a frame is not JSON" }]);
  assert.deepEqual(receive(online(), { type: "ping", t: "now" }), [
    { kind: "malformed", message: "ping.t must be a number" },
  ]);
});

test("a frame of a later version is nothing", () => {
  assert.deepEqual(receive(online(), { type: "fanfare" }), []);
});

test("credit for a call that was held back makes room", () => {
  const protocol = calling({ credit: 1 });
  assert.equal(protocol.writable("c-1"), true);
  protocol.emit("c-1", [TEXT]);
  assert.equal(protocol.writable("c-1"), false);
  assert.deepEqual(receive(protocol, { type: "credit", call: "c-1", attempt: 1, ack: 0, upto: 1 }), []);
  assert.deepEqual(receive(protocol, { type: "credit", call: "c-1", attempt: 1, ack: 1, upto: 2 }), [
    { kind: "room", call: "c-1", attempt: 1 },
  ]);
  assert.equal(protocol.writable("c-1"), true);
});

test("a call that nobody knows is not writable, and what is emitted for it is nothing", () => {
  const protocol = online();
  assert.equal(protocol.writable("c-9"), false);
  protocol.emit("c-9", [TEXT]);
  protocol.finish("c-9", { finish_reason: "stop" });
  protocol.fail("c-9", { kind: "internal", message: "" });
  assert.deepEqual(drain(protocol), []);
});

test("a resumed call with room is told so", () => {
  const protocol = calling({ credit: 1 });
  protocol.emit("c-1", [TEXT]);
  protocol.closed(1006);
  protocol.open({ ...HELLO, token: "t" });
  const events = receive(protocol, welcome({ resumed: true, resume: [{ call: "c-1", attempt: 1, next: 1, upto: 4 }] }));
  assert.deepEqual(events.slice(1), [{ kind: "room", call: "c-1", attempt: 1 }]);
});

test("a call whose parts are gone cannot go on", () => {
  const protocol = calling();
  protocol.emit("c-1", [TEXT, TEXT]);
  protocol.drain();
  receive(protocol, { type: "credit", call: "c-1", attempt: 1, ack: 2, upto: 6 });
  protocol.closed(1006);
  protocol.open({ ...HELLO, token: "t" });
  const events = receive(protocol, welcome({ resumed: true, resume: [{ call: "c-1", attempt: 1, next: 1, upto: 4 }] }));
  assert.deepEqual(events.slice(1), [{ kind: "abort", call: "c-1", attempt: 1, reason: "gone" }]);
  assert.equal(drain(protocol).at(-1).kind, "internal");
});

for (const code of [1000, 1001, 4001, 4401, 4409]) {
  test(`a socket closed with ${code} takes its calls with it`, () => {
    const protocol = calling();
    assert.deepEqual(protocol.closed(code), [{ kind: "abort", call: "c-1", attempt: 1, reason: "gone" }]);
    protocol.open({ ...HELLO, token: "t" });
    assert.equal("resume" in drain(protocol)[0], false);
  });
}

test("a socket that broke leaves its calls", () => {
  assert.deepEqual(calling().closed(1006), []);
});

test("nothing is sent without a socket, and the state waits for the welcome", () => {
  const protocol = new PageProtocol();
  protocol.setState({ state: "starting" });
  assert.deepEqual(drain(protocol), []);
  protocol.open({ ...HELLO, token: "t" });
  protocol.setState({ state: "ready" });
  assert.deepEqual(
    drain(protocol).map(({ type }) => type),
    ["hello"],
  );
  receive(protocol, welcome());
  assert.deepEqual(drain(protocol), [{ type: "state", state: "ready" }]);
});

test("a detail belongs to its state and is shortened", () => {
  const protocol = online();
  protocol.setState({ state: "blocked", detail: "x".repeat(5000) });
  assert.equal(drain(protocol)[0].detail.length, 4096);
  protocol.setState({ state: "ready" });
  assert.deepEqual(drain(protocol), [{ type: "state", state: "ready", detail: "" }]);
});

test("the same detail in another state is said again", () => {
  const protocol = online();
  protocol.setState({ state: "blocked", detail: "Look at it." });
  drain(protocol);
  protocol.setState({ state: "unavailable", detail: "Look at it." });
  assert.deepEqual(drain(protocol), [{ type: "state", state: "unavailable", detail: "Look at it." }]);
});

test("after a failure that tells of the site the state is said again, even if it is the same", () => {
  const protocol = calling();
  protocol.setState({ state: "ready" });
  protocol.fail("c-1", { kind: "login_required", message: "Sign in." });
  drain(protocol);
  protocol.setState({ state: "ready" });
  protocol.setState({ state: "ready" });
  assert.deepEqual(drain(protocol), [{ type: "state", state: "ready" }]);
});

test("a reason belongs to its state", () => {
  const protocol = online();
  protocol.setState({ state: "blocked", reason: "captcha" });
  protocol.setState({ state: "blocked", reason: "captcha" });
  protocol.setState({ state: "ready" });
  assert.deepEqual(drain(protocol), [
    { type: "state", state: "blocked", reason: "captcha" },
    { type: "state", state: "ready" },
  ]);
  protocol.closed(1006);
  protocol.open({ ...HELLO, token: "t" });
  receive(protocol, welcome());
  assert.deepEqual(drain(protocol).at(-1), { type: "state", state: "ready" });
  protocol.setState({ state: "blocked", reason: "captcha" });
  assert.deepEqual(drain(protocol), [{ type: "state", state: "blocked", reason: "captcha" }]);
});

test("an answer names the conversation that it leaves open", () => {
  const protocol = calling();
  protocol.finish("c-1", { finish_reason: "stop", conversation: "conv-1" });
  const end = { type: "done", call: "c-1", attempt: 1, seq: 0, finish_reason: "stop", conversation: "conv-1" };
  assert.deepEqual(drain(protocol), [end]);
});

test("messages are shortened to well-formed text, and a wait below nothing is left out", () => {
  const protocol = calling();
  protocol.fail("c-1", { kind: "upstream", message: `${"x".repeat(4095)}😀`, retry_after: -1 });
  const [frame] = drain(protocol);
  assert.deepEqual([frame.message.length, frame.message.at(-1), "retry_after" in frame], [4096, "\ufffd", false]);
});

test("only the first end of a call counts", () => {
  const protocol = calling();
  protocol.finish("c-1", { finish_reason: "stop" });
  protocol.fail("c-1", { kind: "internal", message: "" });
  protocol.emit("c-1", [TEXT]);
  assert.deepEqual(drain(protocol), [{ type: "done", call: "c-1", attempt: 1, seq: 0, finish_reason: "stop" }]);
});

test("what waited for its other half goes out before the end", () => {
  const protocol = calling();
  protocol.emit("c-1", [{ type: "text", text: "a\ud83d" }]);
  protocol.finish("c-1", { finish_reason: "stop" });
  assert.deepEqual(
    drain(protocol).map(({ type, seq, parts }) => [type, seq, parts?.length]),
    [
      ["parts", 0, 2],
      ["done", 2, undefined],
    ],
  );
});

test("an acknowledged end is forgotten, a cancelled end is no event", () => {
  const protocol = calling();
  protocol.emit("c-1", [TEXT]);
  protocol.finish("c-1", { finish_reason: "stop" });
  protocol.drain();
  receive(protocol, { type: "credit", call: "c-1", attempt: 1, ack: 2, upto: 5 });
  receive(protocol, callFrame({ call: "c-2" }));
  protocol.finish("c-2", { finish_reason: "stop" });
  assert.deepEqual(receive(protocol, { type: "cancel", call: "c-2", attempt: 1, reason: "stop" }), []);
  protocol.closed(1006);
  protocol.open({ ...HELLO, token: "t" });
  assert.equal("resume" in drain(protocol)[0], false);
});

test("an end is kept until it is acknowledged itself, not only the parts before it", () => {
  const protocol = calling();
  protocol.emit("c-1", [TEXT]);
  protocol.finish("c-1", { finish_reason: "stop" });
  protocol.drain();
  receive(protocol, { type: "credit", call: "c-1", attempt: 1, ack: 1, upto: 5 });
  protocol.closed(1006);
  protocol.open({ ...HELLO, token: "t" });
  assert.deepEqual(drain(protocol)[0].resume, [{ call: "c-1", attempt: 1, sent: 1 }]);
});

test("an end that waits for credit is not forgotten by an acknowledgement", () => {
  const protocol = calling({ credit: 1 });
  protocol.emit("c-1", [TEXT, TEXT]);
  protocol.finish("c-1", { finish_reason: "stop" });
  protocol.drain();
  assert.deepEqual(receive(protocol, { type: "credit", call: "c-1", attempt: 1, ack: 1, upto: 2 }), []);
  assert.deepEqual(
    drain(protocol).map(({ type, seq }) => [type, seq]),
    [
      ["parts", 1],
      ["done", 2],
    ],
  );
});
