import assert from "node:assert/strict";
import { test } from "node:test";

import { ask, read, readFailing } from "../../../support/answers.js";
import { servedPage } from "../../../support/served_page.js";
import { description, settled, sse } from "../../../support/site.js";

const DOM = { composer: "#composer", answer: ".answer", stop: ".stop" };
const text = (/** @type {string} */ value) => ({ type: "text", text: value });
const CAPTURE = { way: "capture", url: "/api/chat*", answer: { format: "sse", text: "t", reasoning: "r", done: { data: "[DONE]" } } };
const SOCKET = { way: "capture", url: "*/ws", answer: { format: "socket", text: "t", done: { path: "end" } } };

/**
 * A page whose send button makes the page ask its server; `press` is what it does.
 * @param {import("node:test").TestContext} context
 * @param {(page: any) => unknown} press
 * @param {{fetch?: unknown, way?: object, signal?: AbortSignal}} [options]
 */
async function served(context, press, { fetch, way = CAPTURE, signal = new AbortController().signal } = {}) {
  const { adapter, page, site } = await servedPage(context, description({ ways: [way], dom: DOM }), fetch ? { fetch } : {});
  site.dom = {
    stops: 0,
    status: () => ({ state: "ready" }),
    send: async () => void (await press(page)),
    async *answer() {
      yield text("read off the page");
    },
    async stop() {
      this.stops += 1;
    },
  };
  return { adapter, page, site, answer: adapter.chat(ask("Hi"), { signal }) };
}

test("the page asks its server, and the answer is read on its way", async (context) => {
  const { adapter, answer, site } = await served(
    context,
    async (page) => {
      void page.fetch("/api/other");
      void page.fetch("/api/chat/1").then((/** @type {Response} */ response) => response.text());
      void page.fetch("/api/chat/title").then((/** @type {Response} */ response) => response.text());
    },
    {
      fetch: async (/** @type {string} */ url) =>
        url.endsWith("title") ? sse({ t: "a title" }, "data: [DONE]\n\n") : sse({ r: "hm" }, { t: "a" }, { t: "b" }, "data: [DONE]\n\n"),
    },
  );
  assert.deepEqual((await adapter.status()).capabilities, { cancel: true, reasoning: true, single_prompt: true });
  assert.deepEqual((await read(answer)).parts, [{ type: "reasoning", text: "hm" }, text("a"), text("b")]);
  assert.equal(site.dom.stops, 0);
});

test("an end without an answer is none", async (context) => {
  const press = (/** @type {any} */ page) => void page.fetch("/api/chat").then((/** @type {Response} */ each) => each.text());
  const { answer } = await served(context, press, { fetch: async () => sse({ kind: "trouble" }, "data: [DONE]\n\n"), way: { ...CAPTURE, answer: { ...CAPTURE.answer, where: { path: "kind", equals: "text" } } } });
  const { error } = await readFailing(answer);
  assert.deepEqual([error.kind, error.message], ["upstream", "The site ended without an answer."]);
});

test("an answer that ends with the connection", async (context) => {
  const way = { ...CAPTURE, answer: { format: "text" } };
  const press = (/** @type {any} */ page) => void page.fetch("/api/chat").then((/** @type {Response} */ each) => each.text());
  const { answer } = await served(context, press, { way, fetch: async () => new Response("plain") });
  assert.deepEqual((await read(answer)).parts, [text("plain")]);
});

test("frames of a socket that was open before", async (context) => {
  const { answer, page } = await served(context, (window) => {
    window.socket.receive('{"t":"a"}');
    window.socket.receive('{"end":true}');
  }, { way: SOCKET });
  page.socket = new page.WebSocket("wss://a.example/ws");
  assert.deepEqual((await read(answer)).parts, [text("a")]);
});

test("a refusal of the site", async (context) => {
  const press = (/** @type {any} */ page) => void page.fetch("/api/chat");
  const { answer, site } = await served(context, press, { fetch: async () => new Response("", { status: 429 }) });
  assert.equal((await readFailing(answer)).error.kind, "rate_limited");
  assert.equal(site.dom.stops, 0);
});

test("a connection that breaks after some of the answer", async (context) => {
  const press = (/** @type {any} */ page) => void page.fetch("/api/chat").then((/** @type {Response} */ each) => each.text()).catch(() => {});
  const { answer, site } = await served(context, press, {
    fetch: async () =>
      new Response(/** @type {any} */ (ReadableStream).from((async function* () {
        yield new TextEncoder().encode('data: {"t":"a"}\n\n');
        throw new TypeError("cut");
      })())),
  });
  const { parts, error } = await readFailing(answer);
  assert.deepEqual([parts, error.kind, site.dom.stops], [[text("a")], "truncated", 1]);
});

test("a page that asks nothing is read as it shows", async (context) => {
  const { answer, site } = await served(context, () => {});
  const reading = read(answer);
  while (!site.clock.waiting) await settled();
  await site.clock.pass(30_000);
  assert.deepEqual(await reading, { parts: [text("read off the page")], finish: { finish_reason: "stop" } });
  assert.equal(site.dom.stops, 0);
});

test("a cancel presses stop, before and after the first part", async (context) => {
  const controller = new AbortController();
  const silent = await served(context, () => {}, { signal: controller.signal });
  const reading = read(silent.answer);
  while (!silent.site.clock.waiting) await settled();
  controller.abort(new Error("enough"));
  await assert.rejects(reading, /enough/);
  const speaking = await served(context, (page) => page.socket.receive('{"t":"a"}'), { way: SOCKET });
  speaking.page.socket = new speaking.page.WebSocket("wss://a.example/ws");
  await speaking.answer.next();
  await speaking.answer.return(/** @type {any} */ (undefined));
  assert.deepEqual([silent.site.dom.stops, speaking.site.dom.stops], [1, 1]);
});

test("a message that could not be sent stops nothing", async (context) => {
  const { answer, site } = await served(context, () => {
    throw new TypeError("a bug");
  });
  await assert.rejects(read(answer), TypeError);
  assert.equal(site.dom.stops, 0);
});
