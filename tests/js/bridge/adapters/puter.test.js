import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { PuterAdapter } from "../../../../extension/bridge/adapters/puter.js";
import { MEDIA_PARAMETERS, mediaModels } from "../../../../extension/bridge/adapters/puter/media.js";
import { ask, read, readFailing } from "../../support/answers.js";
import { METERING, PuterService, TOKEN, USER, fakePuter, json, recorded, stream } from "../../support/puter.js";

const USAGE_LINE = '{"type":"usage","usage":{"prompt":1,"completion":2}}\n';
const TOOLS = [{ name: "look" }];
const MEDIA_MODELS = mediaModels([{ id: "paint-x", provider: "painter" }]);

/** @type {PuterService} */ let service;
/** @type {ReturnType<typeof fakePuter>} */ let puter;
/** @type {PuterAdapter} */ let adapter;
let time = 0;

beforeEach(async () => {
  service = new PuterService();
  puter = fakePuter(await service.open());
  time = 1_000_000;
  adapter = new PuterAdapter({ puter, now: () => time });
});

afterEach(() => service.close());

/** @param {import("../../../../extension/bridge/frames.js").ChatRequest} request */
const chat = (request, signal = new AbortController().signal) => adapter.chat(request, { signal });

test("a call goes to the driver endpoint with the page's login, and its stream comes back", async () => {
  service.answer(recorded("think_stream"));
  const { parts, finish } = await read(chat(ask("Hi")));
  assert.deepEqual(parts.map((part) => "text" in part && part.text).join(""), "Let me think about it.Hello wörld 😀!");
  assert.deepEqual(finish, { finish_reason: "stop", usage: { input_tokens: 11, output_tokens: 7, cached_tokens: 4 } });
  const [seen] = service.calls;
  assert.deepEqual(seen?.body, {
    interface: "puter-chat-completion",
    driver: "ai-chat",
    test_mode: false,
    method: "complete",
    args: { model: "m", messages: [{ role: "user", content: "Hi" }], stream: true },
    auth_token: TOKEN,
  });
  assert.deepEqual(
    [seen?.method, seen?.headers["content-type"], seen?.headers.authorization],
    ["POST", "text/plain;actually=json", undefined],
  );
});

test("parts come while the service still writes", async () => {
  /** @type {import("node:http").ServerResponse | undefined} */
  let open;
  service.answer((response) => {
    open = response;
    response
      .writeHead(200, { "Content-Type": "application/x-ndjson" })
      .write('{"type":"text","text":"a"}\n{"type":"te');
  });
  const answer = chat(ask("Hi"));
  assert.deepEqual(await answer.next(), { done: false, value: { type: "text", text: "a" } });
  open?.end(`xt","text":"b"}\n${USAGE_LINE}`);
  assert.deepEqual((await read(answer)).parts, [{ type: "text", text: "b" }]);
});

test("an abort closes the connection to the service", async () => {
  const gone = new Promise((resolve) => {
    service.answer((response) => {
      response.on("close", () => resolve(true));
      response.writeHead(200, { "Content-Type": "application/x-ndjson" }).write('{"type":"text","text":"a"}\n');
    });
  });
  const controller = new AbortController();
  const answer = chat(ask("Hi"), controller.signal);
  await answer.next();
  controller.abort();
  await assert.rejects(answer.next(), { name: "AbortError" });
  assert.equal(await gone, true);
});

test("an abort before the answer begins", async () => {
  const controller = new AbortController();
  service.answer(() => controller.abort());
  await assert.rejects(chat(ask("Hi"), controller.signal).next(), { name: "AbortError" });
});

test("an abort in the middle of a whole answer", async () => {
  const controller = new AbortController();
  service.answer((response) => void response.writeHead(200, { "Content-Type": "application/json" }).write("{"));
  /** @type {typeof fetch} */
  const fetchAndAbort = async (...request) => {
    const response = await fetch(...request);
    controller.abort();
    return response;
  };
  adapter = new PuterAdapter({ puter, fetch: fetchAndAbort });
  await assert.rejects(chat(ask("Hi"), controller.signal).next(), { name: "AbortError" });
});

