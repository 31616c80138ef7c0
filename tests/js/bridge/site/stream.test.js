import assert from "node:assert/strict";
import { test } from "node:test";

import { ItemTooLong, decoderOf } from "../../../../extension/bridge/site/stream.js";
import { cuts } from "../../support/pieces.js";

/** @typedef {import("../../../../extension/bridge/site/description.js").AnswerDescription["format"]} Format */

/**
 * @param {Format} format
 * @param {string[]} pieces
 */
function decode(format, pieces) {
  const decoder = decoderOf(format);
  return [...pieces.flatMap((piece) => decoder.feed(piece)), ...decoder.flush()];
}

const EVENTS =
  '\uFEFF: hello\ndata: {"a":1}\n\nevent: complete\r\ndata: one\r\ndata:two\r\rid: 7\ndata\n\nretry: 10\n\nevent: lost\n\n' +
  "data: 😀\r\n\r\nnonsense: x\ndata:  two spaces\n\n";

test("server-sent events, with every end of line, wherever they are cut", () => {
  for (const pieces of cuts(EVENTS)) {
    assert.deepEqual(decode("sse", pieces), [
      { data: '{"a":1}' },
      { data: "one\ntwo", event: "complete" },
      { data: "" },
      { data: "😀" },
      { data: " two spaces" },
    ]);
  }
});

for (const [name, tail] of /** @type {const} */ ([
  ["inside a line", "data: ha"],
  ["between its lines", "data: ha\n"],
  ["after a CR", "data: ha\r"],
])) {
  test(`an event that the end cuts off ${name} says so`, () => {
    for (const pieces of cuts(`data: a\n\n${tail}`, { rounds: 20 })) {
      assert.deepEqual(decode("sse", pieces), [{ data: "a" }, { data: "ha", cut: true }]);
    }
  });
}

test("a CR at the very end ends a line, and the event with it", () => {
  for (const pieces of cuts("data: a\r\r", { rounds: 20 }))
    assert.deepEqual(decode("sse", pieces), [{ data: "a" }]);
});

test("lines, the last without an end", () => {
  for (const pieces of cuts('{"a":1}\r\n\n  \n{"b":"é😀"}')) {
    assert.deepEqual(decode("ndjson", pieces), [{ data: '{"a":1}\r' }, { data: '{"b":"é😀"}' }]);
  }
});

test("one item of everything", () => {
  for (const pieces of cuts('{"a": [1,\n 2]}')) assert.deepEqual(decode("json", pieces), [{ data: '{"a": [1,\n 2]}' }]);
  assert.deepEqual(decode("json", [" \n"]), []);
});

test("plain text keeps characters whole", () => {
  for (const pieces of cuts("a😀b😀")) {
    const items = decode("text", pieces).map(({ data }) => data);
    assert.equal(items.join(""), "a😀b😀");
    assert.equal(items.every((item) => item.isWellFormed()), true);
  }
  assert.deepEqual(decode("text", ["a\uD83D"]), [{ data: "a" }, { data: "\uFFFD" }]);
});

test("each frame of a socket is an item", () => {
  assert.deepEqual(decode("socket", ["{}", "2"]), [{ data: "{}" }, { data: "2" }]);
});

test("the events of Socket.IO, and nothing else of it", () => {
  const frames = ['0{"sid":"x"}', "40", "2", '42["chat",{"a":1},2]', '42/admin,["said","hi"]', '427["end"]', "42[", "42{}"];
  assert.deepEqual(decode("socket.io", frames), [
    { event: "chat", data: '{"a":1}' },
    { event: "said", data: "hi" },
    { event: "end", data: "null" },
  ]);
});

for (const format of /** @type {const} */ (["sse", "ndjson", "json"])) {
  test(`no item of ${format} grows for ever`, () => {
    const decoder = decoderOf(format);
    const piece = "x".repeat(1024 * 1024);
    assert.throws(() => {
      for (let count = 0; count < 20; count += 1) decoder.feed(piece);
    }, ItemTooLong);
  });
}
