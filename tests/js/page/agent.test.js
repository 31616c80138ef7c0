import assert from "node:assert/strict";
import { test } from "node:test";

import { connectAgent } from "../../../extension/content/agent_client.js";
import { ORIGIN, makePage, runAgent, withAgent } from "../support/agent.js";

/**
 * @param {AsyncGenerator<any>} items
 * @param {number} count
 */
async function take(items, count) {
  const taken = [];
  while (taken.length < count) taken.push((await items.next()).value);
  return taken;
}

/** @param {any} item */
const brief = ({ kind, request, ...more }) => [kind, request.id, ...Object.values(more).filter((each) => typeof each !== "object")];

/** @param {...string} pieces */
const streaming = (...pieces) =>
  new Response(/** @type {any} */ (ReadableStream).from(pieces.map((piece) => new TextEncoder().encode(piece))), {
    headers: { "content-type": "text/event-stream" },
  });

test("values are read, what cannot be posted is told or left out", async (context) => {
  const loop = /** @type {any} */ ({ a: 1 });
  loop.self = loop;
  const app = {
    chat() {},
    list: [1, "two", null, undefined, Symbol("x")],
    when: new Date(0),
    bytes: new Uint8Array([1]),
    error: new TypeError("x"),
    deep: { nothing: undefined },
  };
  const { agent } = await withAgent(context, { app, loop });
  assert.deepEqual(await agent.read("app"), {
    chat: { callable: true },
    list: [1, "two", null, undefined, undefined],
    when: {},
    bytes: new Uint8Array([1]),
    error: { name: "TypeError", message: "x" },
    deep: {},
  });
  assert.deepEqual(await agent.read("app.list.1"), "two");
  assert.equal(await agent.read("app.none.at.all"), undefined);
  assert.equal(/** @type {any} */ (await agent.read("loop")).self.self.a, 1);
});

test("functions are called on what they belong to", async (context) => {
  const app = { name: "app", greet(/** @type {string} */ who) { return { said: `${this.name}: ${who}` }; } };
  const { agent } = await withAgent(context, { app });
  assert.deepEqual(await agent.call("app.greet", ["ada"]), { said: "app: ada" });
  await assert.rejects(agent.call("app.none"), { name: "ReferenceError", message: "the page has no function app.none" });
});

for (const [thrown, name, message] of /** @type {[unknown, string, string][]} */ ([
  [new RangeError("too far"), "RangeError", "too far"],
  ["words", "Error", "words"],
  [undefined, "Error", "the page threw something that is no error"],
])) {
  test(`what a page throws comes over: ${message}`, async (context) => {
    const { agent } = await withAgent(context, { fail: () => Promise.reject(thrown) });
    await assert.rejects(agent.call("fail"), { name, message });
  });
}

test("an abort reaches the page's function", async (context) => {
  const seen = /** @type {any} */ ({});
  const { agent } = await withAgent(context, {
    wait: (/** @type {any} */ { options: [first] }) =>
      new Promise((_, reject) => {
        seen.signal = first.signal;
        first.signal.addEventListener("abort", () => reject(first.signal.reason));
        seen.called();
      }),
  });
  const controller = new AbortController();
  const called = new Promise((resolve) => {
    seen.called = () => resolve(undefined);
  });
  const answer = agent.call("wait", [{ options: [{ signal: { $signal: true } }] }], { signal: controller.signal });
  await called;
  controller.abort(new Error("enough"));
  await assert.rejects(answer, /enough/);
  await agent.read("location.origin");
  assert.equal(seen.signal.aborted, true);
});

test("an answer that is iterated comes item by item, with what it returns", async (context) => {
  const { agent } = await withAgent(context, {
    async *chat(/** @type {any} */ request) {
      yield request.text;
      yield { type: "text", text: "b" };
      return { finish_reason: "stop" };
    },
    whole: () => "whole",
    listed: () => new Set(["a", "b"]),
    stepping: () => {
      let left = 2;
      return { next: () => ({ done: left === 0, value: left-- }) };
    },
  });
  const all = async (/** @type {AsyncGenerator<unknown>} */ answer) => {
    const items = [];
    for (;;) {
      const next = await answer.next();
      if (next.done) return [items, next.value];
      items.push(next.value);
    }
  };
  assert.deepEqual(await all(agent.iterate("chat", [{ text: "a" }])), [
    ["a", { type: "text", text: "b" }],
    { finish_reason: "stop" },
  ]);
  assert.deepEqual(await all(agent.iterate("whole")), [[], "whole"]);
  assert.deepEqual(await all(agent.iterate("listed")), [["a", "b"], undefined]);
  assert.deepEqual(await all(agent.iterate("stepping")), [[2, 1], 0]);
  await assert.rejects(all(agent.iterate("nothing")), { name: "ReferenceError" });
});

