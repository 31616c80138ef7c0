import assert from "node:assert/strict";
import { test } from "node:test";

import { DescriptionError, parseDescription, problemsOf } from "../../../../extension/bridge/site/description.js";

const MINIMAL = {
  format: 1,
  id: "a.chat",
  name: "A chat",
  version: "1",
  match: ["https://a.example/*"],
  ways: [{ way: "function", path: "app.chat" }],
};
const ANSWER = { format: "sse", text: ["a.b", "c"], done: { data: "[DONE]" } };
const FULL = {
  ...MINIMAL,
  detect: { selector: "#chat" },
  start: "https://a.example/",
  origins: ["https://api.a.example"],
  status: { path: "app.status" },
  login: { in: ".user", out: ".sign-in", out_url: "*/login*", in_storage: "localStorage.token" },
  blocked: [{ selector: "#captcha", reason: "captcha", detail: "Solve it." }],
  ready: { selector: "textarea" },
  models: { url: "/api/models", headers: { authorization: "Bearer {{localStorage.token}}" }, list: "data", id: "id" },
  capabilities: { tools: true, parameters: ["temperature"] },
  limits: { concurrency: 1, min_interval_ms: 500, max_prompt_chars: null },
  conversation: {
    mode: "thread",
    temporary: { click: "#temporary", on: ".is-temporary" },
    new: { url: "/new" },
    delete: { request: { url: "/api/chats/{{conversation}}", method: "DELETE" } },
    id: "/c/([a-z]+)",
  },
  ways: [
    {
      way: "fetch",
      steps: [
        {
          request: { url: "/api/x", body: { p: ["{{prompt}}", 1, null], deep: { m: "{{model}}" } } },
          save: { id: "id", name: { path: ["n.*", "m.[k=v]"], pattern: "^c", default: "chat" } },
        },
        {
          request: { url: "/api/x/{{saved.id}}" },
          answer: {
            ...ANSWER,
            reasoning: "r",
            mode: "cumulative",
            hold: 3,
            tool_calls: "t",
            finish: { path: "f", values: { end: "stop" } },
            error: [{ event: "error" }, { path: "e", equals: 1, message: "m", kind: "rate_limited" }],
            where: { event: "x" },
            usage: "u",
          },
        },
      ],
      cancel: { url: "/api/cancel", body: "{{saved.id}}" },
    },
    { way: "socket", url: "*/ws", send: { p: "{{prompt}}" }, answer: { ...ANSWER, format: "socket" }, stop: "stop" },
    { way: "capture", url: "/api/*", answer: ANSWER },
    { way: "dom" },
  ],
  dom: { composer: "textarea", send: null, stop: ".stop", answer: ".answer", quiet_ms: 1000 },
};

test("the smallest and the largest description are right", () => {
  assert.deepEqual(problemsOf(MINIMAL), []);
  assert.deepEqual(problemsOf(FULL), []);
  assert.deepEqual(parseDescription(JSON.stringify(FULL)), FULL);
});

for (const more of [
  { detect: { meta: "generator", content: "Chat" } },
  { detect: { global: "app.chat" } },
  { models: [{ id: "m", aliases: ["n"], context: 4096 }] },
  { models: { selector: "option" } },
  { models: { path: "app.models" }, capabilities: { path: "app.capabilities" }, limits: { path: "app.limits" } },
  { match: [], ways: undefined, module: "puter" },
]) {
  test(`right too: ${JSON.stringify(more)}`, () => assert.deepEqual(problemsOf({ ...MINIMAL, ...more }), []));
}

const DOM = { composer: "textarea", answer: ".answer" };
/** @param {unknown} way */
const ways = (way) => ({ ways: [way] });
/** @param {unknown} answer */
const capture = (answer) => ({ ways: [{ way: "capture", url: "*", answer }], dom: DOM });

