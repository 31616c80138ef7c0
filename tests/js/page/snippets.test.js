import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

import { curlText, environmentText, modelHint, modelToName } from "../../../static/js/snippets.js";

const BASE = "http://localhost:3000/v1";

/**
 * What a shell makes of `script`, with curl replaced by a program that prints its arguments.
 *
 * @param {string} script
 */
function run(script) {
  return execFileSync("sh", ["-c", `curl() { printf '%s\\n' "$@"; }\n${script}`], { encoding: "utf8", env: { OPENAI_API_KEY: "k" } })
    .trimEnd()
    .split("\n");
}

test("the curl line survives a model name with quotes", () => {
  const body = { model: "it's $HOME `x`", stream: true, messages: [{ role: "user", content: "Say hello." }] };
  assert.deepEqual(run(curlText({ baseUrl: BASE, model: body.model })), [
    "-N",
    "http://localhost:3000/v1/chat/completions",
    "-H",
    "Authorization: Bearer k",
    "-H",
    "Content-Type: application/json",
    "-d",
    JSON.stringify(body),
  ]);
});

test("the key is not in the curl line", () => {
  assert.ok(!curlText({ baseUrl: BASE, model: "m", key: "sk-secret" }).includes("sk-secret"));
});

test("the environment has the key where it is known, else its place", () => {
  assert.equal(
    environmentText({ baseUrl: BASE, model: "m", key: "sk-1" }),
    "export OPENAI_BASE_URL='http://localhost:3000/v1'\nexport OPENAI_API_KEY='sk-1'",
  );
  assert.equal(
    environmentText({ baseUrl: BASE, model: "m" }),
    "export OPENAI_BASE_URL='http://localhost:3000/v1'\nexport OPENAI_API_KEY='YOUR-RELAY-KEY'",
  );
});

test("the hint says whether the model is offered", () => {
  const offered = [{ id: "a", aliases: ["b"] }, { id: "c" }];
  assert.deepEqual(
    [modelHint("a", []), modelHint("a", offered), modelHint("b", offered), modelHint("c", offered.slice(1)), modelHint("x", offered), modelHint("x", offered.slice(1))],
    [
      "The list fills when the chat is ready.",
      "One of 2 models offered now.",
      "One of 2 models offered now.",
      "The only model offered now.",
      "Not among the 2 models offered now: type to search the list.",
      "Not the one model offered now: see the list.",
    ],
  );
});

test("who chose no model is told the usual one, or the first that there is", () => {
  const offered = [{ id: "a" }, { id: "b", aliases: ["usual"] }];
  assert.deepEqual(
    [modelToName("b", offered), modelToName("usual", offered), modelToName("x", offered), modelToName("x", [])],
    ["b", "usual", "a", "x"],
  );
});