test("an iterator that fails gives what it had first", async (context) => {
  const { agent } = await withAgent(context, {
    async *chat() {
      yield "a";
      throw new TypeError("broken");
    },
  });
  const answer = agent.iterate("chat");
  assert.equal((await answer.next()).value, "a");
  await assert.rejects(answer.next(), { name: "TypeError", message: "broken" });
});

test("a page's iterator is not read far ahead", async (context) => {
  let made = 0;
  const { agent } = await withAgent(context, {
    async *chat() {
      for (; made < 1000; made += 1) yield `${made}`;
    },
  });
  const answer = agent.iterate("chat");
  await answer.next();
  for (let turn = 0; turn < 20; turn += 1) await agent.read("made");
  assert.equal(made <= 130, true, `${made} were made`);
  let last;
  for await (const item of answer) last = item;
  assert.equal(last, "999");
});

test("an answer that is left is stopped in the page", async (context) => {
  const seen = /** @type {{signal?: AbortSignal, left?: boolean}} */ ({});
  const { agent } = await withAgent(context, {
    async *chat(/** @type {{signal: AbortSignal}} */ { signal }) {
      seen.signal = signal;
      try {
        for (;;) yield "a";
      } finally {
        seen.left = true;
      }
    },
  });
  const answer = agent.iterate("chat", [{ signal: { $signal: true } }]);
  await answer.next();
  await answer.return(undefined);
  for (let turn = 0; turn < 5; turn += 1) await agent.read("x");
  assert.deepEqual([seen.signal?.aborted, seen.left], [true, true]);
});

test("when the client goes, what runs for it stops", async (context) => {
  const seen = /** @type {any} */ ({});
  const { agent } = await withAgent(context, {
    async *chat(/** @type {any} */ { signal }) {
      yield "a";
      await new Promise((resolve) => {
        signal.addEventListener("abort", () => seen.left(resolve(undefined)));
      });
    },
  });
  const left = new Promise((resolve) => {
    seen.left = () => resolve(true);
  });
  await agent.iterate("chat", [{ signal: { $signal: true } }]).next();
  agent.close();
  assert.equal(await left, true);
  await assert.rejects(agent.read("x"), { name: "AgentGone" });
});

test("fetch looks the same, and without a capture is the page's own", async (context) => {
  const answer = new Response("x");
  /** @param {string} _url @param {object} [_init] */
  async function fetch(_url, _init) {
    return answer;
  }
  const { page } = await withAgent(context, { fetch });
  assert.notEqual(page.fetch, fetch);
  assert.deepEqual([page.fetch.name, page.fetch.length], ["fetch", 2]);
  assert.match(Function.prototype.toString.call(page.fetch), /\[native code\]/);
  assert.equal(await page.fetch("/x"), answer);
});

test("what the page fetches is seen while the page reads it, and the page reads all of it", async (context) => {
  const { page, agent } = await withAgent(context, {
    fetch: async () => streaming("data: a\n\n", "data: é\n\n"),
  });
  const items = await agent.capture({ url: "/api/*", kinds: ["fetch"] });
  await page.fetch("/other");
  const response = await page.fetch("/api/chat?x=1", {
    method: "post",
    headers: { Authorization: "Bearer t" },
    body: '{"a":1}',
  });
  assert.deepEqual([response.ok, response.status, response.url, response.redirected], [true, 200, "", false]);
  assert.equal(response instanceof Response, true);
  assert.equal(await response.clone().text(), "data: a\n\ndata: é\n\n");
  assert.equal(await response.text(), "data: a\n\ndata: é\n\n");
  const [start, reply, ...rest] = await take(items, 5);
  assert.deepEqual(start, {
    kind: "start",
    request: {
      id: start.request.id,
      url: `${ORIGIN}/api/chat?x=1`,
      transport: "fetch",
      method: "POST",
      headers: { authorization: "Bearer t" },
      body: '{"a":1}',
    },
  });
  assert.deepEqual([reply.kind, reply.status, reply.type], ["response", 200, "text/event-stream"]);
  assert.deepEqual(rest.map(brief), [
    ["text", start.request.id, "data: a\n\n"],
    ["text", start.request.id, "data: é\n\n"],
    ["end", start.request.id],
  ]);
  await items.return(undefined);
});