test("leaving the answer early closes the connection too", async () => {
  const gone = new Promise((resolve) => {
    service.answer((response) => {
      response.on("close", () => resolve(true));
      response.writeHead(200, { "Content-Type": "application/x-ndjson" }).write('{"type":"text","text":"a"}\n');
    });
  });
  for await (const part of chat(ask("Hi"))) {
    assert.equal(part.type, "text");
    break;
  }
  assert.equal(await gone, true);
});

for (const [name, lines] of /** @type {const} */ ([
  ["at the end of a line", ['{"type":"text","text":"a"}\n']],
  ["inside a line", ['{"type":"text","text":"a"}\n{"type":"te']],
])) {
  test(`a stream that stops ${name} was cut`, async () => {
    service.answer(stream(...lines));
    const { parts, error } = await readFailing(chat(ask("Hi")));
    assert.deepEqual([parts, error.kind], [[{ type: "text", text: "a" }], "truncated"]);
  });
}

test("a connection that breaks in a stream, or in a whole answer, cuts the answer", async () => {
  for (const type of ["application/x-ndjson", "application/json"]) {
    service.answer((response) => {
      response.writeHead(200, { "Content-Type": type }).write('{"type":"text","text":"a"}\n', () => response.destroy());
    });
    assert.equal((await readFailing(chat(ask("Hi")))).error.kind, "truncated");
  }
});

test("an error in the stream ends it", async () => {
  service.answer(recorded("midstream_error"));
  const { parts, error } = await readFailing(chat(ask("Hi")));
  assert.deepEqual([parts.length, error.kind, error.message], [5, "upstream", "upstream exploded"]);
});

test("a service that cannot be reached", async () => {
  await service.close();
  assert.equal((await readFailing(chat(ask("Hi")))).error.kind, "network");
});

test("errors of the service keep their kind and wait", async () => {
  service.answer(json(429, { code: "too_many_requests", message: "slow" }, { "Retry-After": "9" }));
  const { error } = await readFailing(chat(ask("Hi")));
  assert.deepEqual([error.kind, error.message, error.retryAfter], ["rate_limited", "slow", 9]);
});

test("an error in an answer that is HTTP 200", async () => {
  service.answer(json(200, { success: false, error: { code: "insufficient_funds", message: "none" } }));
  assert.equal((await readFailing(chat(ask("Hi")))).error.kind, "quota_exhausted");
});

test("with tools the answer is fetched whole, so that no call gets lost", async () => {
  service.answer(recorded("tools_plain"));
  const { parts, finish } = await read(chat(ask("weather?", { model: "gpt-x", tools: TOOLS })));
  assert.deepEqual(
    parts.map((part) => part.type === "tool_call" && part.id),
    ["call_1", "call_2"],
  );
  assert.equal(finish.finish_reason, "tool_calls");
  assert.deepEqual([service.calls[0]?.body.args.stream, service.calls[0]?.body.args.provider], [false, undefined]);
});

test("tools are streamed where no call gets lost, and the service is held to that provider", async () => {
  service.answer(recorded("tools_stream"));
  await read(chat(ask("weather?", { model: "claude-x", tools: TOOLS })));
  await read(chat(ask("weather?", { model: "gpt-r", tools: TOOLS })));
  await read(chat(ask("weather?", { model: "gpt-x", tools: TOOLS, parallel_tool_calls: false })));
  await read(chat(ask("weather?", { model: "gpt-x", tools: TOOLS, tool_choice: { mode: "none" } })));
  assert.deepEqual(
    service.calls.map(({ body }) => [body.args.stream, body.args.provider]),
    [
      [true, "claude"],
      [true, "openai-responses"],
      [true, undefined],
      [true, undefined],
    ],
  );
});

