import assert from "node:assert/strict";
import { test } from "node:test";

import { AdapterError } from "../../../../extension/bridge/adapter.js";
import { AnswerReader, wordsOf } from "../../../../extension/bridge/site/answer.js";
import { cuts } from "../../support/pieces.js";

/** @typedef {import("../../../../extension/bridge/site/description.js").AnswerDescription} AnswerDescription */

/**
 * The parts of an answer, neighbours of one kind joined, and its end.
 * @param {AnswerDescription} answer
 * @param {string[]} pieces
 */
function readPieces(answer, pieces, id = () => "made") {
  const reader = new AnswerReader(answer, { id });
  const parts = pieces.flatMap((piece) => reader.feed(piece));
  const { parts: last, finish } = reader.end();
  return { parts: joined([...parts, ...last]), finish };
}

/** @param {any[]} parts */
function joined(parts) {
  /** @type {any[]} */
  const out = [];
  for (const part of parts) {
    const before = out.at(-1);
    if (part.type !== "tool_call" && before?.type === part.type && before.kind === part.kind) before.text += part.text;
    else out.push({ ...part });
  }
  return out;
}

/**
 * @param {AnswerDescription} answer
 * @param {string} stream
 * @param {import("../../../../extension/bridge/frames.js").FailKind} kind
 * @param {RegExp} [message]
 */
function fails(answer, stream, kind, message = /./) {
  assert.throws(
    () => readPieces(answer, [stream]),
    (error) => error instanceof AdapterError && error.kind === kind && message.test(error.message),
  );
}

/** @param {...unknown} values */
const events = (...values) =>
  values.map((value) => `data: ${typeof value === "string" ? value : JSON.stringify(value)}\n\n`).join("");

/** @type {AnswerDescription} */
const OPENAI = {
  format: "sse",
  text: "choices.0.delta.content",
  reasoning: ["choices.0.delta.reasoning_content", "choices.0.delta.reasoning"],
  tool_calls: "choices.0.delta.tool_calls",
  finish: { path: "choices.0.finish_reason", values: { max_tokens: "length" } },
  done: { data: "[DONE]" },
  error: { path: "error" },
  usage: "usage",
};
/** @param {unknown} delta @param {string | null} [finish] */
const chunk = (delta, finish = null) => ({ choices: [{ delta, finish_reason: finish }] });

test("OpenAI's stream, wherever it is cut", () => {
  const usage = {
    prompt_tokens: 3,
    completion_tokens: 4,
    prompt_tokens_details: { cached_tokens: 1 },
    completion_tokens_details: { reasoning_tokens: 2 },
  };
  const stream = events(
    chunk({ role: "assistant", content: "" }),
    chunk({ reasoning: "Hm" }),
    chunk({ content: "Hé😀" }),
    chunk({ content: "llo" }),
    chunk({}, "max_tokens"),
    { choices: [], usage },
    "[DONE]",
    chunk({ content: "not read" }),
  );
  for (const pieces of cuts(stream)) {
    assert.deepEqual(readPieces(OPENAI, pieces), {
      parts: [
        { type: "reasoning", text: "Hm" },
        { type: "text", text: "Hé😀llo" },
      ],
      finish: {
        finish_reason: "length",
        usage: { input_tokens: 3, output_tokens: 4, cached_tokens: 1, reasoning_tokens: 2 },
      },
    });
  }
});

test("reasoning told in detail comes with its kind and its proofs, and only once", () => {
  const details = (/** @type {object[]} */ ...entries) => ({ reasoning: "why", reasoning_details: entries });
  const stream = events(
    chunk(details({ type: "reasoning.text", text: "why" })),
    chunk(details({ type: "reasoning.summary", summary: "so" })),
    chunk(details({ type: "reasoning.encrypted", data: "e", format: "openai-responses-v1" })),
    chunk({ reasoning: "then", reasoning_details: [] }),
    "[DONE]",
  );
  const described = { ...OPENAI, reasoning: ["choices.0.delta.reasoning_details", "choices.0.delta.reasoning"] };
  assert.deepEqual(readPieces(described, [stream]).parts, [
    { type: "reasoning", text: "why" },
    { type: "reasoning", text: "so", kind: "summary" },
    { type: "reasoning", text: "why" },
    { type: "proof", kind: "openai.encrypted", data: "e" },
    { type: "reasoning", text: "then" },
  ]);
});

