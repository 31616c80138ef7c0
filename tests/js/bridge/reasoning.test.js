import assert from "node:assert/strict";
import { test } from "node:test";

import { isDetailed, reasoningParts } from "../../../extension/bridge/reasoning.js";

const why = { type: "reasoning", text: "why" };

for (const [name, value, parts] of /** @type {[string, unknown, object[]][]} */ ([
  ["a text", "why", [why]],
  ["an empty text", "", []],
  ["texts", ["why", "why"], [why, why]],
  ["nothing", undefined, []],
  ["a number", 7, []],
  ["an entry of another type", { type: "reasoning.later" }, []],
  ["a text in detail", { type: "reasoning.text", text: "why", signature: null }, [why]],
  [
    "a signed text",
    { type: "reasoning.text", text: "why", signature: "s", format: "google-gemini-v1" },
    [why, { type: "proof", kind: "gemini.signature", data: "s" }],
  ],
  ["a summary", { type: "reasoning.summary", summary: "why" }, [{ ...why, kind: "summary" }]],
  [
    "encrypted reasoning",
    { type: "reasoning.encrypted", data: "e", format: "openai-responses-v1" },
    [{ type: "proof", kind: "openai.encrypted", data: "e" }],
  ],
  [
    "encrypted reasoning of an unknown maker",
    { type: "reasoning.encrypted", data: "e", format: "xai-responses-v1" },
    [{ type: "proof", kind: "xai-responses-v1.encrypted", data: "e" }],
  ],
  [
    "a thinking block",
    { type: "thinking", thinking: "why", signature: "s" },
    [why, { type: "proof", kind: "anthropic.signature", data: "s" }],
  ],
  [
    "a redacted thinking block",
    { type: "redacted_thinking", data: "r" },
    [{ type: "proof", kind: "anthropic.redacted", data: "r" }],
  ],
  [
    "a reasoning item",
    { type: "reasoning", summary: [{ type: "summary_text", text: "why" }, null], encrypted_content: "e" },
    [
      { ...why, kind: "summary" },
      { type: "proof", kind: "openai.encrypted", data: "e" },
    ],
  ],
  ["an empty reasoning item", { type: "reasoning" }, []],
]))
  test(`reasoning from ${name}`, () => assert.deepEqual(reasoningParts(value), parts));

test("a list of entries is told from other lists", () => {
  const values = [[{ type: "reasoning.text" }], [], ["why"], [null], "why", [{ type: 1 }]];
  assert.deepEqual(values.map(isDetailed), [true, false, false, false, false, false]);
});
