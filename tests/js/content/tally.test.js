import assert from "node:assert/strict";
import { test } from "node:test";

import { Tally } from "../../../extension/content/tally.js";

/**
 * @param {string} call
 * @param {Partial<import("../../../extension/bridge/runner.js").CallView>} [fields]
 * @returns {import("../../../extension/bridge/runner.js").CallView}
 */
function view(call, fields = {}) {
  return { call, attempt: 1, model: "m", startedAt: 0, ms: 0, parts: 0, characters: 0, tokens: 0, outcome: "running", ...fields };
}

test("calls are counted by what changed", () => {
  const tally = new Tally();
  tally.count([view("a", { parts: 2, characters: 9 })]);

  assert.deepEqual(tally.count([view("a", { parts: 5, characters: 20 }), view("b")]), {
    calls: 2,
    running: 2,
    failed: 0,
    parts: 5,
    characters: 20,
  });
});

test("a call that left the list still counts, and a failure counts once", () => {
  const tally = new Tally();
  const failed = view("a", { parts: 1, characters: 1, outcome: "failed" });
  tally.count([failed]);
  tally.count([failed, view("b", { outcome: "done" })]);

  assert.deepEqual(tally.count([view("b", { parts: 1, characters: 4, outcome: "done" })]), {
    calls: 2,
    running: 0,
    failed: 1,
    parts: 2,
    characters: 5,
  });
});

test("another attempt is another call", () => {
  const tally = new Tally();

  assert.equal(tally.count([view("a", { outcome: "failed" }), view("a", { attempt: 2 })]).calls, 2);
});
