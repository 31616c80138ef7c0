import assert from "node:assert/strict";
import { test } from "node:test";

import { badge, badgeOf } from "../../../extension/background/badge.js";
import { conditionOf, viewOf } from "../../../extension/background/condition.js";

const SEAT = { tab: 1, paused: false, late: null };
const RELAY = { refused: false, reach: /** @type {const} */ ("up"), address: "localhost:3000" };
const COUNTERS = { calls: 0, running: 0, failed: 0, parts: 0, characters: 0 };
const view = (/** @type {any} */ site = {}, /** @type {any} */ link = {}, running = 0) =>
  /** @type {any} */ ({ link: { state: "online", ...link }, site: { state: "ready", ...site }, counters: { ...COUNTERS, running }, since: 0 });
const headline = (/** @type {any[]} */ ...[seat, seen, relay]) => {
  const { tone, headline: words, remedy } = conditionOf({ ...SEAT, ...seat }, seen, relay === undefined ? RELAY : relay);
  return [tone, words, ...(remedy ? [remedy] : [])];
};

test("a seat says how it is", () => {
  assert.deepEqual(headline({}, undefined, null), ["attention", "Not paired with relay", "pair"]);
  assert.deepEqual(headline({}, view(), { ...RELAY, refused: true }), ["attention", "relay no longer knows this browser", "pair"]);
  assert.deepEqual(headline({ paused: true }, view()), ["off", "Paused"]);
  assert.deepEqual(headline({ tab: null }), ["waiting", "No tab"]);
  assert.deepEqual(headline({}), ["waiting", "Starting…"]);
  assert.deepEqual(headline({}, view()), ["good", "Ready"]);
  assert.deepEqual(headline({ late: "d" }, view()), ["good", "Ready", "reload"]);
  assert.deepEqual(headline({}, view({}, {}, 1)), ["busy", "Answering"]);
  assert.deepEqual(headline({}, view({}, {}, 3)), ["busy", "Answering 3 calls"]);
});

test("a site says what it needs", () => {
  const states = [
    { state: "login_required" },
    { state: "blocked", reason: "captcha" },
    { state: "blocked" },
    { state: "site_changed", detail: "no composer" },
    { state: "starting" },
    { state: "unavailable" },
  ];
  assert.deepEqual(
    states.map((site) => headline({}, view(site))),
    [
      ["attention", "Sign in to this site", "look"],
      ["attention", "The site wants to know that you are no robot", "look"],
      ["attention", "The site asks for something", "look"],
      ["attention", "The site has changed", "teach"],
      ["waiting", "The page is starting…"],
      ["attention", "The page cannot answer", "look"],
    ],
  );
});

test("a link says what is in its way", () => {
  const links = /** @type {[any, any][]} */ ([
    [{ state: "refused", code: 4409, detail: "This relay speaks bridge protocol 9: update it." }, RELAY],
    [{ state: "refused", code: 4401 }, RELAY],
    [{ state: "connecting" }, RELAY],
    [{ state: "waiting" }, { ...RELAY, reach: "refusing" }],
    [{ state: "waiting" }, { ...RELAY, reach: "down" }],
    [{ state: "waiting", detail: "silent" }, RELAY],
    [{ state: "waiting" }, RELAY],
  ]);
  assert.deepEqual(
    links.map(([link, relay]) => headline({}, view({}, link), relay)),
    [
      ["attention", "relay or this extension is too old"],
      ["attention", "relay does not let this browser in", "pair"],
      ["waiting", "Connecting…"],
      ["attention", "relay does not let this browser in", "pair"],
      ["attention", "relay is not running"],
      ["waiting", "Reconnecting…"],
      ["waiting", "Reconnecting…"],
    ],
  );
});

test("a view is the page's word, and is cut to what may be shown", () => {
  const said = {
    link: { state: "online", code: "x", detail: "d".repeat(999), more: 1 },
    site: { state: "ready".repeat(99), reason: 3, detail: "", account: "me" },
    counters: { calls: -1, running: 2, failed: "x", parts: 1.5 },
    since: 5,
  };
  assert.deepEqual(viewOf(said), {
    link: { state: "online", detail: "d".repeat(300) },
    site: { state: "ready".repeat(99).slice(0, 32), account: "me" },
    counters: { calls: 0, running: 2, failed: 0, parts: 0, characters: 0 },
    since: 5,
  });
  for (const none of [null, 1, {}, { link: {} }, { link: { state: "x" }, site: {} }]) assert.equal(viewOf(none), undefined);
  assert.deepEqual(viewOf({ link: { state: "a", code: 4401 }, site: { state: "b" } })?.link, { state: "a", code: 4401 });
});

test("the badge counts, or calls a person", () => {
  const row = (/** @type {any} */ tone, words = "") => ({ condition: { tone, headline: words } });
  assert.deepEqual(badgeOf([]), { text: "", colour: "#1a7f4b", title: "relay" });
  assert.equal(badgeOf([row("good")]).title, "relay: one tab is connected");
  assert.deepEqual(badgeOf([row("good"), row("busy"), row("off")]), { text: "2", colour: "#1a7f4b", title: "relay: 2 tabs are connected" });
  assert.deepEqual(badgeOf([row("good"), row("attention", "Sign in")]), { text: "!", colour: "#b26a00", title: "relay: Sign in" });
});

test("the badge is painted when it changes", () => {
  /** @type {any[]} */ const done = [];
  const note = (/** @type {any} */ what) => void done.push(what);
  const show = badge(/** @type {any} */ ({ setBadgeText: note, setBadgeBackgroundColor: note, setTitle: note }));
  show([]);
  show([]);
  assert.deepEqual(done, [{ text: "" }, { color: "#1a7f4b" }, { title: "relay" }]);
});