test("tool calls come in pieces", () => {
  const call = (/** @type {any} */ ...calls) => chunk({ tool_calls: calls });
  const stream = events(
    call({ index: 0, id: "c1", function: { name: "look", arguments: "" } }),
    call({ index: 0, function: { arguments: '{"a":' } }),
    call({ index: 0, function: { arguments: "1}" } }, { index: 0, function: { arguments: "" } }),
    call({ index: 1, function: { name: "run", arguments: { b: 2 } } }),
    call({ index: 2, function: {} }),
    chunk({}, "tool_calls"),
    "[DONE]",
  );
  assert.deepEqual(readPieces(OPENAI, [stream]), {
    parts: [
      { type: "tool_call", id: "c1", name: "look", arguments: "" },
      { type: "tool_call", id: "c1", arguments: '{"a":' },
      { type: "tool_call", id: "c1", arguments: "1}" },
      { type: "tool_call", id: "made", name: "run", arguments: '{"b":2}' },
    ],
    finish: { finish_reason: "tool_calls" },
  });
});

test("pieces of two tool calls that are mixed cannot be passed on", () => {
  const piece = (/** @type {number} */ index, /** @type {any} */ more) =>
    chunk({ tool_calls: [{ index, id: `c${index}`, function: { arguments: "x", ...more } }] });
  fails(OPENAI, events(piece(0, { name: "a" }), piece(1, { name: "b" }), piece(0, {})), "upstream", /mixed/);
});

test("a whole JSON answer with tool calls", () => {
  /** @type {AnswerDescription} */
  const answer = { format: "json", text: "message.content", tool_calls: "message.tool_calls", mode: "final" };
  const body = JSON.stringify({
    message: { content: "Hi", tool_calls: [{ id: "x".repeat(129), function: { name: "look", arguments: "{}" } }] },
  });
  for (const pieces of cuts(body, { rounds: 20 })) {
    assert.deepEqual(readPieces(answer, pieces), {
      parts: [
        { type: "text", text: "Hi" },
        { type: "tool_call", id: "made", name: "look", arguments: "{}" },
      ],
      finish: { finish_reason: "tool_calls" },
    });
  }
  const made = new AnswerReader(answer);
  made.feed(body);
  assert.match(/** @type {any} */ (made.end().parts[1]).id, /^call_[\da-f-]{36}$/);
});

test("texts that grow are told as what they grew by", () => {
  /** @type {AnswerDescription} */
  const answer = { format: "sse", text: ["0.-1.content", "0"], mode: "cumulative", done: { event: "complete" } };
  const stream = `${events(["H"], ["Hel"], ["He"], ["Hello"])}event: complete\n${events([[{ content: "Hello!" }]])}`;
  for (const pieces of cuts(stream)) {
    assert.deepEqual(readPieces(answer, pieces).parts, [{ type: "text", text: "Hello!" }]);
  }
});

test("what may be rewritten is held back", () => {
  /** @type {AnswerDescription} */
  const answer = { format: "ndjson", text: "t", mode: "cumulative", hold: 2 };
  const reader = new AnswerReader(answer);
  const texts = ["ab▌", "abcd▌", "abc😀"].map((t) => reader.feed(`${JSON.stringify({ t })}\n`));
  assert.deepEqual(texts, [
    [{ type: "text", text: "a" }],
    [{ type: "text", text: "bc" }],
    [],
  ]);
  assert.deepEqual(reader.end().parts, [{ type: "text", text: "😀" }]);
});

test("half a character is not passed on", () => {
  const reader = new AnswerReader({ format: "ndjson", text: "t", mode: "cumulative", hold: 1 });
  assert.deepEqual(reader.feed('{"t":"a😀"}\n'), [{ type: "text", text: "a" }]);
  assert.deepEqual(reader.end().parts, [{ type: "text", text: "😀" }]);
});

test("text that was taken back after it was passed on is a failure", () => {
  fails({ format: "ndjson", text: "t", mode: "cumulative" }, '{"t":"Thinking"}\n{"t":"Hello"}', "upstream", /"hold"/);
});

test("of a site that rewrites, only the last text counts", () => {
  const answer = /** @type {const} */ ({ format: "ndjson", text: "t", mode: "final" });
  assert.deepEqual(readPieces(answer, ['{"t":"Thinking"}\n{"t":"Hello"}']).parts, [{ type: "text", text: "Hello" }]);
});

test("plain text", () => {
  for (const pieces of cuts("Hello 😀", { rounds: 20 })) {
    assert.deepEqual(readPieces({ format: "text" }, pieces).parts, [{ type: "text", text: "Hello 😀" }]);
  }
  assert.deepEqual(readPieces({ format: "text" }, ['{"a":1}']).parts, [{ type: "text", text: '{"a":1}' }]);
});