test("DeepSeek gets the reasoning behind a call back, others do not", async () => {
  service.answer(recorded("tools_plain"));
  puter.ai.listModels = async () => [
    { id: "deepseek-x", provider: "deepseek" },
    { id: "gpt-x", provider: "openai-completion" },
  ];
  /** @type {import("../../../../extension/bridge/frames.js").Message[]} */
  const messages = [
    { role: "user", content: [{ type: "text", text: "weather?" }] },
    { role: "assistant", reasoning: "why", tool_calls: [{ id: "call_1", name: "get_weather", arguments: "{}" }] },
    { role: "tool", call_id: "call_1", content: [{ type: "text", text: "rain" }] },
  ];
  for (const model of ["deepseek-x", "gpt-x"]) await read(chat({ model, messages, tools: TOOLS }));
  assert.deepEqual(
    service.calls.map(({ body }) => body.args.messages[1].reasoning_content),
    ["why", undefined],
  );
});

test("a model of which nothing is known is not streamed with tools", async () => {
  puter.ai.listModels = () => Promise.reject(new Error("offline"));
  service.answer(recorded("tools_plain"));
  await read(chat(ask("weather?", { model: "claude-x", tools: TOOLS })));
  assert.equal(service.calls[0]?.body.args.stream, false);
});

test("without a login nothing is called", async () => {
  puter.auth.isSignedIn = () => false;
  assert.equal((await readFailing(chat(ask("Hi")))).error.kind, "login_required");
  assert.deepEqual(
    [await adapter.status(), service.seen.filter(({ path }) => path !== "/puterai/image/models/details")],
    [
      {
        state: "login_required",
        detail: "Sign in to Puter on relay's page.",
        capabilities: (await adapter.status()).capabilities,
        limits: { concurrency: 3 },
        models: (await adapter.status()).models,
      },
      [],
    ],
  );
});

test("the models are shown before a login, if they can be read", async () => {
  puter.auth.isSignedIn = () => false;
  const lists = [Promise.reject(new Error("offline")), Promise.resolve([{ id: "gpt-x" }])];
  puter.ai.listModels = () => /** @type {Promise<any[]>} */ (lists.shift());
  const before = await adapter.status();
  const after = await adapter.status();
  assert.deepEqual([before.state, before.models], ["login_required", undefined]);
  assert.deepEqual(after.models, [{ id: "gpt-x" }, ...MEDIA_MODELS]);
});

test("a login that the service refused is gone until there is a new one", async () => {
  service.answer(json(401, { code: "reauth_required", message: "Re-authentication required" }));
  assert.equal((await readFailing(chat(ask("Hi")))).error.kind, "login_required");
  const { state, detail } = await adapter.status();
  assert.deepEqual(
    [state, detail],
    ["login_required", "The Puter login has expired. Sign in again on relay's page."],
  );
  assert.equal((await readFailing(chat(ask("Hi")))).error.kind, "login_required");
  assert.equal(service.calls.length, 1);
  puter.authToken = "NEW";
  service.answer(stream(USAGE_LINE));
  await read(chat(ask("Hi")));
  assert.equal((await adapter.status()).state, "ready");
});

test("the state names account, allowance, models and what arrives", async () => {
  assert.deepEqual(await adapter.status(), {
    state: "ready",
    detail: "",
    account: { id: "u-1", label: "ada", temporary: false, allowance: { remaining: 0.125, total: 0.25, unit: "USD" } },
    capabilities: {
      tools: true,
      parallel_tool_calls: true,
      images: true,
      reasoning: true,
      reasoning_history: true,
      system: true,
      methods: ["image", "speech", "transcription"],
      parameters: ["temperature", "max_tokens", "reasoning_effort", "verbosity", ...MEDIA_PARAMETERS],
    },
    limits: { concurrency: 3 },
    models: [
      { id: "gpt-x", owned_by: "openai-completion" },
      { id: "claude-x", owned_by: "claude" },
      { id: "gpt-r", owned_by: "openai-responses" },
      ...MEDIA_MODELS,
    ],
  });
  assert.deepEqual(
    service.seen.map(({ path, headers }) => [path, headers.authorization]).sort(),
    [
      ["/metering/usage", `Bearer ${TOKEN}`],
      ["/puterai/image/models/details", undefined],
      ["/whoami", `Bearer ${TOKEN}`],
    ],
  );
});