test("a Request's body is seen, odd headers and addresses do no harm", async (context) => {
  const { page, agent } = await withAgent(context, { fetch: async () => new Response("ok") });
  const items = await agent.capture({ url: "*" });
  await page.fetch(new Request(`${ORIGIN}/a`, { method: "POST", body: "said" }));
  await page.fetch("https://[", { headers: { "not a name": "x" }, body: new URLSearchParams({ b: "c" }) });
  const starts = (await take(items, 8)).filter(({ kind }) => kind === "start");
  assert.deepEqual(
    starts.map(({ request }) => [request.url, request.method, request.body, request.headers]),
    [
      [`${ORIGIN}/a`, "POST", "said", { "content-type": "text/plain;charset=UTF-8" }],
      ["https://[", "GET", "b=c", {}],
    ],
  );
});

test("what is no text, or nothing, passes as it is", async (context) => {
  const image = new Response(new Uint8Array([1]), { headers: { "content-type": "image/png" } });
  const { page, agent } = await withAgent(context, { fetch: async () => image });
  const items = await agent.capture({ url: "*" });
  assert.equal(await page.fetch("/x.png"), image);
  assert.deepEqual((await take(items, 3)).map(({ kind }) => kind), ["start", "response", "end"]);
});

test("failures of the network stay the page's", async (context) => {
  const error = new TypeError("Failed to fetch");
  const { page, agent } = await withAgent(context, { fetch: () => Promise.reject(error) });
  const items = await agent.capture({ url: "*" });
  await assert.rejects(page.fetch("/x"), error);
  assert.deepEqual((await take(items, 2)).map(brief).map(([kind, , ...more]) => [kind, ...more]), [
    ["start"],
    ["error", "Failed to fetch"],
  ]);
});

test("an answer that breaks breaks for both", async (context) => {
  const { page, agent } = await withAgent(context, {
    fetch: async () =>
      new Response(
        new ReadableStream({
          start(controller) {
            controller.enqueue(new TextEncoder().encode("a"));
          },
          pull(controller) {
            controller.error(new TypeError("cut"));
          },
        }),
      ),
  });
  const items = await agent.capture({ url: "*" });
  await assert.rejects((await page.fetch("/x")).text(), /cut/);
  assert.deepEqual((await take(items, 4)).slice(2).map(({ kind, text }) => [kind, text]), [
    ["text", "a"],
    ["error", "cut"],
  ]);
});

test("a page that stops reading stops the network", async (context) => {
  const seen = /** @type {any} */ ({});
  const { page, agent } = await withAgent(context, {
    fetch: async () => new Response(new ReadableStream({ cancel: (reason) => void (seen.reason = reason) })),
  });
  const items = await agent.capture({ url: "*" });
  const response = await page.fetch("/x");
  await response.body.cancel("enough");
  assert.equal(seen.reason, "enough");
  assert.deepEqual((await take(items, 3)).at(-1)?.kind, "error");
});

test("an answer is read ahead of the page, but not without bound", async (context) => {
  let sent = 0;
  const { page, agent } = await withAgent(context, {
    fetch: async () =>
      new Response(
        new ReadableStream(
          {
            pull(controller) {
              sent += 1;
              controller.enqueue(new Uint8Array(64 * 1024).fill(97));
              if (sent === 100) controller.close();
            },
          },
          { highWaterMark: 0 },
        ),
      ),
  });
  const items = await agent.capture({ url: "*" });
  const response = await page.fetch("/x");
  for (let turn = 0; turn < 50; turn += 1) await agent.read("x");
  assert.equal(sent >= 4 && sent <= 20, true, `${sent} were sent`);
  assert.equal((await response.arrayBuffer()).byteLength, 100 * 64 * 1024);
  await items.return(undefined);
});

