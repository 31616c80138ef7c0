import assert from "node:assert/strict";
import { test } from "node:test";

import { MissingValue, faultOfTemplate, fill, fillUrl, templatesIn } from "../../../../extension/bridge/site/template.js";

const STORE = new Map([
  ["token", "t/1"],
  ["quoted", '"q"'],
  ["odd", '"q'],
  ["auth", '{"user":{"name":"ada"}}'],
  ["a.b", "dotted"],
  ["broken", "{"],
]);

/** @type {import("../../../../extension/bridge/site/template.js").Scope} */
const SCOPE = {
  prompt: "Say {{model}}",
  model: "m",
  messages: [{ role: "user", content: "Hi" }],
  request: { temperature: 0, stop: ["x"] },
  saved: { event: { id: 7 } },
  call: "c-1",
  uuid: () => "u-1",
  localStorage: (name) => STORE.get(name) ?? null,
  sessionStorage: () => undefined,
  cookie: (name) => (name === "csrf" ? "c" : undefined),
  attr: (selector, name) => (selector === "meta[name=a@b]" && name === "content" ? "v" : null),
  origin: "https://a.example",
  now: 5,
};

for (const [template, filled] of /** @type {[string, unknown][]} */ ([
  ["{{messages}}", SCOPE.messages],
  ["{{ prompt }}", "Say {{model}}"],
  ["<{{prompt}}>", "<Say {{model}}>"],
  ["{{messages}}!", '[{"role":"user","content":"Hi"}]!'],
  ["{{request.temperature}}", 0],
  ["{{request.stop.0}}", "x"],
  ["{{saved.event.id}}", 7],
  ["{{uuid}}-{{now}}", "u-1-5"],
  ["Bearer {{localStorage.token}}", "Bearer t/1"],
  ["{{localStorage.quoted}}", "q"],
  ["{{localStorage.odd}}", '"q'],
  ["{{localStorage.auth.user.name}}", "ada"],
  ["{{localStorage.a.b}}", "dotted"],
  ["{{cookie.csrf}}", "c"],
  ["{{attr meta[name=a@b]@content}}", "v"],
  ["{{conversation?}}", undefined],
  ["<{{conversation?}}>", "<>"],
  ["plain", "plain"],
])) {
  test(`${template} is filled in`, () => assert.deepEqual(fill(template, SCOPE), filled));
}

test("what has no value and may have none is left out", () => {
  assert.deepEqual(fill({ a: "{{tools?}}", b: ["{{tool_choice?}}", 1, null], c: { d: true } }, SCOPE), {
    b: [1, null],
    c: { d: true },
  });
});

for (const name of [
  "conversation",
  "localStorage.none",
  "localStorage.broken.x",
  "sessionStorage.x",
  "saved.nothing",
  "attr b@c",
]) {
  test(`{{${name}}} without a value`, () => {
    assert.throws(() => fill(`{{${name}}}`, SCOPE), new MissingValue(name));
  });
}

test("in addresses values are escaped", () => {
  assert.equal(fillUrl("{{origin}}/x/{{localStorage.token}}?n={{saved.event.id}}", SCOPE), "https://a.example/x/t%2F1?n=7");
});

test("the templates below a value", () => {
  assert.deepEqual(templatesIn({ a: ["{{messages}} {{saved.x?}}"], b: 1, c: null }), ["messages", "saved"]);
});

for (const [template, reason] of /** @type {[string, RegExp | null][]} */ ([
  ["{{prompt}} {{request.top_p?}} {{attr a > b@href}}", null],
  ["{{promt}}", /\{\{promt\}\} is unknown/],
  ["{{prompt.x}}", /unknown/],
  ["{{localStorage}}", /unknown/],
  ["{{attr a}}", /unknown/],
  ["{{prompt", /other half/],
  ["prompt}}", /other half/],
])) {
  test(`what is wrong with ${template}`, () => {
    const fault = faultOfTemplate(template);
    if (reason) assert.match(String(fault), reason);
    else assert.equal(fault, null);
  });
}
