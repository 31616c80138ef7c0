import assert from "node:assert/strict";
import { test } from "node:test";

import { StreamReader, readAnswer, usageOf } from "../../../../../extension/bridge/adapters/puter/answer.js";
import { puterExchanges } from "../../../support/data.js";

const exchanges = puterExchanges();

/** @param {any[]} lines */
function readLines(lines) {
  const reader = new StreamReader();
  const parts = lines.flatMap((line) => reader.feed(line));
  return { parts, finish: reader.end() };
}

/** @param {string} name */
const recordedLines = (name) =>
  String(exchanges[name]?.body)
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

/** @param {string} name */
const recordedResult = (name) => JSON.parse(String(exchanges[name]?.body)).result;

const USAGE = { input_tokens: 11, output_tokens: 7, cached_tokens: 4 };

test("the recorded stream with reasoning", () => {
  assert.deepEqual(readLines(recordedLines("think_stream")), {
    parts: [
      { type: "reasoning", text: "Let me " },
      { type: "reasoning", text: "think " },
      { type: "reasoning", text: "about it." },
      { type: "text", text: "Hello" },
      { type: "text", text: " wör" },
      { type: "text", text: "ld" },
      { type: "text", text: " 😀" },
      { type: "text", text: "!" },
    ],
    finish: { finish_reason: "stop", usage: USAGE },
  });
});

test("the recorded stream with a tool call", () => {
  assert.deepEqual(readLines(recordedLines("tools_stream")), {
    parts: [
      { type: "text", text: "Calling tools. " },
      { type: "tool_call", id: "call_2", name: "get_time", arguments: '{"tz":"UTC"}' },
    ],
    finish: { finish_reason: "tool_calls", usage: USAGE },
  });
});

test("the recorded stream without token counts is complete all the same", () => {
  const { finish, parts } = readLines(recordedLines("fake_stream"));
  assert.deepEqual([finish, parts.length], [{ finish_reason: "stop" }, 1]);
});

test("the recorded stream that broke upstream", () => {
  assert.throws(() => readLines(recordedLines("midstream_error")), { kind: "upstream", message: "upstream exploded" });
});

test("a stream without its usage was cut", () => {
  assert.throws(() => readLines([{ type: "text", text: "a" }]), { kind: "truncated" });
});

test("the budget may run out in the middle", () => {
  assert.throws(() => readLines([{ success: false, error: { code: "insufficient_funds", message: "no funds" } }]), {
    kind: "quota_exhausted",
    message: "no funds",
  });
});

test("images arrive, what is unknown or empty is skipped", () => {
  const url = "data:image/png;base64,AAAA";
  assert.deepEqual(
    readLines([
      { type: "image", image: { type: "image_url", image_url: { url } } },
      { type: "image", image: {} },
      { type: "extra_content", extra_content: {} },
      { type: "text", text: "" },
      { type: "text" },
      { metadata: { usage_limited: true }, type: "text", text: "z" },
      { type: "usage" },
    ]),
    {
      parts: [
        { type: "image", url },
        { type: "text", text: "z" },
      ],
      finish: { finish_reason: "stop" },
    },
  );
});

test("call ids that cannot be used are replaced", () => {
  const { parts } = readLines([
    { type: "tool_use", name: "a", input: '{"x":1}' },
    { type: "tool_use", id: "x".repeat(129), name: "b" },
    { type: "tool_use", id: "ok" },
    { type: "usage" },
  ]);
  const calls = parts.map((part) => (part.type === "tool_call" ? part : assert.fail()));
  assert.deepEqual(
    calls.map(({ name, arguments: json }) => [name, json]),
    [
      ["a", '{"x":1}'],
      ["b", "{}"],
      ["", "{}"],
    ],
  );
  assert.match(String(calls[0]?.id), /^call_1_\w+$/);
  assert.match(String(calls[1]?.id), /^call_2_\w+$/);
  assert.equal(calls[2]?.id, "ok");
});

test("the recorded whole answer with two tool calls", () => {
  assert.deepEqual(readAnswer(recordedResult("tools_plain")), {
    parts: [
      { type: "tool_call", id: "call_1", name: "get_weather", arguments: '{"city":"Paris"}' },
      { type: "tool_call", id: "call_2", name: "get_time", arguments: '{"tz":"UTC"}' },
    ],
    finish: { finish_reason: "tool_calls", usage: USAGE },
  });
});

test("the recorded whole answer with reasoning", () => {
  assert.deepEqual(readAnswer(recordedResult("think_plain")), {
    parts: [
      { type: "reasoning", text: "step one; step two" },
      { type: "text", text: "Hello from upstream" },
    ],
    finish: { finish_reason: "stop", usage: USAGE },
  });
});

test("the recorded whole answer in blocks", () => {
  const { parts, finish } = readAnswer(recordedResult("fake_plain"));
  assert.deepEqual(
    [parts.map(({ type }) => type), finish],
    [["text"], { finish_reason: "stop", usage: { input_tokens: 0, output_tokens: 1 } }],
  );
});

test("blocks of every kind, reasoning first and calls last", () => {
  const content = [
    { type: "thinking", thinking: "Hm." },
    { type: "text", text: "a" },
    { type: "tool_use", id: "t", name: "look", input: { at: 1 } },
    { type: "image_url", image_url: { url: "data:," } },
    { type: "mystery" },
    null,
  ];
  assert.deepEqual(
    readAnswer({ message: { content, images: [{ image_url: { url: "data:2" } }] }, finish_reason: "stop" }),
    {
      parts: [
        { type: "reasoning", text: "Hm." },
        { type: "text", text: "a" },
        { type: "image", url: "data:," },
        { type: "image", url: "data:2" },
        { type: "tool_call", id: "t", name: "look", arguments: '{"at":1}' },
      ],
      finish: { finish_reason: "tool_calls" },
    },
  );
});

