import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { AdapterError } from "../../../../extension/bridge/adapter.js";
import { SiteAdapter } from "../../../../extension/bridge/site/adapter.js";
import { parseDescription } from "../../../../extension/bridge/site/description.js";
import { LostSight } from "../../../../extension/bridge/site/ways/capture.js";
import { ask, read, readFailing } from "../../support/answers.js";
import { FakeSite, ORIGIN, description, settled, sse } from "../../support/site.js";

/** @typedef {import("../../../../extension/bridge/frames.js").ChatRequest} ChatRequest */

const ANSWER = { format: "sse", text: "t", done: { data: "[DONE]" } };
const FETCH = { way: "fetch", steps: [{ request: { url: "/api", body: { p: "{{prompt}}" } }, answer: ANSWER }] };
const DOM = { composer: "#composer", answer: ".answer" };
const DONE = "data: [DONE]\n\n";
const text = (/** @type {string} */ value) => ({ type: "text", text: value });

/** @type {FakeSite} */ let site;

beforeEach(() => {
  site = new FakeSite();
  site.answers["/api"] = () => sse({ t: "a" }, DONE);
  site.dom = fakeDom();
});

function fakeDom() {
  return {
    look: { state: "ready" },
    /** @type {any[]} */ sent: [],
    parts: [text("from the page")],
    stops: 0,
    status() {
      return this.look;
    },
    async send(/** @type {string} */ prompt, /** @type {any} */ options) {
      this.sent.push([prompt, options]);
    },
    async *answer() {
      yield* this.parts;
    },
    async stop() {
      this.stops += 1;
      return true;
    },
    async models() {
      return [{ id: "picked", name: "Picked" }];
    },
  };
}

/** @param {Record<string, unknown>} more */
const adapterOf = (more) => new SiteAdapter(parseDescription(description(more)), site.environment);

/**
 * @param {SiteAdapter} adapter
 * @param {ChatRequest} [request]
 */
const chat = (adapter, request = ask("Hi"), signal = new AbortController().signal) => adapter.chat(request, { signal });

test("what a page can do, by its best way and by its description", async () => {
  const adapter = adapterOf({ ways: [FETCH], limits: { max_prompt_chars: 900 }, capabilities: { images: true } });
  assert.deepEqual(await adapter.status(), {
    state: "ready",
    detail: "",
    capabilities: { cancel: true, single_prompt: true, images: true },
    limits: { concurrency: 1, max_prompt_chars: 900 },
    models: [{ id: "a", name: "A chat" }],
  });
  assert.equal(adapter.id, "a");
  assert.deepEqual([adapter.matches(`${ORIGIN}/x`), adapter.matches("https://b.example/")], [true, false]);
});

test("a way that takes whole conversations, and one through the page", async () => {
  const body = { messages: "{{messages}}", tools: "{{tools?}}" };
  const answer = { ...ANSWER, reasoning: "r", tool_calls: "c" };
  const whole = adapterOf({ ways: [{ way: "fetch", steps: [{ request: { url: "/api", body }, answer }] }] });
  assert.deepEqual((await whole.status()).capabilities, { cancel: true, system: true, tools: true, reasoning: true });
  const page = adapterOf({
    ways: [{ way: "dom" }],
    dom: { ...DOM, stop: ".stop", file_input: "input", thinking: ".thinking", model_picker: { option: "option" } },
    conversation: { mode: "thread", id: "/c/(.+)" },
  });
  const status = await page.status();
  assert.deepEqual(status.capabilities, {
    cancel: true,
    files: true,
    images: true,
    prompt_file: true,
    reasoning: true,
    single_prompt: true,
    reuse: true,
  });
  assert.deepEqual(status.models, [{ id: "picked", name: "Picked" }]);
});

