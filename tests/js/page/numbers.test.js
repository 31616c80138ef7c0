import assert from "node:assert/strict";
import { test } from "node:test";

import { counted, named } from "../../../static/js/numbers.js";

test("one is singular, all else plural", () => {
  assert.deepEqual([0, 1, 1234].map((count) => counted(count, "part")), ["0 parts", "1 part", "1,234 parts"]);
  assert.deepEqual([1, 2].map((count) => named(count, "token")), ["token", "tokens"]);
});
