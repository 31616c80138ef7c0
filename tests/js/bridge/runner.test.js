import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { AdapterError } from "../../../extension/bridge/adapter.js";
import { PageProtocol } from "../../../extension/bridge/protocol.js";
import { CallRunner } from "../../../extension/bridge/runner.js";
import { HELLO, LIMITS, callFrame, welcome } from "../support/relay.js";
import { settled } from "../support/socket.js";

/** @typedef {import("../../../extension/bridge/adapter.js").Answer} Answer */
/** @typedef {import("../../../extension/bridge/frames.js").Part} Part */

const TEXT = (/** @type {string} */ text) => /** @type {const} */ ({ type: "text", text });

/** @type {PageProtocol} */ let protocol;
/** @type {unknown[]} */ let bugs;
/** @type {string[]} */ let failures;
let flushes = 0;
let time = 0;

beforeEach(() => {
  protocol = new PageProtocol();
  protocol.open({ ...HELLO, token: "t" });
  protocol.receive(JSON.stringify(welcome({ limits: { ...LIMITS, unacked_bytes: 1e6 } })));
  protocol.drain();
  bugs = [];
  failures = [];
  flushes = 0;
  time = 1000;
});

/** @param {(request: any, options: {signal: AbortSignal}) => Answer} chat */
function runner(chat) {
  return new CallRunner({
    adapter: { id: "test", matches: () => true, status: async () => ({ state: "ready" }), chat },
    protocol,
    flush: () => void (flushes += 1),
    onfailure: ({ kind }) => void failures.push(kind),
    onbug: (error) => void bugs.push(error),
    now: () => (time += 10),
  });
}

/**
 * A call comes in; what the protocol tells goes to the runner, as the link does it.
 * @param {CallRunner} calls
 * @param {object} frame
 */
function receive(calls, frame) {
  /** @type {Promise<void>[]} */
  const started = [];
  for (const event of protocol.receive(JSON.stringify(frame))) {
    if (event.kind === "start") started.push(calls.start(event));
    if (event.kind === "abort") calls.abort(event);
    if (event.kind === "room") calls.room(event);
  }
  return Promise.all(started);
}

const sent = () => protocol.drain().map((text) => JSON.parse(text));

test("parts and the end of an answer reach relay, and are counted", async () => {
  const calls = runner(async function* () {
    yield { type: "reasoning", text: "Hm." };
    yield { type: "tool_call", id: "t", name: "look", arguments: "{}" };
    yield { type: "image", url: "data:," };
    yield TEXT("Hello");
    return { finish_reason: "stop" };
  });
  await receive(calls, callFrame());
  assert.deepEqual(
    sent().map(({ type, seq }) => [type, seq]),
    [
      ["accepted", undefined],
      ["parts", 0],
      ["done", 4],
    ],
  );
  assert.deepEqual(calls.calls, [
    {
      call: "c-1",
      attempt: 1,
      model: "demo",
      startedAt: 1010,
      ms: 60,
      parts: 4,
      characters: 10,
      tokens: 3,
      outcome: "done",
    },
  ]);
  assert.equal(flushes, 5);
});

test("usage replaces the estimate", async () => {
  const calls = runner(async function* () {
    yield TEXT("Hello");
    return { finish_reason: "length", usage: { input_tokens: 9, output_tokens: 77 } };
  });
  await receive(calls, callFrame());
  assert.equal(calls.calls[0]?.tokens, 77);
  assert.deepEqual(sent().at(-1), {
    type: "done",
    call: "c-1",
    attempt: 1,
    seq: 1,
    finish_reason: "length",
    usage: { input_tokens: 9, output_tokens: 77 },
  });
});

test("the adapter is not asked for more than relay takes, but for one part", async () => {
  let pulled = 0;
  const calls = runner(async function* () {
    for (; pulled < 9; pulled += 1) yield TEXT(String(pulled));
    return { finish_reason: "stop" };
  });
  const ended = receive(calls, callFrame({ credit: 2 }));
  await settled();
  assert.deepEqual([pulled, sent().at(-1).parts.length], [2, 2]);
  await receive(calls, { type: "credit", call: "c-1", attempt: 1, ack: 2, upto: 5 });
  await settled();
  assert.deepEqual([pulled, sent().at(-1).parts.length], [5, 3]);
  await receive(calls, { type: "credit", call: "c-1", attempt: 1, ack: 5, upto: 99 });
  await ended;
  assert.equal(sent().at(-1).seq, 9);
});