test("a temporary account without a known allowance", async () => {
  service.answers["/whoami"] = json(200, { username: "tmp", is_temp: true });
  for (const metering of [json(500, {}), json(200, {}), json(200, { allowanceInfo: { remaining: 1e8 } })]) {
    service.answers["/metering/usage"] = metering;
    const { account, limits } = await adapter.status();
    assert.deepEqual(
      [account?.id, account?.temporary, account?.allowance?.total, limits?.concurrency],
      ["tmp", true, undefined, 2],
    );
  }
  assert.deepEqual((await adapter.status()).account?.allowance, { remaining: 1, unit: "USD" });
});

test("models are read once in ten minutes, and old ones do while the list cannot be read", async () => {
  await adapter.status();
  await adapter.status();
  assert.equal(puter.ai.lists, 1);
  time += 11 * 60_000;
  puter.ai.listModels = () => Promise.reject(new Error("offline"));
  assert.equal((await adapter.status()).models?.length, 3 + MEDIA_MODELS.length);
});

for (const [name, answer, expected] of /** @type {const} */ ([
  [
    "the login has expired",
    json(401, { code: "token_auth_failed" }),
    { state: "login_required", detail: "The Puter login has expired. Sign in again on relay's page." },
  ],
  [
    "the account needs a confirmation",
    json(403, { code: "email_confirmation_required", message: "Confirm your mail" }),
    { state: "blocked", detail: "Confirm your mail" },
  ],
  ["the service is down", json(503, { message: "down" }), { state: "unavailable", detail: "down." }],
  [
    "the service speaks HTML",
    (/** @type {any} */ response) => void response.end("<html>"),
    { state: "unavailable", detail: "Puter answered with an error (HTTP 200)." },
  ],
])) {
  test(`the state when ${name}`, async () => {
    service.answers["/whoami"] = answer;
    const { state, detail } = await adapter.status();
    assert.deepEqual({ state, detail }, expected);
  });
}

test("the state when the service, or its list of models, cannot be reached", async () => {
  puter.ai.listModels = () => Promise.reject(new Error("offline"));
  assert.equal((await adapter.status()).detail, "Puter's list of models cannot be read.");
  puter.ai.listModels = async () => [];
  await service.close();
  assert.equal((await adapter.status()).detail, "Puter cannot be reached.");
});

test("a bug is not a state", async () => {
  service.answers["/whoami"] = json(200, null);
  await assert.rejects(adapter.status(), TypeError);
});

for (const [name, script] of /** @type {const} */ ([
  ["404", json(404, { code: "not_found" })],
  [
    "a page",
    (/** @type {any} */ response) => void response.writeHead(200, { "Content-Type": "text/html" }).end("<html>"),
  ],
  ["something without a type", (/** @type {any} */ response) => void response.writeHead(200).end("?")],
  [
    "something that only calls itself JSON",
    (/** @type {any} */ response) => void response.writeHead(200, { "Content-Type": "application/json" }).end("<html>"),
  ],
])) {
  test(`an endpoint that answers with ${name} gives way to the SDK, and the state says so`, async () => {
    service.answer(script);
    /** @type {any[]} */
    const told = [];
    adapter.onstatus((status) => told.push(status));
    const { parts } = await read(chat(ask("Hi", { temperature: 0 })));
    assert.deepEqual(parts, [{ type: "text", text: "from the SDK" }]);
    assert.deepEqual(puter.ai.chats, [
      [[{ role: "user", content: "Hi" }], { model: "m", stream: true, temperature: 0 }],
    ]);
    assert.deepEqual(puter.config, { keep: "this", autoRetry: false });
    await read(chat(ask("Hi")));
    assert.equal(service.calls.length, 1);
    const status = await adapter.status();
    assert.match(String(status.detail), /puter\.js is used instead/);
    assert.deepEqual(told, [status]);
  });
}