test("only some items hold the answer", () => {
  /** @type {AnswerDescription} */
  const answer = {
    format: "socket.io",
    text: "text",
    where: [{ event: "said", path: "kind", equals: "answer" }],
    done: { event: "end" },
  };
  const reader = new AnswerReader(answer);
  assert.deepEqual(reader.feed('42["said",{"kind":"other","text":"x"}]'), []);
  assert.deepEqual(reader.feed('42["noise",{"kind":"answer","text":"x"}]'), []);
  assert.deepEqual(reader.feed('42["said",{"kind":"answer","text":"a"}]'), [{ type: "text", text: "a" }]);
  assert.equal(reader.done, false);
  assert.deepEqual(reader.feed('42["end"]'), []);
  assert.equal(reader.done, true);
  assert.deepEqual(reader.feed('42["said",{"kind":"answer","text":"b"}]'), []);
  assert.deepEqual(reader.end().finish, { finish_reason: "stop" });
});

test("texts at several places are joined", () => {
  const answer = /** @type {const} */ ({ format: "json", text: "out.*.text" });
  assert.deepEqual(readPieces(answer, ['{"out":[{"text":"a"},{},{"text":"b"}]}']).parts, [{ type: "text", text: "ab" }]);
});

test("each item can be looked at", () => {
  /** @type {unknown[]} */
  const seen = [];
  const reader = new AnswerReader(OPENAI, { onitem: (value) => void seen.push(value) });
  reader.feed(events({ a: 1 }, "no json"));
  assert.deepEqual(seen, [{ a: 1 }, "no json"]);
});

test("errors in the site's words", () => {
  fails(OPENAI, events({ error: { message: "No such model" } }), "upstream", /^No such model$/);
  fails(OPENAI, events({ error: { code: 7 } }), "upstream", /^The site answered with an error.$/);
  /** @type {AnswerDescription} */
  const limited = {
    ...OPENAI,
    error: [
      { path: "code", equals: "slow", kind: "rate_limited", message: "say" },
      { event: "error", kind: "blocked" },
    ],
  };
  fails(limited, events({ code: "slow", say: "Slow down" }), "rate_limited", /^Slow down$/);
  const marked = { ...OPENAI, error: { path: "type", equals: "error" } };
  fails(marked, events({ type: "error", errorText: "Out of order" }), "upstream", /^Out of order$/);
  fails(marked, events({ type: "error", message: "Too long" }), "upstream", /^Too long$/);
  fails(marked, events({ type: "error" }), "upstream", /^The site answered with an error.$/);
  fails(limited, `event: error\n${events('"Verify"')}`, "blocked", /^Verify$/);
});

test("an answer that stops before its end", () => {
  fails(OPENAI, events(chunk({ content: "a" })), "truncated");
  fails(OPENAI, `${events(chunk({ content: "a" }))}data: {"choi`, "truncated");
  fails({ format: "sse", text: "t" }, 'data: {"t":"a"}', "truncated");
  assert.deepEqual(readPieces(OPENAI, [`${events(chunk({ content: "a" }))}data: [DONE]`]).parts, [
    { type: "text", text: "a" },
  ]);
});

test("an answer of an unknown shape", () => {
  fails(OPENAI, "", "site_changed", /nothing that is sse/);
  fails(OPENAI, "<!doctype html>", "site_changed", /nothing that is sse/);
  fails(OPENAI, events({ delta: "a" }, "[DONE]"), "site_changed", /no text at choices\.0\.delta\.content/);
  fails({ format: "json", text: ["a", "b.*"] }, '{"a":1,"b":[]}', "site_changed", /at a or b\.\*/);
  fails(OPENAI, events(chunk({}, "stop"), "[DONE]"), "site_changed", /no text/);
  fails({ format: "text" }, "", "site_changed", /nothing that is text/);
  fails(OPENAI, "x".repeat(17 * 1024 * 1024), "site_changed", /longer than an answer/);
});

test("an answer of nothing, and one that was filtered", () => {
  assert.deepEqual(readPieces(OPENAI, [events(chunk({ content: "" }), "[DONE]")]).parts, []);
  assert.deepEqual(readPieces(OPENAI, [events("[DONE]")]).parts, []);
  assert.deepEqual(readPieces(OPENAI, [events(chunk({ content: null }), "[DONE]")]).parts, []);
  assert.deepEqual(readPieces(OPENAI, [events(chunk({}, "content_filter"), "[DONE]")]).finish, {
    finish_reason: "content_filter",
  });
});

test("a fault of the code is not told as one of the site", () => {
  const reader = new AnswerReader(OPENAI, {
    onitem: () => {
      throw new TypeError("a bug");
    },
  });
  assert.throws(() => reader.feed(events({})), TypeError);
});

for (const [said, words] of /** @type {[unknown, string][]} */ ([
  ["plain", "plain"],
  [{ detail: "d" }, "d"],
  [{ error: { message: "e" } }, "e"],
  [{ error: "f" }, "f"],
  [{ detail: [{ msg: "g" }] }, "g"],
  [{ other: 1 }, ""],
  [null, ""],
])) {
  test(`the words in ${JSON.stringify(said)}`, () => assert.equal(wordsOf(said), words));
}