test("a capture that nobody reads ends, and the page goes on", async (context) => {
  const { page, agent } = await withAgent(context, {
    fetch: async () => new Response("x".repeat(3 * 1024 * 1024)),
  });
  const items = await agent.capture({ url: "*" });
  for (let count = 0; count < 4; count += 1) assert.equal((await (await page.fetch("/x")).text()).length, 3 * 1024 * 1024);
  await assert.rejects(
    async () => {
      for await (const item of items) assert.equal(typeof item.kind, "string");
    },
    { name: "RangeError" },
  );
});

test("a capture that was left before it was read is off", async (context) => {
  const answer = new Response("x");
  const { page, agent } = await withAgent(context, { fetch: async () => answer });
  const items = await agent.capture({ url: "*" });
  await items.return(undefined);
  await agent.read("x");
  assert.equal(await page.fetch("/x"), answer);
});

test("requests of XMLHttpRequest are seen as their text grows", async (context) => {
  const { page, agent } = await withAgent(context);
  const items = await agent.capture({ url: "*/api*" });
  const other = new page.XMLHttpRequest();
  other.open("GET", "/other");
  other.send();
  const xhr = new page.XMLHttpRequest();
  xhr.setRequestHeader("too", "early");
  xhr.open("post", "/api");
  xhr.setRequestHeader("X-A", "b");
  xhr.send("body");
  assert.deepEqual(xhr.sent, ["body"]);
  xhr.change({ readyState: 2, status: 200 }, "readystatechange");
  xhr.change({ readyState: 3, responseText: "one" }, "progress");
  xhr.change({ readyState: 4, responseText: "one two" }, "readystatechange", "load");
  const [start, ...rest] = await take(items, 5);
  assert.deepEqual(
    [start.request.method, start.request.headers, start.request.body],
    ["POST", { "x-a": "b" }, "body"],
  );
  assert.deepEqual(rest.map(({ kind, text, status }) => [kind, text ?? status]), [
    ["response", 200],
    ["text", "one"],
    ["text", " two"],
    ["end", undefined],
  ]);
});

test("a parsed answer, one that is bytes, and one that is aborted", async (context) => {
  const { page, agent } = await withAgent(context);
  const items = await agent.capture({ url: "*" });
  const open = () => {
    const xhr = new page.XMLHttpRequest();
    xhr.open("GET", "/x");
    xhr.send();
    return xhr;
  };
  open().change({ readyState: 4, responseType: "json", response: { a: 1 } }, "load");
  open().change({ readyState: 4, responseType: "arraybuffer" }, "load");
  open().change({ readyState: 4 }, "abort");
  const kinds = (await take(items, 10)).map(({ kind, text }) => (text ? `${kind} ${text}` : kind));
  assert.deepEqual(kinds, [
    ...["start", "response", 'text {"a":1}', "end"],
    ...["start", "response", "end"],
    ...["start", "response", "error the request ended with abort"],
  ]);
});

test("sockets look the same, their frames are seen, and one can be sent", async (context) => {
  const { page, agent } = await withAgent(context);
  const before = new page.WebSocket("wss://a.example/ws");
  assert.equal(before instanceof page.WebSocket, true);
  assert.equal(before.constructor, page.WebSocket);
  assert.deepEqual([page.WebSocket.OPEN, page.WebSocket.name, page.WebSocket.length], [1, "WebSocket", 0]);
  class Own extends page.WebSocket {
    mine = true;
  }
  const own = new /** @type {any} */ (Own)("wss://a.example/own");
  assert.deepEqual([own instanceof Own, own.mine], [true, true]);
  before.receive("unseen");
  before.send("unseen");
  const items = await agent.capture({ url: "*/ws" });
  own.receive("other");
  before.receive("in");
  before.receive(new Uint8Array([1]));
  before.send("out");
  before.send(new Uint8Array([1]));
  await agent.socketSend("*/ws", "ours");
  assert.deepEqual(before.sent, ["unseen", "out", new Uint8Array([1]), "ours"]);
  before.close();
  const after = new page.WebSocket("wss://a.example/ws");
  const seen = await take(items, 4);
  assert.deepEqual(seen.map(({ kind, text }) => [kind, text]), [
    ["text", "in"],
    ["sent", "out"],
    ["end", undefined],
    ["start", undefined],
  ]);
  after.readyState = 0;
  await assert.rejects(agent.socketSend("*/ws", "x"), { message: "the page has no such socket open" });
});

