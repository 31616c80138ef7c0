import assert from "node:assert/strict";
import { test } from "node:test";

import { at } from "../../../../extension/bridge/site/path.js";

const VALUE = { a: { "b.c": 1, list: [{ t: "x" }, { t: "y" }, {}] }, n: null };

for (const [path, found] of /** @type {[string, unknown][]} */ ([
  ["", VALUE],
  ["a.b\\.c", 1],
  ["a.list.0.t", "x"],
  ["a.list.-2.t", "y"],
  ["a.list.*.t", ["x", "y"]],
  ["a.list.[t=y].t", "y"],
  ["a.list.[t=z].t", undefined],
  ["a.list.9.t", undefined],
  ["a.list.length", undefined],
  ["a.missing.b", undefined],
  ["n", null],
  ["n.x", undefined],
  ["constructor", undefined],
])) {
  test(`at ${path || "the empty path"}`, () => assert.deepEqual(at(VALUE, path), found));
}
