import assert from "node:assert/strict";
import { test } from "node:test";

import { candidatesOf, globOf } from "../../../extension/teach/network.js";

const ORIGIN = "https://chat.example";
const PROMPT = "Please tell me something about blue.";
const ANSWER = "Blue is the colour of the sky. **Deep** water looks blue as well.\n\nRELAYTEST 4711";
const SHOWN = `New chat ${PROMPT} Blue is the colour of the sky. Deep water looks blue as well. RELAYTEST 4711 Copy`;
const PIECES = ANSWER.match(/[^]{1,7}/g) ?? [];

/** @param {any[]} texts @param {any} [more] */
function exchange(texts, more = {}) {
  return { url: `${ORIGIN}/api/chat`, transport: "fetch", type: "", texts, ...more };
}

/** @param {unknown} value @param {string} [event] */
const sse = (value, event) => `${event ? `event: ${event}\n` : ""}data: ${typeof value === "string" ? value : JSON.stringify(value)}\n\n`;

/** @param {any[]} exchanges @param {any} [more] */
function best(exchanges, more = {}) {
  const [candidate] = candidatesOf(exchanges, { shown: SHOWN, before: "New chat", prompt: PROMPT, origin: ORIGIN, ...more });
  return candidate;
}

test("chunks in OpenAI's form", () => {
  const chunks = PIECES.map((content) => sse({ id: "chatcmpl-1a2b3c4d", object: "chat.completion.chunk", choices: [{ index: 0, delta: { content }, finish_reason: null }] }));
  const end = sse({ id: "chatcmpl-1a2b3c4d", object: "chat.completion.chunk", choices: [{ index: 0, delta: {}, finish_reason: "stop" }] });

  const found = best([exchange([...chunks, end, sse("[DONE]")], { type: "text/event-stream" })]);

  assert.deepEqual(found, {
    way: {
      way: "capture",
      url: "/api/chat",
      answer: {
        format: "sse",
        text: "choices.0.delta.content",
        finish: { path: "choices.0.finish_reason" },
        done: { data: "[DONE]" },
        error: { path: "error" },
      },
    },
    text: ANSWER,
    pieces: PIECES.length,
  });
});

test("events of several kinds, with thoughts at the same path", () => {
  const texts = [
    sse({ type: "message_start", message: { role: "assistant" } }, "message_start"),
    sse({ type: "thinking.delta", delta: "What is " }),
    sse({ type: "thinking.delta", delta: "blue?" }),
    ...PIECES.map((delta) => sse({ type: "text.delta", delta })),
    sse({ type: "message_stop" }),
  ];

  const found = best([exchange(texts)]);

  assert.deepEqual(found?.way.answer, {
    format: "sse",
    text: "delta",
    where: { path: "type", equals: "text.delta" },
    done: { path: "type", equals: "message_stop" },
    error: [{ path: "error" }, { path: "type", equals: "error" }],
  });
});

test("events by name, of which one would be an error's", () => {
  const texts = [sse({ at: 1 }, "begin"), ...PIECES.map((text) => sse({ text }, "piece")), sse({ at: 2 }, "finished")];

  const found = best([exchange(texts)]);

  assert.deepEqual(found?.way.answer, {
    format: "sse",
    text: "text",
    where: { event: "piece" },
    done: { event: "finished" },
    error: [{ path: "error" }, { event: "error" }],
  });
});

test("thoughts at a path of their own", () => {
  const texts = [...["What ", "is blue?"].map((thinking) => `${JSON.stringify({ thinking })}\n`), ...PIECES.map((text) => `${JSON.stringify({ text })}\n`)];

  const found = best([exchange(texts)]);

  assert.deepEqual(found?.way.answer, { format: "ndjson", text: "text", error: { path: "error" }, reasoning: "thinking" });
});

test("texts that grow", () => {
  const texts = PIECES.map((_, at) => sse([PIECES.slice(0, at + 1).join(""), null], "generating"));

  const found = best([exchange([...texts, sse([ANSWER, null], "complete")])]);

  assert.deepEqual([found?.way.answer.text, found?.way.answer.mode, found?.text, found?.pieces], ["0", "cumulative", ANSWER, PIECES.length]);
});