test("a tool call without a function is still a call", () => {
  const { parts } = readAnswer({ message: { content: null, tool_calls: [{ id: "t" }] } });
  assert.deepEqual(parts, [{ type: "tool_call", id: "t", name: "", arguments: "{}" }]);
});

for (const [result, reason] of /** @type {const} */ ([
  [{ finish_reason: "length" }, "length"],
  [{ finish_reason: "content_filter" }, "content_filter"],
  [{ stop_reason: "max_tokens" }, "length"],
  [{ stop_reason: "refusal" }, "content_filter"],
  [{ stop_reason: "end_turn" }, "stop"],
])) {
  test(`it ended because of ${JSON.stringify(result)}`, () => {
    const { finish } = readAnswer({ message: { content: "a", ...result }, finish_reason: "stop", ...result });
    assert.equal(finish.finish_reason, reason);
  });
}

test("an answer without a message is another service's", () => {
  for (const result of [undefined, {}, { message: "Hi" }, { message: null }])
    assert.throws(() => readAnswer(result), { kind: "site_changed" });
});

for (const [usage, expected] of [
  [
    { prompt: 7, completion: 7, input_cache_read: 4, usd_cents: null },
    { input_tokens: 11, output_tokens: 7, cached_tokens: 4 },
  ],
  [
    { prompt_tokens: 7, completion_tokens: 5, cached_tokens: 0 },
    { input_tokens: 7, output_tokens: 5 },
  ],
  [
    { prompt_tokens: 7, completion_tokens: 5, cached_tokens: 2, thinking_tokens: 3, grounding_requests: 1 },
    { input_tokens: 9, output_tokens: 8, cached_tokens: 2, reasoning_tokens: 3 },
  ],
  [
    {
      input_tokens: 3,
      output_tokens: 2,
      cache_read_input_tokens: 10,
      ephemeral_5m_input_tokens: 4,
      ephemeral_1h_input_tokens: 1,
    },
    { input_tokens: 18, output_tokens: 2, cached_tokens: 10 },
  ],
  [
    { prompt: 1.6, completion: -3 },
    { input_tokens: 2, output_tokens: 0 },
  ],
  [{ usd_cents: null }, undefined],
  [undefined, undefined],
]) {
  test(`usage ${JSON.stringify(usage)}`, () => assert.deepEqual(usageOf(usage), expected));
}

for (const [name, extra, proof] of /** @type {[string, unknown, object | undefined][]} */ ([
  ["a signature alone", { google: { thought_signature: "c2ln" } }, { kind: "gemini.signature", data: "c2ln" }],
  ["more than a signature", { google: { thought_signature: "s", b: 1 } }, undefined],
  ["another maker's", { other: 1 }, undefined],
]))
  test(`what comes with a call is a proof: ${name}`, () => {
    const { parts } = readLines([
      { type: "tool_use", id: "c1", name: "look", input: {}, extra_content: extra },
      { type: "usage", usage: {} },
    ]);
    assert.deepEqual(parts, [
      { type: "tool_call", id: "c1", name: "look", arguments: "{}" },
      { type: "proof", ...(proof ?? { kind: "puter.extra_content", data: JSON.stringify(extra) }), call: "c1" },
    ]);
  });

for (const [name, message, parts] of /** @type {[string, object, object[]][]} */ ([
  ["a text", { reasoning: "why", content: "b" }, [{ type: "reasoning", text: "why" }]],
  ["the other name", { reasoning_content: "why", content: "b" }, [{ type: "reasoning", text: "why" }]],
  [
    "a text and its details",
    { reasoning: "why", reasoning_details: [{ type: "reasoning.text", text: "why", format: "anthropic-claude-v1", signature: "s" }] },
    [
      { type: "reasoning", text: "why" },
      { type: "proof", kind: "anthropic.signature", data: "s" },
    ],
  ],
  [
    "a text and a proof",
    { reasoning: "why", reasoning_details: [{ type: "reasoning.encrypted", data: "e" }] },
    [
      { type: "reasoning", text: "why" },
      { type: "proof", kind: "unknown.encrypted", data: "e" },
    ],
  ],
  [
    "blocks",
    { content: [{ type: "thinking", thinking: "why", signature: "s" }, { type: "redacted_thinking", data: "r" }] },
    [
      { type: "reasoning", text: "why" },
      { type: "proof", kind: "anthropic.signature", data: "s" },
      { type: "proof", kind: "anthropic.redacted", data: "r" },
    ],
  ],
]))
  test(`the reasoning of a whole answer: ${name}`, () => {
    const read = readAnswer({ message, finish_reason: "stop" });
    assert.deepEqual(read.parts.filter(({ type }) => type !== "text"), parts);
  });

test("the proof of a call in a whole answer", () => {
  const tool_calls = [
    { id: "c1", function: { name: "look", arguments: "{}" }, extra_content: { google: { thought_signature: "c2ln" } } },
  ];
  assert.deepEqual(readAnswer({ message: { content: "", tool_calls } }).parts, [
    { type: "tool_call", id: "c1", name: "look", arguments: "{}" },
    { type: "proof", kind: "gemini.signature", data: "c2ln", call: "c1" },
  ]);
});
