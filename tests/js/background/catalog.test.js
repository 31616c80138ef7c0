import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { JSDOM } from "jsdom";

import { Catalog, lookFor } from "../../../extension/background/catalog.js";
import { held } from "../../../extension/background/held.js";
import { Memory } from "../../../extension/background/memory.js";
import { FakePagePort, storage } from "../support/chrome.js";

const site = (/** @type {string} */ id, /** @type {any} */ more = {}) =>
  /** @type {any} */ ({ format: 1, id, name: id, version: "1", match: [], ways: [{ way: "function", path: "f" }], ...more });
const MARKED = site("marked", { detect: { selector: ".chat" } });
const NAMED = site("named", { match: ["https://named.example/*"] });

/** @type {Memory} */ let memory;
/** @type {Catalog} */ let catalog;

beforeEach(async () => {
  memory = await Memory.load(storage());
  catalog = new Catalog(memory, [MARKED, NAMED]);
});

const recognised = async (/** @type {string} */ url, /** @type {string | null} */ found = null) =>
  (await catalog.recognise(new URL(url), async (marks) => (marks.some(({ id }) => id === found) ? found : null)))?.id;

test("a page is known by what was chosen, by its address, by its marks", async () => {
  memory.local.sites["https://chosen.example"] = { adapter: "marked" };
  memory.local.sites["https://gone.example"] = { adapter: "gone" };

  assert.equal(await recognised("https://chosen.example/x"), "marked");
  assert.equal(await recognised("https://named.example/x"), "named");
  assert.equal(await recognised("https://other.example/", "marked"), "marked");
  assert.equal(await recognised("https://gone.example/"), undefined);
});

test("the person's own come first, until they are dropped", () => {
  catalog.keep(site("named", { version: "mine" }));
  assert.deepEqual(catalog.all.map(({ description: { id, version }, builtin }) => [id, version, builtin]), [
    ["named", "mine", false],
    ["marked", "1", true],
  ]);
  catalog.drop("named");
  assert.equal(catalog.get("named")?.version, "1");
  assert.throws(() => catalog.keep({ id: "broken" }), /DescriptionError|must/);
});

afterEach(() => {
  Reflect.deleteProperty(globalThis, "document");
  Reflect.deleteProperty(globalThis, "app");
});

test("marks are looked for in the page", () => {
  Object.assign(globalThis, {
    document: new JSDOM('<meta name="generator" content="Chat 1"><p class="chat">').window.document,
    app: { chat: () => {}, none: null },
  });
  const found = (/** @type {any} */ mark) => lookFor([{ id: "x", ...mark }]) === "x";
  const marks = [
    { selector: ".chat" },
    { selector: ".none" },
    { selector: ")" },
    { global: "app.chat" },
    { global: "app.none" },
    { global: "none.at.all" },
    { meta: "generator" },
    { meta: "generator", content: "Chat 1" },
    { meta: "generator", content: "Chat 2" },
    { meta: "author" },
  ];
  assert.deepEqual(marks.map(found), [true, false, false, true, false, false, true, true, false, false]);
});

test("a port keeps what comes before somebody listens", () => {
  const port = new FakePagePort();
  const kept = held(/** @type {any} */ (port));
  /** @type {any[]} */ const heard = [];
  port.say(1);
  kept.onMessage.addListener((message) => heard.push(message));
  port.say(2);
  kept.onDisconnect.addListener(() => heard.push("gone"));
  port.lose();
  kept.postMessage("x");
  kept.disconnect();

  assert.deepEqual([heard, port.posted, port.disconnected], [[1, 2, "gone"], ["x"], true]);
});

test("a port that went before says so", () => {
  const port = new FakePagePort();
  const kept = held(/** @type {any} */ (port));
  port.lose();
  let gone = false;
  kept.onDisconnect.addListener(() => void (gone = true));
  assert.equal(gone, true);
});
