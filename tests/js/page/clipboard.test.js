import assert from "node:assert/strict";
import { test } from "node:test";

import { briefly } from "../../../static/js/clipboard.js";

test("what is said briefly twice lasts from the second time on", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  /** @type {string[]} */
  const shown = [];
  const say = briefly((text) => void shown.push(text), "Copy");
  say("Copied");
  context.mock.timers.tick(1500);
  say("Copied");
  context.mock.timers.tick(1500);
  assert.deepEqual(shown, ["Copied", "Copied"]);
  context.mock.timers.tick(500);
  assert.deepEqual(shown, ["Copied", "Copied", "Copy"]);
});
