import assert from "node:assert/strict";
import { test } from "node:test";

import { factsOf, hostOf, keyOf, offersOf, sinceWords, stateOf, summaryOf, titleOf } from "../../../static/admin/js/words.js";

const NOW = Date.parse("2026-01-01T12:00:00Z");

/** @type {import("../../../static/admin/js/words.js").Session} */
const SESSION = {
  id: "abcd1234",
  kind: "page",
  name: null,
  account: null,
  adapter: "puter",
  site: "chat.example",
  credential: "bridge_1",
  state: "ready",
  reason: null,
  since: "2026-01-01T11:57:00+00:00",
  detail: null,
  action: null,
  in_flight: 0,
  concurrency: 0,
  served: 0,
  rest_seconds: 0,
  last_error: null,
  models: [],
  version: "",
  memory_bytes: null,
  restarts: 0,
};

test("states in words", () => {
  /** @type {(changes: object) => unknown} */
  const said = (changes) => Object.values(stateOf({ ...SESSION, ...changes }, NOW));
  assert.deepEqual(said({}), ["ready", "Ready for 3 min"]);
  assert.deepEqual(said({ state: "busy" }), ["ready", "Busy"]);
  assert.deepEqual(said({ state: "starting" }), ["working", "Starting"]);
  assert.deepEqual(said({ state: "login_required", since: null }), ["attention", "Not signed in"]);
  assert.deepEqual(said({ state: "blocked" }), ["attention", "Blocked for 3 min"]);
  assert.deepEqual(said({ state: "blocked", reason: "captcha" }), ["attention", "Captcha for 3 min"]);
  assert.deepEqual(said({ state: "blocked", reason: "news" }), ["attention", "Blocked for 3 min"]);
  assert.deepEqual(said({ state: "offline" }), ["offline", "Offline for 3 min"]);
  assert.deepEqual(said({ state: "something" }), ["offline", "something for 3 min"]);
});

test("how long", () => {
  const since = new Date(NOW - 59_000).toISOString();
  assert.equal(sinceWords(since, NOW), "for less than a minute");
  assert.equal(sinceWords(since, NOW - 100_000), "for less than a minute");
  assert.equal(sinceWords(since, NOW + 60_000), "for 1 min");
  assert.equal(sinceWords(since, NOW + 2 * 3_600_000), "for 2 h");
  assert.equal(sinceWords(since, NOW + 49 * 3_600_000), "for 2 days");
  assert.equal(sinceWords(null, NOW), "");
});

test("titles name account, person and site", () => {
  assert.equal(titleOf(SESSION), "chat.example");
  assert.equal(titleOf({ ...SESSION, account: "ada" }), "ada on chat.example");
  assert.equal(titleOf({ ...SESSION, name: "work", account: "ada" }), "work · ada on chat.example");
  assert.equal(titleOf({ ...SESSION, name: "ada", account: "ada" }), "ada on chat.example");
});

test("an account keeps its card, whether it has a page or not", () => {
  assert.equal(keyOf({ ...SESSION, name: "work" }), keyOf({ ...SESSION, name: "work", id: null, credential: null }));
  assert.notEqual(keyOf(SESSION), keyOf({ ...SESSION, id: "other" }));
  assert.equal(keyOf({ ...SESSION, credential: null }), "session abcd1234 ");
});

test("facts that say something", () => {
  assert.deepEqual(factsOf(SESSION), [
    ["By", "relay’s page"],
    ["Adapter", "puter"],
  ]);
  const full = { ...SESSION, kind: /** @type {const} */ ("headless"), version: "1.0", models: ["m"], concurrency: 2, in_flight: 1, served: 5 };
  assert.deepEqual(factsOf({ ...full, rest_seconds: 30, memory_bytes: 312_400_000, restarts: 2 }), [
    ["By", "headless browser 1.0"],
    ["Adapter", "puter"],
    ["Models", "m"],
    ["Calls", "1 of 2 running, 5 done"],
    ["Resting", "for 30 s, as the site asks"],
    ["Memory", "312 MB"],
    ["Restarts", "2"],
  ]);
  assert.deepEqual(factsOf({ ...SESSION, models: ["m", "n"] })[2], ["Models", "2"]);
});

test("what is offered for an account", () => {
  assert.deepEqual(offersOf(SESSION), { screen: true, wanted: false, restart: "Restart" });
  assert.deepEqual(offersOf({ ...SESSION, state: "blocked" }), { screen: true, wanted: true, restart: "Restart" });
  for (const state of ["offline", "unavailable"]) {
    assert.deepEqual(offersOf({ ...SESSION, state }), { screen: false, wanted: false, restart: "Start" });
  }
});

test("the summary says whether a person is needed", () => {
  /** @type {(...states: string[]) => string} */
  const title = (...states) => {
    const { tone, title: words, text } = summaryOf(states.map((state) => ({ ...SESSION, state })));
    return `${tone}: ${words}. ${text}`;
  };
  assert.match(title(), /^offline: No sessions yet\. .*relay login/);
  assert.equal(title("ready", "busy", "offline"), "ready: All is well. 2 of 2 can answer. 1 offline.");
  assert.equal(title("offline", "offline"), "working: No session is ready. 2 offline.");
  assert.equal(title("starting"), "working: No session is ready. 0 of 1 can answer.");
  assert.equal(title("ready", "blocked"), "attention: One session needs you. 1 of 2 can answer.");
  assert.equal(title("site_changed", "login_required"), "attention: 2 sessions need you. 0 of 2 can answer.");
});

test("whom a person deals with", () => {
  assert.equal(hostOf("https://login.example:8443/x?y"), "login.example:8443");
  assert.equal(hostOf("about:blank"), "the site it shows");
  assert.equal(hostOf(""), "the site it shows");
});
