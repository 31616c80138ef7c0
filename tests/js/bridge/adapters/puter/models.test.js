import assert from "node:assert/strict";
import { test } from "node:test";

import { catalogOf, streamsToolCalls, wantsReasoning } from "../../../../../extension/bridge/adapters/puter/models.js";

test("models carry what is known of them", () => {
  const { models, providers } = catalogOf([
    {
      id: "claude-x",
      name: "Claude X",
      provider: "claude",
      puterId: "anthropic/claude-x",
      aliases: ["claude-latest", "claude-x"],
      context: 200000,
      max_tokens: 8192,
    },
    { id: "bare", context: 0, max_tokens: "many", name: "", aliases: "none" },
  ]);
  assert.deepEqual(models, [
    {
      id: "claude-x",
      name: "Claude X",
      aliases: ["anthropic/claude-x", "claude-latest"],
      owned_by: "claude",
      context: 200000,
      max_output: 8192,
    },
    { id: "bare" },
  ]);
  assert.deepEqual(
    [...providers],
    [
      ["claude-x", "claude"],
      ["bare", ""],
    ],
  );
});

test("vendors come before resellers, ids and aliases are unique", () => {
  const { models } = catalogOf([
    { id: "openrouter:a/b", provider: "openrouter", aliases: ["b"] },
    { id: "b", provider: "first" },
    { id: "b", provider: "second" },
    { id: "c", aliases: ["b", "d", "d"] },
  ]);
  assert.deepEqual(models, [
    { id: "b", owned_by: "first" },
    { id: "c", aliases: ["d"] },
    { id: "openrouter:a/b", owned_by: "openrouter" },
  ]);
});

test("what relay would refuse is left out", () => {
  const { models } = catalogOf([
    null,
    {},
    { id: "" },
    { id: "x".repeat(129) },
    {
      id: "m",
      name: "x".repeat(257),
      aliases: [1, "x".repeat(129), ...Array.from({ length: 99 }, (_, index) => `alias-${index}`)],
    },
    ...Array.from({ length: 6000 }, (_, index) => ({ id: `m-${index}` })),
  ]);
  assert.deepEqual([models.length, models[0]?.name, models[0]?.aliases?.length], [5000, undefined, 64]);
});

test("only some services stream every tool call", () => {
  const safe = ["claude", "openai-responses", "azure-openai-responses"];
  const unsafe = ["openai-completion", "gemini", "openrouter", "", undefined];
  assert.deepEqual(
    [safe.map(streamsToolCalls), unsafe.map(streamsToolCalls)],
    [safe.map(() => true), unsafe.map(() => false)],
  );
});

test("one maker wants the reasoning behind a call back with it", () => {
  assert.deepEqual(["deepseek", "claude", undefined].map(wantsReasoning), [true, false, false]);
});