test("one JSON with the whole answer, behind what was asked", () => {
  const body = JSON.stringify({ id: "x", messages: [{ role: "user", text: PROMPT }, { role: "assistant", text: ANSWER }] });

  const found = best([exchange([body.slice(0, 40), body.slice(40)], { type: "application/json" })]);

  assert.deepEqual(found?.way.answer, { format: "json", text: "messages.-1.text", mode: "final", error: { path: "error" } });
});

test("plain text", () => {
  assert.deepEqual(best([exchange(PIECES, { type: "text/plain" })])?.way.answer, { format: "text" });
});

test("socket.io whose first piece comes in another event", () => {
  const frame = (/** @type {string} */ name, /** @type {unknown} */ data) => `42${JSON.stringify([name, data])}`;
  const [first, ...rest] = PIECES;
  const texts = [
    "2",
    frame("task_start", {}),
    frame("new_message", { id: "a", type: "run", output: "" }),
    frame("stream_start", { id: "b", type: "assistant_message", output: first }),
    ...rest.map((token) => frame("stream_token", { id: "b", token })),
    frame("update_message", { id: "b", type: "assistant_message", output: ANSWER }),
    frame("task_end", {}),
  ];

  const found = best([exchange(texts, { url: "wss://chat.example/ws/socket.io/?EIO=4&sid=abc", transport: "websocket" })]);

  assert.deepEqual(found, {
    way: {
      way: "capture",
      url: "*/ws/socket.io/*",
      answer: {
        format: "socket.io",
        text: ["token", "output"],
        where: [{ event: "stream_start" }, { event: "stream_token" }],
        done: { event: "task_end" },
      },
    },
    text: ANSWER,
    pieces: PIECES.length,
  });
});

test("of the fields that tell the kind of an item, the one next to the text counts", () => {
  const frame = (/** @type {string} */ type, /** @type {unknown} */ data) => `42${JSON.stringify(["events", { data: { type, data } }])}`;
  const texts = [
    frame("chat:active", { active: true }),
    ...PIECES.map((delta) => frame("response", { type: "text.delta", delta })),
    frame("response", { type: "text.done" }),
    frame("chat:active", { active: false }),
  ];

  const found = best([exchange(texts, { transport: "websocket" })]);

  assert.deepEqual(found?.way.answer, {
    format: "socket.io",
    text: "data.data.delta",
    where: { path: "data.data.type", equals: "text.delta" },
    done: { path: "data.data.type", equals: "text.done" },
  });
});

test("frames of a plain socket", () => {
  const texts = [...PIECES.map((t) => JSON.stringify({ kind: "token", t })), JSON.stringify({ kind: "over" })];

  const found = best([exchange(texts, { url: "wss://chat.example/live", transport: "websocket" })]);

  assert.deepEqual(found?.way.answer, {
    format: "socket",
    text: "t",
    where: { path: "kind", equals: "token" },
    done: { path: "kind", equals: "over" },
  });
});

test("what streams is better than what comes whole at the end", () => {
  const found = best([
    exchange([JSON.stringify({ last: ANSWER })], { url: `${ORIGIN}/api/history` }),
    exchange(PIECES.map((text) => sse({ text }))),
  ]);

  assert.equal(found?.way.url, "/api/chat");
});

test("what the page showed before, and what was asked, is no answer", () => {
  const texts = [JSON.stringify({ title: "The colour blue", prompt: PROMPT })];

  assert.deepEqual(best([exchange(texts)], { before: "The colour blue", shown: `The colour blue ${PROMPT}` }), undefined);
});

test("a socket without an end is no way", () => {
  assert.equal(best([exchange(PIECES.map((t) => JSON.stringify({ t })), { transport: "websocket" })]), undefined);
});

test("addresses without what changes from call to call", () => {
  assert.deepEqual(
    [
      globOf(`${ORIGIN}/api/chats/3f2504e0-4f89-11d3-9a0c-0305e82c3301/completion?x=1`, ORIGIN),
      globOf("https://api.example/v1/chat", ORIGIN),
      globOf("wss://chat.example/ws/12345", ORIGIN, true),
    ],
    ["/api/chats/*/completion*", "https://api.example/v1/chat", "*/ws/*"],
  );
});