for (const [more, path, reason] of /** @type {[Record<string, unknown>, string, RegExp][]} */ ([
  [{ format: 2 }, "format", /must be 1, not 2/],
  [{ id: "A chat" }, "id", /small letters/],
  [{ id: 7 }, "id", /must be a text, not 7/],
  [{ name: " " }, "name", /must not be empty/],
  [{ name: "x".repeat(129) }, "name", /at most 128/],
  [{ version: undefined }, "version", /is missing/],
  [{ match: "https://a.example/*" }, "match", /must be a list, not "https/],
  [{ match: ["https://a.example"] }, "match[0]", /path after the host/],
  [{ mach: [] }, "mach", /did you mean "match"/],
  [{ whatever: 1 }, "whatever", /known are format, id/],
  [{ detect: {} }, "detect", /"selector" or "global" or "meta"/],
  [{ detect: 1 }, "detect", /must be an object with/],
  [{ origins: ["https://api.example/x"] }, "origins[0]", /must be an origin/],
  [{ origins: ["chat"] }, "origins[0]", /must be an origin/],
  [{ start: "a.example" }, "start", /https:/],
  [{ login: { in_storage: "token" } }, "login.in_storage", /localStorage\.token/],
  [{ login: { out_url: "login" } }, "login.out_url", /begin with \*/],
  [{ blocked: [{ selector: "a", reason: "bored" }] }, "blocked[0].reason", /"captcha" or/],
  [{ ready: { selector: "//div" } }, "ready.selector", /not XPath/],
  [{ models: [] }, "models", /at least 1 item$/],
  [{ models: [{ id: "m", context: 0 }] }, "models[0].context", /whole number/],
  [{ models: { url: "x", id: "id" } }, "models.url", /begin with/],
  [{ capabilities: { tools: "yes" } }, "capabilities.tools", /true or false, not "yes"/],
  [{ limits: { concurrency: 65 } }, "limits.concurrency", /between 1 and 64/],
  [{ conversation: { mode: "thread", id: "/c/x" } }, "conversation.id", /1 group in parentheses, not 0/],
  [{ conversation: { mode: "thread", id: "(" } }, "conversation.id", /no regular expression/],
  [{ ways: [] }, "ways", /at least 1 item/],
  [ways({ way: "magic" }), "ways[0].way", /"function" or "fetch"/],
  [ways("dom"), "ways[0]", /must be an object, not "dom"/],
  [ways({ way: "function", path: "a b" }), "ways[0].path", /dotted path/],
  [ways({ way: "fetch", steps: [{ request: { url: "/x" } }] }), "ways[0]", /one step with an "answer", not 0/],
  [
    ways({ way: "fetch", steps: [{ request: { url: "/x" }, answer: ANSWER }, { request: { url: "/y" } }] }),
    "ways[0]",
    /in the last step/,
  ],
  [
    ways({ way: "fetch", steps: [{ request: { url: "/x", method: "GET", body: 1 }, answer: ANSWER }] }),
    "ways[0].steps[0].request",
    /body with GET/,
  ],
  [
    ways({ way: "fetch", steps: [{ request: { url: "/x", body: { a: ["{{promt}}"] } }, answer: ANSWER }] }),
    "ways[0].steps[0].request.body.a[0]",
    /unknown/,
  ],
  [
    ways({ way: "fetch", steps: [{ request: { url: "/{{x}}" }, answer: ANSWER }] }),
    "ways[0].steps[0].request.url",
    /unknown/,
  ],
  [
    ways({ way: "fetch", steps: [{ request: { url: "/" }, answer: ANSWER, save: { a: 1 } }] }),
    "ways[0].steps[0].save.a",
    /dotted path/,
  ],
  [ways({ way: "socket", url: "*", send: "x", answer: { ...ANSWER, done: undefined, format: "socket" } }), "ways[0].answer", /must have "done"/],
  [capture({ format: "sse" }), "ways[0].answer", /must have "text"/],
  [capture({ ...ANSWER, hold: 2 }), "ways[0].answer", /"hold"/],
  [capture({ ...ANSWER, done: {} }), "ways[0].answer.done", /must have "data", "event" or "path"/],
  [capture({ ...ANSWER, done: { data: "x", equals: 1 } }), "ways[0].answer.done", /"equals" without "path"/],
  [capture({ ...ANSWER, done: { path: "x", equals: [] } }), "ways[0].answer.done.equals", /not a list/],
  [capture({ ...ANSWER, error: { path: "x", kind: "again" } }), "ways[0].answer.error.kind", /must be/],
  [ways({ way: "dom" }), "", /must have "dom"/],
  [{ ...ways({ way: "dom" }), dom: { composer: "x" } }, "dom.answer", /is missing/],
  [{ dom: { ...DOM, model_picker: { open: "x" } } }, "dom.model_picker.option", /is missing/],
  [{ module: "puter" }, "", /either "ways" or "module"/],
  [{ ways: undefined }, "", /either "ways" or "module"/],
  [{ models: { path: null } }, "models.path", /not null/],
  [{ match: Array.from({ length: 257 }, () => "*://*/*") }, "match", /at most 256 items/],
])) {
  test(`refused: ${JSON.stringify(more).slice(0, 90)}`, () => {
    const problems = problemsOf({ ...MINIMAL, ...more });
    assert.deepEqual(problems.map((problem) => problem.path), [path]);
    assert.match(String(problems[0]?.reason), reason);
  });
}

test("all faults are told at once, the first of them in the message", () => {
  const many = { ...MINIMAL, id: 1, name: 2, version: 3, match: 4, start: 5, ready: [], models: undefined };
  assert.throws(
    () => parseDescription(many),
    (error) =>
      error instanceof DescriptionError &&
      error.problems.length === 6 &&
      /^id must be a text, not 1; .*; and 1 more$/.test(error.message),
  );
});

test("what is no description at all", () => {
  assert.throws(() => parseDescription("{"), /is not JSON/);
  assert.throws(() => parseDescription(null), /the description must be an object, not null/);
  assert.throws(() => parseDescription(undefined), /not nothing/);
  assert.throws(() => parseDescription({ ...MINIMAL, name: "x".repeat(300_000) }), /longer than 256 kB/);
});
