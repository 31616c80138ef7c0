import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

import { PromptApiAdapter } from "../../../../extension/bridge/adapters/prompt-api.js";
import { SiteAdapter } from "../../../../extension/bridge/site/adapter.js";
import { problemsOf } from "../../../../extension/bridge/site/description.js";
import { makeSiteAdapter } from "../../../../extension/bridge/site/make.js";
import { PuterPage } from "../../../../extension/bridge/site/modules/puter.js";
import { withAgent } from "../../support/agent.js";
import { ask, read } from "../../support/answers.js";
import { FakeSite, settled, sse } from "../../support/site.js";

const SITES = new URL("../../../../extension/sites/", import.meta.url);
const built = (/** @type {string} */ name) => readFileSync(new URL(`${name}.json`, SITES), "utf8");
const text = (/** @type {string} */ value) => ({ type: "text", text: value });

for (const file of readdirSync(SITES)) {
  test(`${file} is right, and called as its id`, () => {
    const value = JSON.parse(readFileSync(new URL(file, SITES), "utf8"));
    assert.deepEqual(problemsOf(value), []);
    assert.equal(`${value.id}.json`, file);
  });
}

for (const [name, kind] of /** @type {const} */ ([
  ["puter", PuterPage],
  ["prompt-api", PromptApiAdapter],
  ["relay-chat", SiteAdapter],
])) {
  test(`${name} is served by its own adapter`, () => {
    const adapter = makeSiteAdapter(built(name), new FakeSite().environment);
    assert.equal(adapter instanceof kind, true);
    assert.equal(adapter.id, name);
  });
}

test("a description with faults makes no adapter", () => {
  assert.throws(() => makeSiteAdapter({}, new FakeSite().environment), { name: "DescriptionError" });
});

test("Open WebUI: the whole call, with its tools, to the endpoint, and usage back", async () => {
  const site = new FakeSite();
  site.stored["token"] = "T";
  site.answers["/api/models"] = () => Response.json({ data: [{ id: "m", name: "M" }] });
  site.answers["/api/chat/completions"] = () =>
    sse(
      { choices: [{ delta: { reasoning_content: "hm" } }] },
      { choices: [{ delta: { content: "a" }, finish_reason: "length" }] },
      { choices: [], usage: { prompt_tokens: 1, completion_tokens: 2 } },
      "data: [DONE]\n\n",
    );
  const adapter = makeSiteAdapter(built("open-webui"), site.environment);
  const status = await adapter.status();
  assert.deepEqual([status.state, status.models], ["ready", [{ id: "m", name: "M" }]]);
  const request = ask("Hi", { tools: [{ name: "look" }], tool_choice: { mode: "required" }, temperature: 1 });
  assert.deepEqual(await read(adapter.chat(request, { signal: new AbortController().signal })), {
    parts: [{ type: "reasoning", text: "hm" }, text("a")],
    finish: { finish_reason: "length", usage: { input_tokens: 1, output_tokens: 2 } },
  });
  assert.deepEqual(JSON.parse(site.requests.at(-1).body), {
    model: "m",
    messages: [{ role: "user", content: "Hi" }],
    stream: true,
    stream_options: { include_usage: true },
    tools: [{ type: "function", function: { name: "look", parameters: { type: "object", properties: {} } } }],
    tool_choice: "required",
    temperature: 1,
  });
  assert.equal(site.requests.at(-1).headers.authorization, "Bearer T");
});

for (const [version, config] of /** @type {[string, any][]} */ ([
  ["6", { api_prefix: "/gradio_api", dependencies: [{ id: 2, api_name: "x" }, { id: 6, api_name: "respond", api_visibility: "public" }] }],
  ["5", { api_prefix: "/gradio_api", dependencies: [{ id: 6, api_name: "chat", show_api: true }, { id: 7, api_name: "lambda", show_api: true }] }],
])) {
  test(`Gradio ${version}: the function is looked up, its texts grow, and a call that is left is cancelled`, async () => {
    const site = new FakeSite();
    const name = version === "6" ? "respond" : "chat";
    site.answers["/config"] = () => Response.json(config);
    site.answers[`/gradio_api/call/${name}`] = () => Response.json({ event_id: "e1" });
    site.answers[`/gradio_api/call/${name}/e1`] = () =>
      sse(
        'event: heartbeat\ndata: null\n\nevent: generating\ndata: ["He", null]\n\n',
        'event: generating\ndata: ["Hello", null]\n\nevent: complete\ndata: ["Hello!", null]\n\n',
      );
    const adapter = makeSiteAdapter(built("gradio"), site.environment);
    const signal = new AbortController().signal;
    assert.deepEqual((await read(adapter.chat(ask("Hi"), { signal }))).parts, [text("He"), text("llo"), text("!")]);
    assert.deepEqual(JSON.parse(site.requests[1].body), { data: ["Hi"], session_hash: "u-1" });
    const left = adapter.chat(ask("Hi"), { signal });
    await left.next();
    await left.return(/** @type {any} */ (undefined));
    await settled();
    assert.deepEqual(
      [site.requests.at(-1).path, JSON.parse(site.requests.at(-1).body)],
      ["/gradio_api/cancel", { session_hash: "u-2", fn_index: 6, event_id: "e1" }],
    );
  });
}

test("the example page of the documentation is a session", async (context) => {
  const page = readFileSync(new URL("../../../../docs/examples/relay-chat.html", import.meta.url), "utf8");
  const script = /<script>([^]*)<\/script>/.exec(page)?.[1] ?? "";
  const { compileFunction } = await import("node:vm");
  const window = /** @type {any} */ ({});
  compileFunction(script, ["window"])(window);
  const { agent } = await withAgent(context, window);
  const site = new FakeSite();
  site.agent = agent;
  const adapter = makeSiteAdapter(built("relay-chat"), site.environment);
  assert.deepEqual((await adapter.status()).models, [{ id: "parrot", name: "Parrot" }]);
  const { parts, finish } = await read(adapter.chat(ask("Hi"), { signal: new AbortController().signal }));
  assert.deepEqual([parts, finish], [[text("You "), text("said: "), text("Hi")], { finish_reason: "stop" }]);
  assert.equal(script.trim().split("\n").length <= 20, true);
});

test("the adapter in the documentation is right", () => {
  const page = readFileSync(new URL("../../../../docs/how-to/write-an-adapter.md", import.meta.url), "utf8");
  const [, json = ""] = /```json\n([^]*?)```/.exec(page) ?? [];
  assert.deepEqual(problemsOf(JSON.parse(json)), []);
});

test("the documentation shows the example page as it is", () => {
  const shown = readFileSync(new URL("../../../../docs/how-to/relay-chat-page.md", import.meta.url), "utf8");
  const page = readFileSync(new URL("../../../../docs/examples/relay-chat.html", import.meta.url), "utf8");
  const [, html = ""] = /```html\n([^]*?)```/.exec(shown) ?? [];
  assert.equal(page.endsWith(html), true);
});
