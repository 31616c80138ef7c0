import assert from "node:assert/strict";
import { test } from "node:test";

import { Outgoing, PartTooLarge } from "../../../extension/bridge/outgoing.js";
import { generator } from "../support/random.js";

/** @typedef {import("../../../extension/bridge/frames.js").Part} Part */

const ROOMY = { frame_bytes: 8 * 2 ** 20, unacked_bytes: 4 * 2 ** 20 };

/**
 * @param {Outgoing} outgoing
 * @returns {Part[]}
 */
function takeAll(outgoing) {
  const parts = [];
  for (let batch = outgoing.take(); batch; batch = outgoing.take()) parts.push(...JSON.parse(batch.parts));
  return parts;
}

/**
 * @param {Part[]} parts
 * @param {{frame_bytes: number, unacked_bytes: number}} [limits]
 */
function through(parts, limits = ROOMY) {
  const outgoing = new Outgoing({ upto: 1e6, limits });
  for (const part of parts) outgoing.add(part);
  outgoing.finish();
  return takeAll(outgoing);
}

test("parts go out as they came", () => {
  /** @type {Part[]} */
  const parts = [
    { type: "reasoning", text: "Hm." },
    { type: "text", text: "Hé 😀" },
    { type: "tool_call", id: "t", name: "look", arguments: "{" },
    { type: "tool_call", id: "t", arguments: "}" },
    { type: "image", url: "data:," },
  ];
  assert.deepEqual(through(parts), parts);
});

test("empty pieces are not parts, but a call without arguments is one", () => {
  assert.deepEqual(
    through([
      { type: "text", text: "" },
      { type: "reasoning", text: "" },
      { type: "tool_call", id: "t", name: "wait", arguments: "" },
      { type: "tool_call", id: "t", arguments: "" },
    ]),
    [{ type: "tool_call", id: "t", name: "wait", arguments: "" }],
  );
});

test("a surrogate pair that was cut between two pieces is put together", () => {
  assert.deepEqual(
    through([
      { type: "text", text: "a\ud83d" },
      { type: "text", text: "\ude00b" },
    ]),
    [
      { type: "text", text: "a" },
      { type: "text", text: "😀b" },
    ],
  );
});

test("a cut pair in tool arguments keeps the name on the first piece only", () => {
  assert.deepEqual(
    through([
      { type: "tool_call", id: "t", name: "say", arguments: '"\ud83d' },
      { type: "tool_call", id: "t", arguments: '\ude00"' },
    ]),
    [
      { type: "tool_call", id: "t", name: "say", arguments: '"' },
      { type: "tool_call", id: "t", arguments: '😀"' },
    ],
  );
});

test("reasoning and its summary stay apart, and proofs are whole", () => {
  /** @type {Part[]} */
  const parts = [
    { type: "reasoning", text: "a\ud83d" },
    { type: "reasoning", text: "b", kind: "summary" },
    { type: "proof", kind: "k", data: "" },
    { type: "proof", kind: "k", data: "d", call: "t" },
  ];
  assert.deepEqual(through(parts), [
    { type: "reasoning", text: "a" },
    { type: "reasoning", text: "\ufffd" },
    ...parts.slice(1),
  ]);
});

test("half a pair that nothing completes becomes a replacement character", () => {
  assert.deepEqual(
    through([
      { type: "text", text: "a\ud83d" },
      { type: "reasoning", text: "\ude00b\ud83d" },
      { type: "image", url: "data:," },
      { type: "text", text: "c\ud83d" },
    ]),
    [
      { type: "text", text: "a" },
      { type: "text", text: "\ufffd" },
      { type: "reasoning", text: "\ufffdb" },
      { type: "reasoning", text: "\ufffd" },
      { type: "image", url: "data:," },
      { type: "text", text: "c" },
      { type: "text", text: "\ufffd" },
    ],
  );
});

test("a call with another id does not complete half a pair of the one before", () => {
  assert.deepEqual(
    through([
      { type: "tool_call", id: "t", name: "a", arguments: "\ud83d" },
      { type: "tool_call", id: "u", name: "b", arguments: "\ude00" },
    ]),
    [
      { type: "tool_call", id: "t", name: "a", arguments: "" },
      { type: "tool_call", id: "t", arguments: "\ufffd" },
      { type: "tool_call", id: "u", name: "b", arguments: "\ufffd" },
    ],
  );
});

test("long pieces are cut below the frame size and not inside a character", () => {
  const limits = { frame_bytes: 2048, unacked_bytes: 2 ** 20 };
  for (const character of ["x", "é", "日", "😀", "\u0001"]) {
    const text = character.repeat(3000);
    const parts = through([{ type: "text", text }], limits);
    assert.ok(parts.length > 9);
    assert.equal(parts.map((part) => (part.type === "text" ? part.text : "?")).join(""), text);
    for (const part of parts) {
      const json = JSON.stringify(part);
      assert.ok(new TextEncoder().encode(json).length < limits.frame_bytes - 512);
      assert.ok(!/\\ud[89a-f]/i.test(json));
    }
  }
});