test("room in the middle of an answer changes nothing", async () => {
  /** @type {(part: Part) => void} */
  let say = () => {};
  const calls = runner(async function* () {
    yield await new Promise((/** @type {(part: Part) => void} */ resolve) => {
      say = resolve;
    });
    return { finish_reason: "stop" };
  });
  const ended = receive(calls, callFrame());
  await settled();
  calls.room({ call: "c-1" });
  say(TEXT("a"));
  await ended;
  assert.equal(calls.calls[0]?.outcome, "done");
});

test("a failure of the site is told in its words", async () => {
  const calls = runner(async function* () {
    yield TEXT("a");
    throw new AdapterError("rate_limited", "Slow down.", { retryAfter: 30 });
  });
  await receive(calls, callFrame());
  assert.deepEqual(sent().at(-1), {
    type: "fail",
    call: "c-1",
    attempt: 1,
    seq: 1,
    kind: "rate_limited",
    message: "Slow down.",
    retry_after: 30,
  });
  const [view] = calls.calls;
  assert.deepEqual([view?.outcome, view?.kind, view?.message], ["failed", "rate_limited", "Slow down."]);
  assert.deepEqual([failures, bugs], [["rate_limited"], []]);
});

test("a bug of the adapter is told without what it says", async () => {
  const bug = new TypeError("cannot read 'x' of the secret prompt");
  const calls = runner(async function* () {
    throw bug;
  });
  await receive(calls, callFrame());
  const failure = sent().at(-1);
  assert.deepEqual([failure.kind, failure.message], ["internal", "the adapter failed with TypeError"]);
  assert.deepEqual(bugs, [bug]);
});

test("something thrown that is no error is a bug too", async () => {
  const calls = runner(async function* () {
    throw "secret"; // eslint-disable-line no-throw-literal -- what a careless adapter does
  });
  await receive(calls, callFrame());
  assert.equal(sent().at(-1).message, "the adapter failed with string");
});

test("a part that no frame holds ends the call", async () => {
  const calls = runner(async function* () {
    yield { type: "image", url: `data:,${"x".repeat(LIMITS.frame_bytes)}` };
    return { finish_reason: "stop" };
  });
  await receive(calls, callFrame());
  assert.deepEqual([sent().at(-1).kind, calls.calls[0]?.outcome], ["unsupported", "failed"]);
});

test("a cancel stops the site at once and leaves the end unsaid", async () => {
  /** @type {AbortSignal | undefined} */
  let heard;
  const calls = runner(async function* (_, { signal }) {
    heard = signal;
    yield TEXT("a");
    await new Promise((_resolve, reject) => void signal.addEventListener("abort", () => reject(signal.reason)));
    return { finish_reason: "stop" };
  });
  const ended = receive(calls, callFrame());
  await settled();
  sent();
  await receive(calls, { type: "cancel", call: "c-1", attempt: 1, reason: "client_gone" });
  await ended;
  assert.equal(heard?.aborted, true);
  const [view] = calls.calls;
  assert.deepEqual([sent(), view?.outcome, view?.kind, bugs, failures], [[], "cancelled", "client_gone", [], []]);
});

test("an adapter that does not listen is left alone", async () => {
  let closed = false;
  const calls = runner(async function* () {
    try {
      yield TEXT("a");
      await new Promise(() => {});
      return { finish_reason: "stop" };
    } finally {
      closed = true;
    }
  });
  const ended = receive(calls, callFrame());
  await settled();
  await receive(calls, { type: "cancel", call: "c-1", attempt: 1, reason: "stop" });
  await ended;
  assert.deepEqual([calls.calls[0]?.outcome, closed], ["cancelled", false]);
});

test("a cancel while a call waits for room closes the adapter", async () => {
  let closed = false;
  const calls = runner(async function* () {
    try {
      for (;;) yield TEXT("a");
    } finally {
      closed = true;
    }
  });
  const ended = receive(calls, callFrame({ credit: 1 }));
  await settled();
  await receive(calls, { type: "cancel", call: "c-1", attempt: 1, reason: "stop" });
  await ended;
  await settled();
  assert.equal(closed, true);
});

test("an adapter that fails while it is closed bothers nobody", async () => {
  const calls = runner(async function* () {
    try {
      for (;;) yield TEXT("a");
    } finally {
      throw new Error("late"); // eslint-disable-line no-unsafe-finally -- what a careless adapter does
    }
  });
  const ended = receive(calls, callFrame({ credit: 1 }));
  await settled();
  await receive(calls, { type: "cancel", call: "c-1", attempt: 1, reason: "stop" });
  await ended;
  await settled();
  assert.deepEqual(bugs, []);
});

