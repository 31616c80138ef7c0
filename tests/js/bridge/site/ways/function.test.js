import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { ask, read, readFailing } from "../../../support/answers.js";
import { servedPage } from "../../../support/served_page.js";

const RELAY_CHAT = readFileSync(new URL("../../../../../extension/sites/relay-chat.json", import.meta.url), "utf8");
const text = (/** @type {string} */ value) => ({ type: "text", text: value });

/**
 * @param {import("node:test").TestContext} context
 * @param {Record<string, unknown>} relayChat
 */
async function served(context, relayChat) {
  const { adapter, page, site } = await servedPage(context, RELAY_CHAT, { relayChat });
  const signal = new AbortController().signal;
  return { adapter, page, site, chat: (request = ask("Hi")) => adapter.chat(request, { signal }) };
}

test("a page offers a chat: its models, what it can do, and its answers", async (context) => {
  /** @type {any[]} */
  const seen = [];
  const { adapter, chat } = await served(context, {
    models: [{ id: "m", name: "M" }, "n"],
    capabilities: { tools: true },
    limits: { concurrency: 2, min_interval_ms: 0, max_prompt_chars: 100 },
    async *chat(/** @type {unknown} */ request, /** @type {{signal: AbortSignal}} */ { signal }) {
      seen.push(request, signal.aborted);
      yield "a";
      yield "";
      yield { type: "text", text: "b" };
      yield { type: "reasoning", text: "c" };
      yield { type: "reasoning", text: "c", kind: "summary" };
      yield { type: "proof", kind: "k", data: "d" };
      yield { type: "image", url: "data:," };
      yield { type: "tool_call", id: "t", name: "look", arguments: "{}" };
      yield { type: "proof", kind: "k", data: "e", call: "t" };
      yield { type: "tool_call", id: "t", arguments: "" };
      yield* [{ type: "text", text: "" }, { type: "later" }, null, undefined];
    },
  });
  assert.deepEqual(await adapter.status(), {
    state: "ready",
    detail: "",
    capabilities: { system: true, cancel: true, tools: true },
    limits: { concurrency: 2, max_prompt_chars: 100 },
    models: [{ id: "m", name: "M" }, { id: "n" }],
  });
  assert.deepEqual(await read(chat()), {
    parts: [
      text("a"),
      text("b"),
      { type: "reasoning", text: "c" },
      { type: "reasoning", text: "c", kind: "summary" },
      { type: "proof", kind: "k", data: "d" },
      { type: "image", url: "data:," },
      { type: "tool_call", id: "t", name: "look", arguments: "{}" },
      { type: "proof", kind: "k", data: "e", call: "t" },
      { type: "tool_call", id: "t", arguments: "" },
    ],
    finish: { finish_reason: "tool_calls" },
  });
  assert.deepEqual(seen, [ask("Hi"), false]);
});