test("a gateway's error page is no change of the site", async () => {
  service.answer((response) => void response.writeHead(502, { "Content-Type": "text/html" }).end("<html>"));
  const { error } = await readFailing(chat(ask("Hi")));
  assert.deepEqual([error.kind, error.message, puter.ai.chats], ["upstream", "Puter answered with HTTP 502.", []]);
});

test("held to the endpoint, it says that the site changed", async () => {
  adapter = new PuterAdapter({ puter, way: "endpoint" });
  service.answer(json(405, {}));
  const { error } = await readFailing(chat(ask("Hi")));
  assert.deepEqual(
    [error.kind, error.message, puter.ai.chats],
    ["site_changed", "Puter's endpoint answered with HTTP 405", []],
  );
});

test("held to the SDK, it never calls the endpoint", async () => {
  adapter = new PuterAdapter({ puter, way: "sdk" });
  puter.ai.answer = async () =>
    (async function* () {
      yield { type: "reasoning", reasoning: "Hm." };
      yield { type: "text", text: "a" };
      yield { type: "usage", usage: { prompt: 1, completion: 2 } };
    })();
  assert.deepEqual(await read(chat(ask("Hi"))), {
    parts: [
      { type: "reasoning", text: "Hm." },
      { type: "text", text: "a" },
    ],
    finish: { finish_reason: "stop", usage: { input_tokens: 1, output_tokens: 2 } },
  });
  assert.equal(service.calls.length, 0);
});

for (const [name, thrown, kind] of /** @type {const} */ ([
  ["an error object", { message: "Model not found: x", code: "bad_request" }, "model_not_found"],
  ["a broken line", new SyntaxError("Unexpected token"), "truncated"],
  ["an error", new TypeError("failed"), "network"],
])) {
  test(`the SDK rejects with ${name}`, async () => {
    adapter = new PuterAdapter({ puter, way: "sdk" });
    puter.ai.answer = () => Promise.reject(thrown);
    assert.equal((await readFailing(chat(ask("Hi")))).error.kind, kind);
  });
}

test("the SDK's stream is left when the call is aborted", async () => {
  adapter = new PuterAdapter({ puter, way: "sdk" });
  let left = false;
  puter.ai.answer = async () =>
    (async function* () {
      try {
        for (;;) yield { type: "text", text: "a" };
      } finally {
        left = true;
      }
    })();
  const controller = new AbortController();
  const answer = chat(ask("Hi"), controller.signal);
  await answer.next();
  controller.abort();
  await assert.rejects(answer.next());
  assert.equal(left, true);
});

test("it serves the pages of Puter", () => {
  const matches = ["https://puter.com/app", "https://docs.puter.com/", "https://me.puter.site/x"].map((url) =>
    adapter.matches(url),
  );
  const others = ["https://notputer.com/", "http://puter.com/", "https://puter.com.evil.example/"].map((url) =>
    adapter.matches(url),
  );
  assert.deepEqual([matches, others], [matches.map(() => true), others.map(() => false)]);
});

test("the page's own clock and fetch are used unless told otherwise", async () => {
  service.answer(stream(USAGE_LINE));
  const own = new PuterAdapter({ puter });
  assert.deepEqual((await read(own.chat(ask("Hi"), { signal: new AbortController().signal }))).parts, []);
  assert.deepEqual([USER.username, METERING.allowanceInfo.remaining > 0], [(await own.status()).account?.label, true]);
});