test("a call may be stopped by whoever is shown it, at any moment", async () => {
  for (const moment of [1, 2]) {
    let changes = 0;
    const calls = new CallRunner({
      adapter: {
        id: "test",
        matches: () => true,
        status: async () => ({ state: "ready" }),
        async *chat() {
          for (;;) yield TEXT("a");
        },
      },
      protocol,
      flush: () => {},
      onchange: ([view]) => {
        changes += 1;
        if (changes === moment) calls.abort({ call: String(view?.call), reason: "stop" });
      },
    });
    await receive(calls, callFrame({ call: `c-${moment}` }));
    assert.deepEqual([calls.calls[0]?.outcome, calls.calls[0]?.parts], ["cancelled", moment - 1]);
  }
});

test("an abort of a call that nobody knows is nothing", () => {
  const calls = runner(async function* () {
    return { finish_reason: "stop" };
  });
  calls.abort({ call: "c-9", reason: "stop" });
  calls.room({ call: "c-9" });
  assert.deepEqual(calls.calls, []);
});

test("a newer attempt runs after the older one was stopped", async () => {
  const calls = runner(async function* (_, { signal }) {
    yield TEXT("a");
    await new Promise((resolve) => void signal.addEventListener("abort", resolve));
    yield TEXT("never");
    return { finish_reason: "stop" };
  });
  void receive(calls, callFrame());
  await settled();
  void receive(calls, callFrame({ attempt: 2 }));
  await settled();
  assert.deepEqual(
    calls.calls.map(({ attempt, outcome, parts }) => [attempt, outcome, parts]),
    [
      [1, "cancelled", 1],
      [2, "running", 1],
    ],
  );
  assert.deepEqual(
    sent().map(({ type, attempt }) => [type, attempt]),
    [
      ["accepted", 1],
      ["accepted", 2],
      ["parts", 2],
    ],
  );
});

test("an older attempt that waited for room says nothing in the name of the newer one", async () => {
  const calls = runner(async function* (request) {
    for (;;) yield TEXT(request.model);
  });
  void receive(calls, callFrame({ credit: 1, request: { model: "old", messages: [] } }));
  await settled();
  void receive(calls, callFrame({ attempt: 2, credit: 2, request: { model: "new", messages: [] } }));
  await settled();
  assert.deepEqual(
    sent().flatMap(({ parts }) => parts ?? []),
    [TEXT("new"), TEXT("new")],
  );
});

test("it remembers the last fifty calls, and runs on the system's clock", async () => {
  /** @type {number[]} */
  const seen = [];
  const calls = new CallRunner({
    adapter: {
      id: "test",
      matches: () => true,
      status: async () => ({ state: "ready" }),
      async *chat() {
        return { finish_reason: "stop" };
      },
    },
    protocol,
    flush: () => {},
    onchange: (views) => void seen.push(views.length),
  });
  for (let index = 0; index < 60; index += 1) await receive(calls, callFrame({ call: `c-${index}` }));
  assert.deepEqual([calls.calls.length, calls.calls.at(-1)?.call, seen.length], [50, "c-59", 120]);
  assert.ok(Math.abs(Date.now() - Number(calls.calls.at(-1)?.startedAt)) < 60_000);
});

test("a call of another method goes to the adapter's media, or is refused", async () => {
  /** @type {unknown[]} */
  const asked = [];
  const calls = runner(async function* () {
    yield TEXT("never");
    return { finish_reason: "stop" };
  });
  const frame = { ...callFrame(), method: "speech", request: { model: "s-1", text: "Hello" } };
  await receive(calls, frame);
  const speaking = new CallRunner({
    adapter: {
      id: "test",
      matches: () => true,
      status: async () => ({ state: "ready" }),
      async *chat () {
        yield TEXT("never");
        return { finish_reason: "stop" };
      },
      async *media (what) {
        asked.push(what);
        yield { type: "audio", data: "AAAA", format: "mp3" };
        return { finish_reason: "stop" };
      },
    },
    protocol,
    flush: () => {},
  });
  await receive(speaking, { ...frame, call: "c-2" });
  assert.deepEqual(asked, [{ method: "speech", request: frame.request }]);
  const frames = sent();
  assert.deepEqual(
    frames.map(({ type, call }) => [type, call]),
    [
      ["accepted", "c-1"],
      ["accepted", "c-2"],
      ["fail", "c-1"],
      ["parts", "c-2"],
      ["done", "c-2"],
    ],
  );
  assert.equal(frames[2].kind, "unsupported");
  assert.deepEqual(
    [...calls.calls, ...speaking.calls].map(({ model, outcome }) => [model, outcome]),
    [
      ["s-1", "failed"],
      ["s-1", "done"],
    ],
  );
});
