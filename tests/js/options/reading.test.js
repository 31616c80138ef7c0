import assert from "node:assert/strict";
import { test } from "node:test";

import { BLANK, readDescriptions, written } from "../../../extension/options/reading.js";

test("a description is read as it was written", () => {
  assert.deepEqual(readDescriptions(written(BLANK)), { descriptions: [BLANK], problems: [] });
});

test("several descriptions are read together", () => {
  assert.deepEqual(readDescriptions(written([BLANK, BLANK])), { descriptions: [BLANK, BLANK], problems: [] });
});

test("every fault is told with its place, and nothing is taken", () => {
  const wrong = { .../** @type {any} */ (BLANK), id: "My Site", colour: "blue" };

  const { descriptions, problems } = readDescriptions(written([BLANK, wrong]));

  assert.deepEqual(descriptions, []);
  assert.deepEqual(
    problems.map(({ path }) => path),
    ["[1].id", "[1].colour"],
  );
});

test("what is no JSON is told", () => {
  const { problems } = readDescriptions("{");

  assert.match(problems.map(({ reason }) => reason).join(), /^is not JSON: /);
});

test("what is no object is told", () => {
  assert.deepEqual(
    readDescriptions("7").problems.map(({ path }) => path),
    [""],
  );
});
