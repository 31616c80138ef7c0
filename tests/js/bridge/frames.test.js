import assert from "node:assert/strict";
import { test } from "node:test";

import { MalformedFrame, decode, encode } from "../../../extension/bridge/frames.js";
import { bridgeData } from "../support/data.js";
import { decodePageFrame } from "../support/page_frames.js";

/** @type {{name: string, from: "page" | "relay", valid: boolean, ignored?: boolean, frame?: any, text?: string}[]} */
const examples = bridgeData("frames.json");

for (const { name, from, valid, ignored, frame, text } of examples) {
  const data = text ?? JSON.stringify(frame);
  const read = from === "relay" ? decode : decodePageFrame;
  if (!valid)
    test(`refused: ${name}`, () => assert.throws(() => read(data), from === "relay" ? MalformedFrame : Error));
  else if (ignored) test(`ignored: ${name}`, () => assert.equal(read(data), null));
  else test(`read: ${name}`, () => assert.deepEqual(read(data), frame));
}

test("a request of a method that this version does not know is not looked into", () => {
  const frame = { type: "call", call: "c", attempt: 1, method: "paint", request: { canvas: "big" }, credit: 1 };
  assert.deepEqual(decode(JSON.stringify(frame)), frame);
});

test("names of the object prototype are unknown frame types", () => {
  assert.equal(decode('{"type":"constructor"}'), null);
});

test("frames are written as JSON", () => {
  assert.equal(encode({ type: "pong", t: 1.5 }), '{"type":"pong","t":1.5}');
});
