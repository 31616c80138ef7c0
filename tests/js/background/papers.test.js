import assert from "node:assert/strict";
import { test } from "node:test";

import { helloOf, isSayable, welcomeOf } from "../../../extension/background/papers.js";

const papers = { version: "2", adapter: "site", site: "chat.example", session: "s1", credential: { token: "rbr-1" } };

test("the page cannot say who it is", () => {
  const said = { type: "hello", protocols: [1], token: "forged", code: "c", session: "other", site: "bank.example", adapter: "x", client: { kind: "page" }, resume: [] };

  assert.deepEqual(JSON.parse(String(helloOf(JSON.stringify(said), papers))), {
    type: "hello",
    protocols: [1],
    resume: [],
    client: { kind: "extension", version: "2", carried: true },
    adapter: "site",
    site: "chat.example",
    token: "rbr-1",
    session: "s1",
  });
});

test("a first session has no id", () => {
  const hello = JSON.parse(String(helloOf('{"type":"hello"}', { ...papers, session: null })));
  assert.equal("session" in hello, false);
});

test("what is no hello is none", () => {
  for (const text of ['{"type":"state"}', "[]", "null", "{", '"hello"']) assert.equal(helloOf(text, papers), null);
});

test("a page says only what a page may say", () => {
  const said = ["state", "accepted", "parts", "done", "fail", "pong", "hello", "welcome", "call", "constructor"];
  const passed = said.filter((type) => isSayable(JSON.stringify({ type })));
  assert.deepEqual(passed, ["state", "accepted", "parts", "done", "fail", "pong"]);
  assert.equal(isSayable("{"), false);
});

test("a type that is said twice counts as the last", () => {
  assert.equal(isSayable('{"type":"parts","type":"hello"}'), false);
});

test("the welcome reaches the page without its secrets", () => {
  const welcome = { type: "welcome", session: "s", token: "rbr-2", settings: { key: "sk-1" }, heartbeat_ms: 1 };
  const { shown, welcome: whole } = welcomeOf(JSON.stringify(welcome));

  assert.deepEqual(JSON.parse(shown), { type: "welcome", session: "s", heartbeat_ms: 1 });
  assert.deepEqual(whole, welcome);
});

test("another first frame goes on as it is", () => {
  assert.deepEqual(welcomeOf('{"type":"bye"}'), { shown: '{"type":"bye"}', welcome: null });
});
