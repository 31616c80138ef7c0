import assert from "node:assert/strict";
import { test } from "node:test";

import { Memory, cleanCode, loadConfig, takeCode, isHeadless } from "../../../static/js/config.js";

/** @param {string} hash */
function opened(hash) {
  /** @type {unknown[][]} */
  const replaced = [];
  const history = { replaceState: (/** @type {unknown[]} */ ...call) => void replaced.push(call) };
  return { code: takeCode({ hash, pathname: "/", search: "?a=1" }, history), replaced };
}

/** @returns {import("../../../static/js/config.js").Store & {kept: Map<string, string>}} */
function store() {
  const kept = new Map();
  return {
    kept,
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  };
}

/** @type {import("../../../static/js/config.js").Store} */
const refusing = {
  getItem: () => {
    throw new Error("switched off");
  },
  setItem: () => {
    throw new Error("full");
  },
  removeItem: () => {
    throw new Error("switched off");
  },
};

test("the code is taken out of the address", () => {
  assert.deepEqual(opened("#code=ABCDE-FGHIJ"), { code: "ABCDE-FGHIJ", replaced: [[null, "", "/?a=1"]] });
});

test("an empty code is taken away too, and counts as none", () => {
  assert.deepEqual(opened("#code="), { code: undefined, replaced: [[null, "", "/?a=1"]] });
});

test("an address without a code is left alone", () => {
  assert.deepEqual(opened("#settings"), { code: undefined, replaced: [] });
});

test("a code may be typed with spaces, in small letters, or pasted as the whole link", () => {
  assert.equal(cleanCode(" abcde -fghij\n"), "ABCDE-FGHIJ");
  assert.equal(cleanCode("http://localhost:3000/#code=ABCDE-FGHIJ"), "ABCDE-FGHIJ");
});

test("what cannot be a code is none: relay would only drop the link, again and again", () => {
  const [empty, markup, long] = [cleanCode(" "), cleanCode("<b>code</b>"), cleanCode("A".repeat(65))];
  assert.deepEqual([empty, markup, long, opened("#code=%3Cb%3E").code], ["", "", "", undefined]);
});

test("the settings are read from relay without a cache", async () => {
  /** @type {unknown[][]} */
  const asked = [];
  const config = await loadConfig(async (...call) => {
    asked.push(call);
    return Response.json({ version: "0.1.0" });
  });
  assert.deepEqual(config, { version: "0.1.0" });
  assert.deepEqual(asked, [["/page.json", { cache: "no-store" }]]);
});

test("a refusal of the settings is an error", async () => {
  const refused = loadConfig(async () => new Response("", { status: 403 }));
  await assert.rejects(refused, { message: "relay answered 403 for page.json" });
});

test("token and model are remembered and forgotten", () => {
  const kept = store();
  const memory = new Memory(kept);
  assert.deepEqual([memory.token, memory.model], [undefined, undefined]);
  memory.token = "t";
  memory.model = "m";
  assert.deepEqual(
    [...kept.kept],
    [
      ["relay.bridge.token", "t"],
      ["relay.model", "m"],
    ],
  );
  assert.deepEqual([memory.token, memory.model], ["t", "m"]);
  memory.token = undefined;
  assert.equal(memory.token, undefined);
});

test("the adapter is the one remembered, else puter; a demo relay starts in demo", () => {
  const memory = new Memory(store());
  assert.equal(memory.adapter(false), "puter");
  memory.rememberAdapter("prompt-api");
  assert.equal(memory.adapter(false), "prompt-api");
  assert.equal(memory.adapter(true), "demo");
});

test("a remembered adapter that no longer exists counts as none", () => {
  const kept = store();
  kept.kept.set("relay.adapter", "gone");
  assert.equal(new Memory(kept).adapter(false), "puter");
});

test("a store that refuses costs only the remembering", () => {
  const memory = new Memory(refusing);
  memory.token = "t";
  memory.model = undefined;
  assert.deepEqual([memory.token, memory.adapter(false)], [undefined, "puter"]);
});

test("relay marks the page that it runs itself", () => {
  const scope = /** @type {{relayHeadless?: unknown}} */ (globalThis);
  assert.equal(isHeadless(), false);
  scope.relayHeadless = "true";
  assert.equal(isHeadless(), false);
  scope.relayHeadless = true;
  assert.equal(isHeadless(), true);
  delete scope.relayHeadless;
});
