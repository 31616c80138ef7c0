import assert from "node:assert/strict";
import { test } from "node:test";

import { BlockReader } from "../../../static/admin/js/blocks.js";

/** @param {Uint8Array} data */
function sized(data) {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, data.length);
  return [...length, ...data];
}

/** @param {object} value */
function head(value) {
  return sized(new TextEncoder().encode(JSON.stringify(value)));
}

const JPEG = Uint8Array.of(255, 216, 1, 2, 3);
const BYTES = Uint8Array.from([...head({ viewing: "v" }), ...head({ picture: true, width: 8 }), ...sized(JPEG), ...head({}), ...head({ end: "ö" })]);
const SHOWN = [
  { head: { viewing: "v" }, picture: undefined },
  { head: { picture: true, width: 8 }, picture: JPEG },
  { head: {}, picture: undefined },
  { head: { end: "ö" }, picture: undefined },
];

test("blocks at once", () => {
  assert.deepEqual(new BlockReader().feed(BYTES), SHOWN);
});

test("cutting the bytes differently changes nothing", () => {
  for (let size = 1; size < BYTES.length; size += 1) {
    const reader = new BlockReader();
    const shown = [];
    for (let at = 0; at < BYTES.length; at += size) shown.push(...reader.feed(BYTES.subarray(at, at + size)));
    assert.deepEqual(shown, SHOWN);
  }
});

test("what is not a screen is refused", () => {
  assert.throws(() => new BlockReader().feed(new TextEncoder().encode("<html>")), RangeError);
  assert.throws(() => new BlockReader().feed(Uint8Array.from(sized(Uint8Array.of(1)))), SyntaxError);
});
