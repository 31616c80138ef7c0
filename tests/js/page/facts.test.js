import assert from "node:assert/strict";
import { test } from "node:test";

import { accountWords, allowanceWords, chatModels, countdownWords, modelsWords, wayWords } from "../../../static/js/facts.js";

test("a signed-in account shows its name and whether it is temporary", () => {
  assert.deepEqual(accountWords("puter", { state: "ready", account: { id: "u1", label: "ada" } }), {
    name: "ada",
    detail: "Puter account",
  });
  assert.deepEqual(accountWords("puter", { state: "ready", account: { id: "u1", temporary: true } }), {
    name: "u1",
    detail: "Temporary Puter account",
  });
});

test("an account whose login is gone is not shown as signed in", () => {
  const words = accountWords("puter", { state: "login_required", account: { id: "u1" } });
  assert.deepEqual(words, { name: "Not signed in", detail: "Calls fail until you sign in." });
});

test("an account not known yet is left open", () => {
  assert.deepEqual(accountWords("puter", { state: "starting" }), { name: "Not known yet", detail: "" });
});

test("chats without an account say so", () => {
  assert.equal(accountWords("demo", { state: "ready" }).name, "None");
  assert.equal(accountWords("prompt-api", { state: "ready" }).name, "None needed");
});

test("the allowance is told in the money that it is", () => {
  assert.deepEqual(allowanceWords({ remaining: 0.123, total: 0.5, unit: "USD" }), {
    text: "$0.12 of $0.50 left this month",
    share: 0.246,
  });
});

test("an allowance of another unit, or without a total", () => {
  assert.deepEqual(allowanceWords({ remaining: 1500, unit: "credits" }), {
    text: "1,500 credits left this month",
    share: undefined,
  });
  assert.deepEqual(allowanceWords({ remaining: 3, total: 0 }), { text: "3 left this month", share: undefined });
});

test("an overdrawn allowance is an empty meter", () => {
  assert.deepEqual(allowanceWords({ remaining: -1, total: 10 }), { text: "-1 of 10 left this month", share: 0 });
});

test("models are counted", () => {
  const models = [{ id: "a" }, { id: "b" }];
  assert.deepEqual(
    [modelsWords({ state: "ready" }), modelsWords({ state: "ready", models: models.slice(1) }), modelsWords({ state: "ready", models })],
    ["No models yet", "1 model", "2 models"],
  );
});

test("only models that can chat are counted and offered for it", () => {
  /** @type {import("../../../extension/bridge/frames.js").Model[]} */
  const models = [{ id: "a", methods: ["image"] }, { id: "b", methods: ["chat", "image"] }, { id: "c" }];
  assert.deepEqual(chatModels(models), models.slice(1));
  assert.equal(modelsWords({ state: "ready", models }), "2 models");
  assert.equal(modelsWords({ state: "ready", models: models.slice(0, 1) }), "No models yet");
});

test("the countdown never goes below nothing", () => {
  assert.deepEqual([countdownWords(3000, 500), countdownWords(3000, 3000)], ["Trying again in 3 s.", "Trying again now…"]);
});

test("the way to the chat has words, and the chat may say more", () => {
  /** @type {import("../../../static/js/facts.js").PageState} */
  const ready = { state: "ready", detail: "" };
  assert.deepEqual(
    [
      wayWords("demo", "auto", ready),
      wayWords("prompt-api", "auto", ready),
      wayWords("puter", "auto", ready),
      wayWords("puter", "sdk", { state: "ready" }),
      wayWords("puter", "auto", { state: "ready", detail: "puter.js is used instead" }),
      wayWords("puter", "endpoint", { state: "blocked", detail: "Verify your address" }),
    ],
    [
      "Answers made up in this page",
      "The browser’s Prompt API",
      "By Puter’s HTTP interface",
      "By puter.ai.chat",
      "puter.js is used instead",
      "By Puter’s HTTP interface",
    ],
  );
});