for (const [name, prepare, login, state, detail] of /** @type {[string, (site: FakeSite) => void, any, string, RegExp][]} */ ([
  ["the page of the login", (page) => void (page.location.href = `${ORIGIN}/login?x`), { out_url: "*/login*" }, "login_required", /Sign in/],
  ["a button to sign in", (page) => void page.shown.add("#in"), { out: "#in" }, "login_required", /Sign in/],
  ["no token", () => {}, { in_storage: "localStorage.token" }, "login_required", /Sign in/],
  ["an empty token", (page) => void (page.stored.token = ""), { in_storage: "localStorage.token" }, "login_required", /Sign in/],
  ["a token", (page) => void (page.stored.token = "x"), { in_storage: "localStorage.token" }, "ready", /^$/],
  ["a token of the session", (page) => void (page.stored["session.t"] = "x"), { in_storage: "sessionStorage.t" }, "ready", /^$/],
  ["a cookie", (page) => void (page.cookie = "a=1; t=x%20y"), { in_storage: "cookie.t" }, "ready", /^$/],
  ["an odd cookie", (page) => void (page.cookie = "t=%"), { in_storage: "cookie.t" }, "ready", /^$/],
  ["no cookie", (page) => void (page.cookie = "tt=1"), { in_storage: "cookie.t" }, "login_required", /Sign in/],
  ["the person's picture", (page) => void page.shown.add("#me"), { in: "#me" }, "ready", /^$/],
  ["no picture yet", () => {}, { in: "#me" }, "starting", /^undefined$/],
])) {
  test(`${name} on the page: ${state}`, async () => {
    prepare(site);
    const status = await adapterOf({ login, ways: [FETCH] }).status();
    assert.equal(status.state, state);
    assert.match(String(status.detail), detail);
  });
}