test("events of event sources are seen in their own form, named ones too", async (context) => {
  const { page, agent } = await withAgent(context);
  const items = await agent.capture({ url: "*" });
  const source = new page.EventSource(`${ORIGIN}/events`);
  /** @type {string[]} */
  const heard = [];
  source.addEventListener("said", (/** @type {MessageEvent} */ { data }) => void heard.push(data));
  source.addEventListener("said", () => {});
  source.addEventListener("open", () => {});
  source.receive("a\nb");
  source.receive("c", "said");
  source.dispatchEvent(new Event("error"));
  source.readyState = 2;
  source.dispatchEvent(new Event("error"));
  assert.deepEqual(heard, ["c"]);
  assert.deepEqual((await take(items, 4)).map(({ kind, text }) => [kind, text]), [
    ["start", undefined],
    ["text", "data: a\ndata: b\n\n"],
    ["text", "event: said\ndata: c\n\n"],
    ["end", undefined],
  ]);
  await items.return(undefined);
  await agent.read("x");
  source.receive("unseen");
});

test("a page without some of it, and one whose fetch cannot be replaced", async (context) => {
  const bare = { WebSocket: undefined, EventSource: undefined, XMLHttpRequest: undefined, EventTarget: undefined };
  const { page, agent } = await withAgent(context, { ...bare, fetch: undefined });
  assert.equal(page.fetch, undefined);
  assert.equal(await agent.read("location.origin"), ORIGIN);
});

test("it runs once in a page", () => {
  const page = makePage();
  const { fetch } = page;
  runAgent(page);
  assert.equal(page.fetch, fetch);
});

test("messages of the page itself pass, and those of others are not obeyed", async () => {
  const page = makePage();
  const { port1, port2 } = new MessageChannel();
  /** @type {any[]} */
  const heard = [];
  port1.onmessage = ({ data }) => void heard.push(data);
  page.addEventListener("message", (/** @type {any} */ event) => void heard.push(event.data));
  page.postMessage("hello", ORIGIN);
  page.postMessage({ relay: "agent" }, ORIGIN);
  page.dispatchEvent(Object.assign(new Event("message"), { data: { relay: "agent" }, source: {}, ports: [port2] }));
  port1.close();
  assert.deepEqual(heard, ["hello", { relay: "agent" }, { relay: "agent" }]);
});

test("nonsense is answered as what it is", async (context) => {
  const page = makePage();
  const { port1, port2 } = new MessageChannel();
  context.after(() => port1.close());
  const replies = new Promise((resolve) => {
    /** @type {any[]} */
    const all = [];
    port1.onmessage = ({ data }) => {
      all.push(data);
      if (all.length === 4) resolve(all);
    };
  });
  page.postMessage({ relay: "agent" }, ORIGIN, [port2]);
  port1.postMessage({ id: 1, op: "explode" });
  port1.postMessage({ id: 2, op: "capture", url: "*", kinds: [] });
  port1.postMessage({ id: 3, op: "pull", stream: 77 });
  assert.deepEqual(await replies, [
    { ready: true },
    { id: 1, error: { name: "TypeError", message: "the page's agent does not know explode" } },
    { id: 2, error: { name: "TypeError", message: "a capture needs an expression" } },
    { id: 3, ok: true, value: { items: [], done: true } },
  ]);
});

test("a second client is served on its own", async (context) => {
  const { page, agent } = await withAgent(context, { n: 7 });
  const second = await connectAgent({ window: page });
  context.after(() => second.close());
  assert.deepEqual(await Promise.all([agent.read("n"), second.read("n")]), [7, 7]);
});

test("the agent leaves nothing in the window but a mark that says so", () => {
  const before = new Set(Reflect.ownKeys(makePage()));
  const plain = new Set(Reflect.ownKeys(makePage({ [Symbol.for("relay.agent")]: true })));
  assert.deepEqual(before, plain);
  const mark = Object.getOwnPropertyDescriptor(makePage(), Symbol.for("relay.agent"));
  assert.deepEqual(mark, { value: true, writable: false, enumerable: false, configurable: false });
});

test("without the files before it, a file of the agent does nothing", () => {
  const page = makePage({ [Symbol.for("relay.agent")]: true });
  const { fetch } = page;
  assert.equal(Reflect.deleteProperty(page, Symbol.for("relay.agent")), true);
  runAgent(page, 1);
  assert.equal(page.fetch, fetch);
  assert.equal(page[Symbol.for("relay.agent")], undefined);
});
