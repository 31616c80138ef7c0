import assert from "node:assert/strict";
import { test } from "node:test";

import { callWords, glance, runningOf } from "../../../static/js/calls.js";

/** @typedef {import("../../../extension/bridge/runner.js").CallView} CallView */

/** @type {CallView} */
const CALL = {
  call: "c1",
  attempt: 1,
  model: "m",
  startedAt: 1000,
  ms: 1540,
  parts: 1234,
  characters: 4801,
  tokens: 1201,
  outcome: "done",
};

/** @param {Partial<CallView>} change */
const words = (change, now = 0) => callWords([{ ...CALL, ...change }], now)[0];

test("a call is told in words", () => {
  assert.deepEqual(words({}), {
    key: "c1/1",
    state: "done",
    model: "m",
    word: "Done",
    message: "",
    parts: "1,234",
    partsUnit: "parts",
    tokens: "1,201",
    tokensUnit: "tokens",
    time: "1.5 s",
  });
});

test("the time of a running call goes on between its parts", () => {
  assert.equal(words({ outcome: "running" }, 124_000)?.time, "123 s");
  assert.equal(words({ outcome: "running" }, 0)?.time, "0.0 s");
});

test("tokens are an estimate until the answer is complete", () => {
  assert.equal(words({ outcome: "running" })?.tokens, "~1,201");
});

test("a failure says why", () => {
  assert.equal(words({ outcome: "failed", kind: "upstream", message: "Model not found" })?.message, "Model not found");
  assert.equal(words({ outcome: "failed", kind: "upstream" })?.message, "upstream");
  assert.equal(words({ outcome: "failed" })?.message, "");
});

test("a cancelled call says who wanted it, also for a reason of a later version", () => {
  assert.equal(words({ outcome: "cancelled", kind: "client_gone" })?.message, "The client went away.");
  assert.equal(words({ outcome: "cancelled", kind: "novel" })?.message, "novel");
});

test("an answer that relay ended because it was complete is done, its tokens still an estimate", () => {
  const { state, word, message, tokens } = words({ outcome: "cancelled", kind: "stop" }) ?? {};
  assert.deepEqual(
    [state, word, message, tokens],
    ["done", "Done", "The answer reached a stop word or its greatest length.", "~1,201"],
  );
});

test("the last twenty are shown, the newest first", () => {
  const calls = Array.from({ length: 30 }, (_, at) => ({ ...CALL, call: `c${at}` }));
  const keys = callWords(calls, 0).map(({ key }) => key);
  assert.deepEqual([keys.length, keys[0], keys[19]], [20, "c29/1", "c10/1"]);
});

test("one part and one token are singular", () => {
  const calls = callWords([{ ...CALL, parts: 1, tokens: 1 }], 0);
  assert.equal(glance(calls, 0).last, "Last: m, done, 1 part, 1 token, 1.5 s");
});

test("running calls are counted", () => {
  assert.equal(runningOf([CALL, { ...CALL, outcome: "running" }]), 1);
});

test("at one look: how many run, and what the newest did", () => {
  const calls = callWords([CALL], 0);
  const last = "Last: m, done, 1,234 parts, 1,201 tokens, 1.5 s";
  assert.deepEqual(
    [glance([], 0), glance(calls, 0), glance(calls, 2)],
    [
      { now: "None yet", last: "" },
      { now: "Idle", last },
      { now: "2 running", last },
    ],
  );
});
