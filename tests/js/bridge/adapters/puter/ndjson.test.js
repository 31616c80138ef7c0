import assert from "node:assert/strict";
import { test } from "node:test";

import { BrokenLine, LineDecoder } from "../../../../../extension/bridge/adapters/puter/ndjson.js";
import { generator } from "../../../support/random.js";

const bytes = (/** @type {string} */ text) => new TextEncoder().encode(text);

/** @param {Uint8Array[]} pieces */
function decode(pieces) {
  const decoder = new LineDecoder();
  return [...pieces.flatMap((piece) => decoder.feed(piece)), ...decoder.flush()];
}

test("lines may end in CRLF, be empty, or not end at all", () => {
  assert.deepEqual(decode([bytes('{"a":1}\r\n\n  \n{"b":2}')]), [{ a: 1 }, { b: 2 }]);
});

test("cutting the bytes differently changes nothing", () => {
  const random = generator(3);
  const whole = bytes('{"text":"é😀ö"}\n{"text":"日本\\n"}\r\n{"n":[1,2]}\n');
  for (let round = 0; round < 300; round += 1) {
    const pieces = [];
    for (let at = 0; at < whole.length;) {
      const end = at + 1 + random.whole(9);
      pieces.push(whole.slice(at, end));
      at = end;
    }
    assert.deepEqual(decode(pieces), [{ text: "é😀ö" }, { text: "日本\n" }, { n: [1, 2] }]);
  }
});

for (const broken of ["not json\n", "null\n", "12\n", '{"a":"unfini']) {
  test(`broken: ${JSON.stringify(broken)}`, () => assert.throws(() => decode([bytes(broken)]), BrokenLine));
}