test("long arguments are cut, and only the first piece has the name", () => {
  const parts = through([{ type: "tool_call", id: "t", name: "write", arguments: "x".repeat(600) }], {
    frame_bytes: 3072,
    unacked_bytes: 2 ** 20,
  });
  assert.deepEqual(
    parts.map((part) => part.type === "tool_call" && [part.name, part.arguments.length]),
    [
      ["write", 256],
      [undefined, 256],
      [undefined, 88],
    ],
  );
});

test("an image that no frame holds is refused", () => {
  const outgoing = new Outgoing({ upto: 9, limits: { frame_bytes: 4096, unacked_bytes: 2 ** 20 } });
  outgoing.add({ type: "image", url: "x".repeat(2900) });
  assert.throws(() => outgoing.add({ type: "image", url: "x".repeat(4000) }), PartTooLarge);
  assert.equal(outgoing.produced, 1);
});

test("frames hold as many parts as fit", () => {
  const outgoing = new Outgoing({ upto: 99, limits: { frame_bytes: 4096, unacked_bytes: 2 ** 20 } });
  for (let index = 0; index < 20; index += 1) outgoing.add({ type: "text", text: "x".repeat(200) });
  const batches = [];
  for (let batch = outgoing.take(); batch; batch = outgoing.take())
    batches.push([batch.seq, JSON.parse(batch.parts).length]);
  assert.deepEqual(batches, [
    [0, 4],
    [4, 4],
    [8, 4],
    [12, 4],
    [16, 4],
  ]);
});

test("it is writable below the credit and the bytes that may be unacknowledged", () => {
  const outgoing = new Outgoing({ upto: 2, limits: { frame_bytes: 4096, unacked_bytes: 100 } });
  outgoing.add({ type: "text", text: "a" });
  assert.equal(outgoing.writable, true);
  outgoing.add({ type: "text", text: "b" });
  assert.equal(outgoing.writable, false);
  outgoing.grant(9);
  assert.equal(outgoing.writable, true);
  outgoing.add({ type: "text", text: "x".repeat(50) });
  assert.equal(outgoing.writable, false);
  assert.equal(JSON.parse(outgoing.take()?.parts ?? "[]").length, 2);
  outgoing.acknowledge(2);
  assert.equal(outgoing.writable, true);
  assert.equal(outgoing.keptBytes, 75);
});

test("credit never shrinks and acknowledgements never go back", () => {
  const outgoing = new Outgoing({ upto: 5, limits: ROOMY });
  for (const text of ["a", "b", "c"]) outgoing.add({ type: "text", text });
  outgoing.take();
  outgoing.grant(3);
  outgoing.acknowledge(2);
  outgoing.acknowledge(1);
  assert.deepEqual([outgoing.upto, outgoing.base, outgoing.produced], [5, 2, 3]);
});

test("an acknowledgement of parts that were not sent counts for the sent ones", () => {
  const outgoing = new Outgoing({ upto: 1, limits: ROOMY });
  for (const text of ["a", "b"]) outgoing.add({ type: "text", text });
  outgoing.take();
  outgoing.acknowledge(9);
  assert.deepEqual([outgoing.base, outgoing.next, outgoing.produced], [1, 1, 2]);
});

test("it goes back to a part that is kept, and to no other", () => {
  const outgoing = new Outgoing({ upto: 9, limits: ROOMY });
  for (const text of ["a", "b", "c"]) outgoing.add({ type: "text", text });
  outgoing.take();
  outgoing.acknowledge(1);
  assert.equal(outgoing.rewind(0), false);
  assert.equal(outgoing.rewind(4), false);
  assert.equal(outgoing.rewind(2), true);
  assert.deepEqual(takeAll(outgoing), [{ type: "text", text: "c" }]);
});

test("after going back the bytes are counted anew", () => {
  const outgoing = new Outgoing({ upto: 9, limits: { frame_bytes: 4096, unacked_bytes: 60 } });
  for (const text of ["a", "b", "c"]) outgoing.add({ type: "text", text });
  assert.deepEqual(JSON.parse(outgoing.take()?.parts ?? "[]").length, 2);
  outgoing.rewind(1);
  assert.deepEqual(takeAll(outgoing), [
    { type: "text", text: "b" },
    { type: "text", text: "c" },
  ]);
});

test("however a text is cut, the same text comes out", () => {
  const random = generator(7);
  const alphabet = ["a", "é", "日", "😀", "👩‍👧", "\u0000", "\n", '"', "\\"];
  for (let round = 0; round < 200; round += 1) {
    const text = Array.from({ length: random.whole(400) }, () => random.pick(alphabet)).join("");
    const pieces = [];
    for (let at = 0; at < text.length;) {
      const length = 1 + random.whole(40);
      pieces.push(text.slice(at, at + length));
      at += length;
    }
    const parts = through(
      pieces.map((piece) => ({ type: "text", text: piece })),
      { frame_bytes: 1024 + 200, unacked_bytes: 2 ** 20 },
    );
    assert.equal(parts.map((part) => (part.type === "text" ? part.text : "?")).join(""), text);
    assert.ok(
      parts.every((part) => !/\\ud[89a-f]/.test(JSON.stringify(part))),
      "half a character in a part",
    );
  }
});