for (const item of [{ type: "text" }, { type: "reasoning" }, { type: "proof", kind: "k" }, { type: "image" }, { type: "tool_call" }, { choices: [] }, 7, true]) {
  test(`an answer with ${JSON.stringify(item)} in it lacks a piece, and fails`, async (context) => {
    const { chat } = await served(context, {
      async *chat() {
        yield "a";
        yield item;
      },
    });
    const { parts, error } = await readFailing(chat());
    assert.deepEqual(parts, [text("a")]);
    assert.equal(error.kind, "upstream");
    assert.match(error.message, /^The page's function gave a .* it should give texts or parts\.$/);
  });
}

test("how an answer ended is what the page returns", async (context) => {
  const { chat } = await served(context, {
    async *chat() {
      yield "a";
      return { finish_reason: "length", usage: { input_tokens: 1, output_tokens: 2, more: 3 }, conversation: "c" };
    },
  });
  assert.deepEqual((await read(chat())).finish, {
    finish_reason: "length",
    usage: { input_tokens: 1, output_tokens: 2 },
    conversation: "c",
  });
});

test("a whole answer, not iterated", async (context) => {
  const { chat } = await served(context, { chat: async () => "all of it" });
  assert.deepEqual(await read(chat()), { parts: [text("all of it")], finish: { finish_reason: "stop" } });
});

test("models can be a function, and nothing is needed but chat", async (context) => {
  const { adapter } = await served(context, { models: async () => [{ id: "m" }], chat() {}, limits: 7 });
  const { models, limits } = await adapter.status();
  assert.deepEqual([models, limits], [[{ id: "m" }], { concurrency: 1 }]);
  const bare = await served(context, { chat() {} });
  assert.deepEqual((await bare.adapter.status()).models, [{ id: "relay-chat", name: "A page with window.relayChat" }]);
});

for (const [said, status] of /** @type {[unknown, any][]} */ ([
  [
    { state: "login_required", detail: "Sign in", account: { id: "a", label: "Ada", more: 1 } },
    { state: "login_required", detail: "Sign in", account: { id: "a", label: "Ada" } },
  ],
  [{ state: "blocked", reason: "captcha", account: { id: "a" } }, { state: "blocked", reason: "captcha", account: { id: "a" } }],
  [{ state: "blocked", reason: "mood" }, { state: "blocked" }],
  [{ state: "confused" }, { state: "ready", detail: "" }],
  [undefined, { state: "ready", detail: "" }],
])) {
  test(`the page says of itself: ${JSON.stringify(said)}`, async (context) => {
    const { adapter } = await served(context, { chat() {}, status: async () => said });
    const { state, detail, reason, account } = await adapter.status();
    assert.deepEqual(JSON.parse(JSON.stringify({ state, detail, reason, account })), status);
  });
}

test("a page that cannot say its state", async (context) => {
  const { adapter } = await served(context, { chat() {}, status: () => Promise.reject(new Error("oh")) });
  const { state, detail } = await adapter.status();
  assert.deepEqual([state, detail], ["unavailable", "The page's relayChat.status failed: oh"]);
});

test("a page without the function: it may still come, later it is missed", async (context) => {
  const { adapter, chat, page, site } = await served(context, {});
  assert.equal((await adapter.status()).state, "starting");
  await site.clock.pass(20_000);
  const { state, detail } = await adapter.status();
  assert.deepEqual([state, detail], ["unavailable", "The page has no function relayChat.chat."]);
  page.relayChat.chat = () => "here";
  assert.equal((await adapter.status()).state, "ready");
  delete page.relayChat.chat;
  assert.equal((await readFailing(chat())).error.kind, "site_changed");
});

test("a page that cannot be spoken to", async (context) => {
  const { adapter, site } = await served(context, { chat() {} });
  site.agent.close();
  await site.clock.pass(20_000);
  const { state, detail } = await adapter.status();
  assert.deepEqual([state, detail], ["unavailable", "the page is gone"]);
});

for (const [thrown, kind, retryAfter, message] of /** @type {[unknown, string, number | undefined, RegExp][]} */ ([
  [Object.assign(new Error("Slow down"), { kind: "rate_limited", retry_after: 5 }), "rate_limited", 5, /^Slow down$/],
  [Object.assign(new Error("x"), { kind: "again" }), "upstream", undefined, /^x$/],
  [new TypeError("broken"), "upstream", undefined, /^broken$/],
  [new Error(""), "upstream", undefined, /function failed/],
])) {
  test(`a failure of the page: ${String(thrown)} as ${kind}`, async (context) => {
    const { chat } = await served(context, {
      async *chat() {
        yield "a";
        throw thrown;
      },
    });
    const { parts, error } = await readFailing(chat());
    assert.deepEqual([parts, error.kind, error.retryAfter], [[text("a")], kind, retryAfter]);
    assert.match(error.message, message);
  });
}

test("a cancel reaches the page's function", async (context) => {
  const seen = /** @type {any} */ ({});
  const { adapter } = await served(context, {
    async *chat(/** @type {unknown} */ _, /** @type {{signal: AbortSignal}} */ { signal }) {
      yield "a";
      await new Promise((resolve) => {
        signal.addEventListener("abort", () => seen.stopped(resolve(undefined)));
      });
    },
  });
  const stopped = new Promise((resolve) => {
    seen.stopped = () => resolve(true);
  });
  const controller = new AbortController();
  const answer = adapter.chat(ask("Hi"), { signal: controller.signal });
  await answer.next();
  const rest = answer.next();
  controller.abort(new Error("enough"));
  await assert.rejects(rest, /enough/);
  assert.equal(await stopped, true);
});