test("what is missing means something once the page has had its time", async () => {
  const signedOut = adapterOf({ login: { in: "#me" }, ways: [FETCH] });
  const changed = adapterOf({ ready: { selector: "#app" }, ways: [FETCH] });
  assert.deepEqual([(await signedOut.status()).state, (await changed.status()).state], ["starting", "starting"]);
  await site.clock.pass(15_000);
  assert.equal((await signedOut.status()).state, "login_required");
  assert.match(String((await changed.status()).detail), /nothing at #app/);
  site.becomes({ readyState: "loading" });
  assert.equal((await changed.status()).state, "starting");
  site.shown.add("#app");
  assert.equal((await changed.status()).state, "ready");
});

test("a page that wants something of a person", async () => {
  const adapter = adapterOf({
    ways: [FETCH],
    blocked: [
      { selector: "#captcha", reason: "captcha" },
      { selector: "#consent", reason: "consent", detail: "Accept the terms." },
    ],
  });
  site.shown.add("#consent");
  const { state, reason, detail } = await adapter.status();
  assert.deepEqual([state, reason, detail], ["blocked", "consent", "Accept the terms."]);
  site.shown.add("#captcha");
  assert.match(String((await adapter.status()).detail), /a person: captcha/);
});

test("models by address, kept for a while and when they cannot be had", async () => {
  const adapter = adapterOf({
    ways: [FETCH],
    models: { url: "/models", headers: { authorization: "Bearer {{localStorage.t}}" }, list: "data", id: "id", name: "n" },
  });
  site.stored["t"] = "T";
  site.answers["/models"] = () => Response.json({ data: [{ id: "m1", n: "One" }, { id: "m1" }, { id: 7 }, { id: "m2" }, null] });
  assert.deepEqual((await adapter.status()).models, [{ id: "m1", name: "One" }, { id: "m2" }]);
  assert.equal(site.requests[0].headers.authorization, "Bearer T");
  site.answers["/models"] = () => new Response("<html>");
  await adapter.status();
  assert.equal(site.requests.length, 1);
  await site.clock.pass(11 * 60_000);
  const status = await adapter.status();
  assert.deepEqual(status.models, [{ id: "m1", name: "One" }, { id: "m2" }]);
  assert.match(`${status.state}: ${status.detail}`, /^ready: Its list of models cannot be read\. .*else than JSON/);
  site.answers["/models"] = () => Promise.reject(new TypeError("offline"));
  assert.equal((await adapter.status()).state, "unavailable");
  site.answers["/models"] = () => Response.json({ data: "none" });
  assert.deepEqual((await adapter.status()).models, [{ id: "a", name: "A chat" }]);
  site.becomes({ stored: {} });
  adapter.recheck();
  assert.equal((await adapter.status()).state, "login_required");
});

test("models in the description, and on the page", async () => {
  const listed = [{ id: "m", name: "M", context: 9 }];
  assert.deepEqual((await adapterOf({ ways: [FETCH], models: listed }).status()).models, listed);
  site.shown.add("option");
  const onPage = adapterOf({ ways: [FETCH], models: { selector: "option" } });
  assert.deepEqual((await onPage.status()).models, [{ id: "value!" }]);
});

test("nothing is said of models that only the site can tell, until it was asked", async () => {
  const told = async (/** @type {Record<string, unknown>} */ more) => {
    const { state, models } = await adapterOf({ ways: [FETCH], dom: DOM, ready: { selector: "#app" }, ...more }).status();
    return { state, models };
  };
  const only = [{ id: "a", name: "A chat" }];
  const picker = { ...DOM, model_picker: { option: "option" } };
  site.becomes({ readyState: "loading" });
  assert.deepEqual(await told({ models: [{ id: "m" }] }), { state: "starting", models: [{ id: "m" }] });
  assert.deepEqual(await told({}), { state: "starting", models: only });
  assert.deepEqual(await told({ models: { url: "/models", id: "id" } }), { state: "starting", models: undefined });
  assert.deepEqual(await told({ dom: picker }), { state: "starting", models: undefined });
  site.becomes({ readyState: "complete" });
  site.shown.add("#app");
  site.answers["/models"] = () => Promise.reject(new TypeError("offline"));
  assert.deepEqual(await told({ models: { url: "/models", id: "id" } }), { state: "unavailable", models: undefined });
  site.answers["/models"] = () => new Response("<html>");
  assert.deepEqual(await told({ models: { url: "/models", id: "id" } }), { state: "ready", models: only });
});

test("the call goes to the page's endpoint, with what it stores", async () => {
  site.stored["token"] = "T";
  const adapter = adapterOf({
    ways: [
      {
        way: "fetch",
        steps: [
          {
            request: {
              url: "/api?m={{model}}",
              headers: { authorization: "Bearer {{localStorage.token}}" },
              body: { messages: "{{messages}}", temperature: "{{request.temperature?}}", top_p: "{{request.top_p?}}" },
            },
            answer: ANSWER,
          },
        ],
      },
    ],
  });
  const { parts, finish } = await read(chat(adapter, ask("Hi", { model: "a/b", temperature: 0 })));
  assert.deepEqual([parts, finish], [[text("a")], { finish_reason: "stop" }]);
  const [{ signal, ...request }] = site.requests;
  assert.equal(signal.aborted, false);
  assert.deepEqual(request, {
    path: "/api?m=a%2Fb",
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer T" },
    credentials: "same-origin",
    body: '{"messages":[{"role":"user","content":"Hi"}],"temperature":0}',
    keepalive: false,
  });
});

for (const [status, body, headers, kind, message] of /** @type {[number, string, Record<string, string>, string, RegExp][]} */ ([
  [401, '{"detail":"no"}', {}, "login_required", /Sign in again/],
  [403, "", {}, "login_required", /Sign in again/],
  [429, "", { "retry-after": "7" }, "rate_limited", /slow down/],
  [400, '{"detail":"Model not found"}', {}, "invalid_request", /^Model not found$/],
  [402, "", {}, "quota_exhausted", /used up/],
  [413, "<html>", {}, "context_length_exceeded", /too long/],
  [500, "<html>", {}, "upstream", /HTTP 500/],
  [503, "Over capacity", {}, "upstream", /^Over capacity$/],
  [404, "", {}, "site_changed", /HTTP 404/],
])) {
  test(`HTTP ${status} is told as ${kind}`, async () => {
    site.answers["/api"] = () => new Response(body, { status, headers });
    const { error } = await readFailing(chat(adapterOf({ ways: [FETCH] })));
    assert.equal(error.kind, kind);
    assert.match(error.message, message);
    assert.equal(error.retryAfter, status === 429 ? 7 : undefined);
  });
}

test("a site that cannot be reached, and one whose answer breaks", async () => {
  site.answers["/api"] = () => Promise.reject(new TypeError("x"));
  assert.equal((await readFailing(chat(adapterOf({ ways: [FETCH] })))).error.kind, "network");
  site.answers["/api"] = () =>
    new Response(/** @type {any} */ (ReadableStream).from((async function* () {
      yield new TextEncoder().encode('data: {"t":"a"}\n\n');
      throw new TypeError("cut");
    })()));
  const { parts, error } = await readFailing(chat(adapterOf({ ways: [FETCH] })));
  assert.deepEqual([parts, error.kind], [[text("a")], "truncated"]);
});

test("an answer from the page of the login means that the login is gone", async () => {
  site.answers["/api"] = () => {
    const response = new Response("<html>");
    Object.defineProperties(response, { redirected: { value: true }, url: { value: `${ORIGIN}/login` } });
    return response;
  };
  const adapter = adapterOf({ login: { out_url: "*/login*" }, ways: [FETCH] });
  assert.equal((await readFailing(chat(adapter))).error.kind, "login_required");
  assert.match(String((await adapter.status()).detail), /expired/);
  await site.clock.pass(60_000);
  assert.equal((await adapter.status()).state, "ready");
});

test("a page in place of the answer, at another address, is one to sign in", async () => {
  site.answers["/api"] = () => {
    const response = new Response("<html>", { headers: { "content-type": "text/html" } });
    return Object.defineProperties(response, { redirected: { value: true }, url: { value: `${ORIGIN}/welcome` } });
  };
  assert.equal((await readFailing(chat(adapterOf({ ways: [FETCH] })))).error.kind, "login_required");
});

test("what a way can do goes with it, and a page takes one call at a time", async () => {
  const ways = [{ ...FETCH, capabilities: { images: true } }, { way: "dom" }];
  const adapter = adapterOf({ ways, dom: DOM, limits: { concurrency: 4 }, conversation: { mode: "thread", id: "/(c)" } });
  const before = await adapter.status();
  assert.deepEqual([before.capabilities, before.limits], [{ cancel: true, images: true, single_prompt: true }, { concurrency: 4 }]);
  site.answers["/api"] = () => new Response("", { status: 404 });
  await readFailing(chat(adapter));
  const after = await adapter.status();
  assert.deepEqual([after.capabilities, after.limits], [{ cancel: false, single_prompt: true, reuse: true }, { concurrency: 1 }]);
});

test("a refused login is gone until somebody signs in", async () => {
  site.stored["token"] = "old";
  site.answers["/api"] = () => new Response("", { status: 401 });
  const adapter = adapterOf({ login: { in_storage: "localStorage.token" }, ways: [FETCH] });
  await readFailing(chat(adapter));
  await site.clock.pass(3_600_000);
  assert.equal((await adapter.status()).state, "login_required");
  site.becomes({ stored: { token: "new" } });
  assert.equal((await adapter.status()).state, "ready");
});

test("a list of models that is refused shows that the login is gone", async () => {
  site.stored["token"] = "old";
  site.answers["/models"] = () => new Response("", { status: 401 });
  const adapter = adapterOf({ login: { in_storage: "localStorage.token" }, ways: [FETCH], models: { url: "/models", id: "id" } });
  assert.equal((await adapter.status()).state, "login_required");
});

test("several steps, and what one gives to the next", async () => {
  const steps = [
    { request: { url: "/begin" }, save: { id: { path: ["none", "list.*"], pattern: "^ev-(.+)" }, fn: { path: "no", default: 3 } } },
    { request: { url: "/read/{{saved.id}}" }, save: { conversation: "c" }, answer: { ...ANSWER, done: { path: "end" } } },
  ];
  const ways = [{ way: "fetch", steps, cancel: { url: "/cancel", body: ["{{saved.id}}", "{{saved.fn}}"] } }];
  site.answers["/begin"] = () => Response.json({ list: ["x", "ev-7"] });
  site.answers["/read/7"] = () => sse({ t: "a", c: "conv" }, { end: true });
  const adapter = adapterOf({ ways, conversation: { mode: "thread" } });
  assert.deepEqual((await read(chat(adapter))).finish, { finish_reason: "stop", conversation: "conv" });
  const early = chat(adapter);
  assert.deepEqual(await early.next(), { done: false, value: text("a") });
  await early.return(/** @type {any} */ (undefined));
  await settled();
  assert.deepEqual([site.requests.at(-1).path, site.requests.at(-1).body], ["/cancel", '["7",3]']);
  site.answers["/read/7"] = () => sse("data: ");
  assert.equal((await readFailing(chat(adapter))).error.kind, "truncated");
  await settled();
  assert.deepEqual(site.requests.filter(({ path }) => path === "/cancel").length, 2);
  site.answers["/begin"] = () => Response.json({});
  assert.match((await readFailing(chat(adapter))).error.message, /no none or list/);
});

test("a step that is cut, and one that is no JSON", async () => {
  const steps = [{ request: { url: "/begin" }, save: { id: "id" } }, ...FETCH.steps];
  const adapter = adapterOf({ ways: [{ way: "fetch", steps }] });
  site.answers["/begin"] = () =>
    new Response(/** @type {any} */ (ReadableStream).from((async function* () {
      throw new TypeError("cut");
    })()));
  assert.equal((await readFailing(chat(adapter))).error.kind, "truncated");
  site.answers["/begin"] = () => new Response("<html>");
  assert.match((await readFailing(chat(adapter))).error.message, /something else than JSON/);
});

test("values that a page does not have", async () => {
  const step = (/** @type {string} */ url) => ({ way: "fetch", steps: [{ request: { url }, answer: ANSWER }] });
  const stored = adapterOf({ ways: [step("/api/{{cookie.none}}")] });
  assert.equal((await readFailing(chat(stored))).error.kind, "login_required");
  const attribute = adapterOf({ ways: [step("/api/{{attr #csrf@content}}")] });
  assert.equal((await readFailing(chat(attribute))).error.kind, "site_changed");
  site.shown.add("#csrf");
  site.answers["/api/content!"] = () => sse({ t: "b" }, DONE);
  assert.deepEqual((await read(chat(adapterOf({ ways: [step("/api/{{attr #csrf@content}}")] })))).parts, [text("b")]);
});

test("what the page stores goes nowhere but to the page's origin and those that the description names", async () => {
  site.stored["token"] = "T";
  const steps = [{ request: { url: "https://b.example/api?t={{localStorage.token}}" }, answer: ANSWER }];
  const { error } = await readFailing(chat(adapterOf({ ways: [{ way: "fetch", steps }] })));
  assert.deepEqual([error.kind, site.requests], ["site_changed", []]);
  assert.match(error.message, /https:\/\/b\.example.* "origins"/);
  const named = adapterOf({ ways: [{ way: "fetch", steps }], origins: ["https://b.example"] });
  assert.deepEqual((await read(chat(named))).parts, [text("a")]);
  assert.deepEqual([site.requests[0].path, site.requests[0].credentials], ["/api?t=T", "include"]);
});

test("an abort stops the request, and the next call may come", async () => {
  site.answers["/api"] = ({ signal }) =>
    new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  const adapter = adapterOf({ ways: [FETCH] });
  const controller = new AbortController();
  const answer = read(chat(adapter, ask("Hi"), controller.signal));
  await settled();
  controller.abort(new Error("enough"));
  await assert.rejects(answer, /enough/);
  site.answers["/api"] = () => sse({ t: "b" }, DONE);
  assert.deepEqual((await read(chat(adapter))).parts, [text("b")]);
});

test("one call at a time, and not too soon after another", async () => {
  const adapter = adapterOf({ ways: [FETCH], limits: { min_interval_ms: 500 } });
  const first = chat(adapter);
  await first.next();
  const second = read(chat(adapter));
  const controller = new AbortController();
  const third = read(chat(adapter, ask("Hi"), controller.signal));
  await settled();
  assert.equal(site.requests.length, 1);
  controller.abort(new Error("enough"));
  await assert.rejects(third, /enough/);
  await read(first);
  await settled();
  assert.equal(site.requests.length, 1);
  await site.clock.pass(500);
  assert.deepEqual((await second).parts, [text("a")]);
  assert.equal(site.clock.waiting, 0);
  const fourth = new AbortController();
  const waiting = read(chat(adapter, ask("Hi"), fourth.signal));
  await settled();
  fourth.abort(new Error("left"));
  await assert.rejects(waiting, /left/);
  assert.equal(site.clock.waiting, 0);
  await site.clock.pass(500);
  assert.equal((await read(chat(adapter))).parts.length, 1);
});

test("a way that no longer works is left, said, and asked no more until somebody looks anew", async () => {
  site.answers["/api"] = () => new Response("<html>");
  const adapter = adapterOf({ ways: [FETCH, { way: "dom" }], dom: DOM });
  /** @type {string[]} */
  const told = [];
  adapter.onstatus(({ state, detail, capabilities }) => void told.push(`${state} ${detail} ${capabilities?.cancel}`));
  const { error } = await readFailing(chat(adapter));
  assert.equal(error.kind, "again");
  assert.equal(told.length, 1);
  assert.match(String(told[0]), /^ready What the site was best asked by does not work any more\. fetch: .* Now in use: dom\. false$/);
  assert.deepEqual((await read(chat(adapter))).parts, [text("from the page")]);
  assert.equal(site.requests.length, 1);
  site.dom.send = () => Promise.reject(new AdapterError("site_changed", "No composer."));
  assert.equal((await readFailing(chat(adapter))).error.kind, "site_changed");
  const status = await adapter.status();
  assert.equal(status.state, "site_changed");
  assert.match(String(status.detail), /fetch: .* dom: No composer\./);
  assert.match((await readFailing(chat(adapter))).error.message, /does not work as described/);
  adapter.recheck();
  site.answers["/api"] = () => sse({ t: "c" }, DONE);
  assert.equal((await adapter.status()).state, "ready");
  assert.deepEqual((await read(chat(adapter))).parts, [text("c")]);
  adapter.close();
});

test("a site that changes in the middle of an answer fails that answer only", async () => {
  site.dom.answer = async function* () {
    yield text("a");
    throw new AdapterError("site_changed", "gone");
  };
  const adapter = adapterOf({ ways: [{ way: "dom" }], dom: DOM });
  const { parts, error } = await readFailing(chat(adapter));
  assert.deepEqual([parts, error.kind, (await adapter.status()).state], [[text("a")], "site_changed", "ready"]);
});

test("through the page: a new conversation, files, the model, and what the page shows", async () => {
  const adapter = adapterOf({
    ways: [{ way: "dom" }],
    dom: { ...DOM, model_picker: { option: "option" } },
    conversation: { mode: "thread", id: "/c/(\\w+)" },
  });
  site.dom.answer = async function* () {
    site.location.href = `${ORIGIN}/c/7`;
    yield text("a");
  };
  const image = /** @type {const} */ ({ type: "image", url: "data:image/png;base64,AQ==" });
  const request = ask("Hi", { messages: [{ role: "user", content: [/** @type {any} */ (text("Hi")), image] }] });
  const { finish } = await read(chat(adapter, request));
  assert.deepEqual(finish, { finish_reason: "stop", conversation: "7" });
  const [[prompt, { signal, ...options }]] = site.dom.sent;
  assert.deepEqual([prompt, signal.aborted, options], [
    "Hi",
    false,
    { newChat: true, model: "m", files: [{ name: "image.png", type: "image/png", bytes: new Uint8Array([1]) }] },
  ]);
  await read(chat(adapter, ask("More", { conversation: "7" })));
  assert.equal(site.dom.sent[1][1].newChat, false);
  assert.equal((await readFailing(chat(adapter, ask("More", { conversation: "8" })))).error.kind, "again");
  const sound = { type: "audio", data: "", format: "wav" };
  const refused = await readFailing(chat(adapter, ask("", { messages: [{ role: "user", content: [/** @type {any} */ (sound)] }] })));
  assert.equal(refused.error.kind, "unsupported");
});

test("a conversation of its own is deleted afterwards, the person's never", async () => {
  const conversation = {
    mode: "history",
    id: "/c/(\\w+)",
    delete: { request: { url: "/api/{{conversation}}", method: "DELETE" } },
  };
  const adapter = adapterOf({ ways: [{ way: "dom" }], dom: DOM, conversation });
  site.location.href = `${ORIGIN}/c/mine`;
  await read(chat(adapter));
  assert.deepEqual(site.requests, []);
  site.dom.answer = async function* () {
    site.location.href = `${ORIGIN}/c/made`;
  };
  await read(chat(adapter));
  await settled();
  assert.deepEqual(site.requests.map(({ method, path }) => `${method} ${path}`), ["DELETE /api/made"]);
});

test("a conversation of a call that was left is deleted too, but none that the person opens then", async () => {
  const conversation = { mode: "history", id: "/c/(\\w+)", delete: { request: { url: "/api/{{conversation}}", method: "DELETE" } } };
  const adapter = adapterOf({ ways: [{ way: "dom" }], dom: DOM, conversation });
  site.dom.answer = async function* () {
    site.location.href = `${ORIGIN}/c/made`;
    yield text("a");
    yield text("b");
  };
  const answer = chat(adapter);
  await answer.next();
  site.location.href = `${ORIGIN}/c/mine`;
  await answer.return(/** @type {any} */ (undefined));
  await settled();
  assert.deepEqual(site.requests.map(({ path }) => path), ["/api/made"]);
});

test("a page that goes to another address for a new chat says that it starts", async () => {
  const adapter = adapterOf({ ways: [{ way: "dom" }], dom: DOM });
  /** @type {string[]} */
  const told = [];
  adapter.onstatus(({ state, detail }) => void told.push(`${state}: ${detail}`));
  site.dom.send = () => Promise.reject(new AdapterError("again", "The page opens a new chat."));
  assert.equal((await readFailing(chat(adapter))).error.kind, "again");
  assert.deepEqual(told, ["starting: The page opens a new chat."]);
  await site.clock.pass(10_000);
  assert.equal((await adapter.status()).state, "ready");
  adapter.close();
});

test("the state of the page itself, before its way", async () => {
  const adapter = adapterOf({ ways: [{ way: "dom" }], dom: DOM });
  site.dom.look = { state: "blocked", reason: "limit", detail: "Come back." };
  const { state, reason } = await adapter.status();
  assert.deepEqual([state, reason], ["blocked", "limit"]);
});

test("changes of the page are noticed and told, until it is let go of", async () => {
  site.shown.add("#in");
  const adapter = adapterOf({ login: { out: "#in" }, ways: [FETCH] });
  /** @type {string[]} */
  const told = [];
  adapter.onstatus(({ state }) => void told.push(state));
  adapter.onstatus(({ state }) => void told.push(`too ${state}`));
  await adapter.status();
  await site.clock.pass(1000);
  await site.clock.pass(1000);
  assert.deepEqual(told, []);
  site.shown.clear();
  await site.clock.pass(1000);
  await site.clock.pass(1000);
  assert.deepEqual(told, ["ready", "too ready"]);
  adapter.close();
  await settled();
  assert.equal(site.clock.waiting, 0);
});

test("a change before the first look is told", async () => {
  site.shown.add("#in");
  const adapter = adapterOf({ login: { out: "#in" }, ways: [FETCH] });
  /** @type {string[]} */
  const told = [];
  adapter.onstatus(({ state }) => void told.push(state));
  assert.equal((await adapter.status()).state, "login_required");
  site.shown.clear();
  await site.clock.pass(1000);
  assert.deepEqual(told, ["ready"]);
  adapter.close();
});

test("a capture that lost sight of the answer reads it off the page, in the same call", async () => {
  site.agent = {
    capture: async () =>
      (async function* () {
        const request = { id: 1, url: "u", transport: "fetch" };
        yield { kind: "start", request };
        yield { kind: "text", request, text: '{"other":1}' };
        yield { kind: "end", request };
      })(),
  };
  const ways = [{ way: "capture", url: "*", answer: { format: "json", text: "t" } }, { way: "dom" }];
  const adapter = adapterOf({ ways, dom: DOM });
  assert.deepEqual(await read(chat(adapter)), { parts: [text("from the page")], finish: { finish_reason: "stop" } });
  assert.match(String((await adapter.status()).detail), /does not work any more\. capture: /);
  assert.deepEqual([site.dom.sent.length, site.dom.stops], [1, 0]);
  assert.equal(new LostSight("x", () => /** @type {any} */ (null)).kind, "site_changed");
});

test("a function that was gone when it was called is used again once the page has it", async () => {
  const adapter = adapterOf({ ways: [{ way: "function", path: "page.chat" }] });
  let there = false;
  site.agent = {
    read: async () => (there ? { callable: true } : undefined),
    async *iterate() {
      yield "back";
    },
  };
  await assert.rejects(read(chat(adapter)), { kind: "site_changed" });
  assert.equal((await adapter.status()).state, "site_changed");
  there = true;
  assert.equal((await adapter.status()).state, "ready");
  assert.deepEqual((await read(chat(adapter))).parts, [text("back")]);
});

test("a way whose page cannot be asked stays lost until it can", async () => {
  const adapter = adapterOf({ ways: [{ way: "function", path: "page.chat" }] });
  let reads = 0;
  site.agent = {
    read: async () => {
      reads += 1;
      if (reads === 2) throw new AdapterError("network", "The page does not answer.");
      return undefined;
    },
  };
  await assert.rejects(read(chat(adapter)), { kind: "site_changed" });
  assert.equal((await adapter.status()).state, "site_changed");
});

test("a function that says that the site has changed is not asked again", async () => {
  const adapter = adapterOf({ ways: [{ way: "function", path: "page.chat" }] });
  site.agent = {
    read: async () => ({ callable: true }),
    async *iterate() {
      throw new AdapterError("site_changed", "The page has another form.");
    },
  };
  await assert.rejects(read(chat(adapter)), { kind: "site_changed" });
  assert.equal((await adapter.status()).state, "site_changed");
});
