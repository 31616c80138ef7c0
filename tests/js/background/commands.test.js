import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { allowed, arrived, endLessons, isOwn, obey, pageOf, withdrawn } from "../../../extension/background/commands.js";
import { Memory } from "../../../extension/background/memory.js";
import { storage } from "../support/chrome.js";

const ID = "abcdefghijklmnopabcdefghijklmnop";
const OWN = `chrome-extension://${ID}`;
const SITE = "https://chat.example";
const POPUP = /** @type {any} */ ({ id: ID, origin: OWN, url: `${OWN}/popup/popup.html` });
const PAGE = /** @type {any} */ ({ id: ID, origin: SITE, frameId: 0, tab: { id: 1 }, documentId: "d" });

/** @type {any[]} */ let done;
/** @type {any} */ let office;
/** @type {string[]} */ let permitted;

beforeEach(async () => {
  done = [];
  permitted = [`${SITE}/*`];
  const memory = await Memory.load(storage());
  const note = (/** @type {string} */ name) => async (/** @type {any[]} */ ...args) => void done.push([name, ...args]);
  const known = /** @type {any} */ ({ id: "a", name: "A chat" });
  office = {
    memory,
    version: "2",
    onchange: () => {},
    seats: { all: [{ id: "s", origin: SITE, tab: 1 }], get: (/** @type {string} */ id) => (id === "s" ? { tab: 1 } : undefined), at: () => ({ id: "s" }) },
    scripts: { begin: note("begin") },
    catalog: {
      all: [],
      get: () => known,
      recognise: async (/** @type {URL} */ { pathname }) => (pathname === "/unknown" ? undefined : known),
      keep: (/** @type {any} */ description) => {
        if (!description?.id) throw new Error("id is missing");
        done.push(["keep", description]);
        return description;
      },
      drop: note("drop"),
    },
    desk: Object.fromEntries(
      ["connect", "disconnect", "pause", "forget", "recheck", "redescribed", "keepScripts", "paired"].map((name) => [name, note(name)]),
    ),
  };
  office.desk.report = () => ["row"];
  const url = (/** @type {number} */ tab) => ({ 1: `${SITE}/`, 2: `${SITE}/unknown`, 3: "chrome://settings/" })[tab];
  Object.assign(globalThis, {
    chrome: {
      runtime: { id: ID, getURL: (/** @type {string} */ path) => `${OWN}/${path}` },
      permissions: { contains: async (/** @type {any} */ { origins }) => permitted.includes(origins[0]), remove: note("remove") },
      tabs: { get: async (/** @type {number} */ tab) => (tab === 5 ? Promise.reject(new Error("No tab with id: 5.")) : { url: url(tab) }), reload: note("reload") },
      scripting: { executeScript: note("look") },
    },
  });
});

afterEach(() => {
  Reflect.deleteProperty(globalThis, "chrome");
});

const ask = (/** @type {any} */ message, sender = POPUP) => obey(office, message, sender);

test("only this extension's own pages may ask for things", async () => {
  const strangers = [PAGE, { ...POPUP, id: "another" }, { ...PAGE, id: "another" }, { id: ID }, {}];
  for (const sender of /** @type {any[]} */ (strangers))
    for (const type of ["report", "pair", "connect", "disconnect", "keep", "teach", "constructor", "toString"])
      assert.deepEqual(await ask({ type, tab: 1, seat: "s", description: { id: "x" } }, sender), { error: "not allowed" }, type);
  assert.deepEqual(done, []);
  assert.deepEqual([isOwn(POPUP), isOwn(PAGE)], [true, false]);
});

test("what is no command does nothing", async () => {
  for (const message of [null, 1, {}, { type: "constructor" }, { type: "taught" }]) assert.deepEqual(await ask(message), {});
});

test("a page is the top one of a tab, shown, and of this extension", () => {
  assert.deepEqual(pageOf(PAGE), { tab: 1, origin: SITE, document: "d" });
  const others = [
    undefined,
    { ...PAGE, id: "another" },
    { ...PAGE, frameId: 3 },
    { ...PAGE, tab: undefined },
    { ...PAGE, origin: "null" },
    { ...PAGE, origin: undefined },
    { ...PAGE, origin: OWN },
    { ...PAGE, documentLifecycle: "prerender" },
  ];
  assert.deepEqual(others.map((sender) => pageOf(sender)), others.map(() => null));
});

test("the report is about the tabs and the one in front", async () => {
  const here = { tab: 1, origin: SITE, host: "chat.example", name: "A chat", seat: "s", chosen: false };
  assert.deepEqual(await ask({ type: "report", tab: 1 }), { relay: null, tabs: ["row"], here });
  for (const tab of [undefined, 3, 4]) assert.equal((await ask({ type: "report", tab })).here, null);
});

test("a tab is connected if its site is allowed and known", async () => {
  assert.deepEqual(await ask({ type: "connect", tab: 1 }), {});
  assert.deepEqual(done, [["connect", 1, SITE, "a"]]);
  assert.deepEqual(await ask({ type: "connect", tab: 2 }), { error: "relay does not know this site." });
  permitted = [];
  assert.deepEqual(await ask({ type: "connect", tab: 1 }), { error: "The site was not allowed." });
  assert.deepEqual(await ask({ type: "connect", tab: 4 }), { error: "The site was not allowed." });
});

test("what the person wanted happens when the site is allowed, popup or not", async () => {
  permitted = [];
  await ask({ type: "intend", tab: 1, origin: SITE });
  await allowed(office);
  assert.deepEqual(done, []);
  permitted = [`${SITE}/*`];
  await allowed(office);
  await allowed(office);
  assert.deepEqual(done, [["connect", 1, SITE, "a"]]);
});

test("what was not allowed when it was asked for does not happen later by itself", async () => {
  const { session } = office.memory;
  const intend = () => ask({ type: "intend", tab: 1, origin: SITE });
  await intend();
  await ask({ type: "forgo" }); // refused
  await allowed(office);
  await intend();
  session.intention.since -= 121_000; // dismissed, long ago
  await allowed(office);
  await intend();
  await ask({ type: "intend", tab: 2, origin: "https://other.example" }); // something else was wanted since
  await allowed(office);
  for (const tab of [3, 5]) {
    await ask({ type: "intend", tab, origin: SITE }); // the tab shows another site by now, or is gone
    await allowed(office);
    assert.equal(session.intention, null);
  }
  assert.deepEqual(done, []);
});

test("sites that are allowed no more are left, whatever the permission was for", async () => {
  const { local, session } = office.memory;
  Object.assign(local.sites, { [SITE]: { adapter: "a" }, "https://bank.example": { adapter: "a" } });
  Object.assign(session.lessons, { 1: { origin: SITE, waiting: false }, 2: { origin: "https://other.example", waiting: false } });
  await withdrawn(office);
  assert.deepEqual(done, [["forget", "https://bank.example"], ["keepScripts"]]);
  assert.deepEqual(session.lessons, { 1: { origin: SITE, waiting: false } });
});

test("seats are handled by their id", async () => {
  for (const type of ["pause", "resume", "look", "disconnect", "reload"]) await ask({ type, seat: "s" });
  await ask({ type: "reload", seat: "gone" });
  await ask({ type: "forget", origin: SITE });
  assert.deepEqual(done, [
    ["pause", "s", true],
    ["pause", "s", false],
    ["recheck", "s"],
    ["disconnect", "s"],
    ["reload", 1],
    ["forget", SITE],
    ["remove", { origins: [`${SITE}/*`] }],
  ]);
});

test("leaving relay disconnects everything", async () => {
  office.memory.pair({ address: "a", bridge: "b", token: "t" });
  assert.deepEqual((await ask({ type: "report" })).relay, { address: "a", refused: false });
  await ask({ type: "unpair" });
  assert.deepEqual([done, office.memory.local.pairing], [[["disconnect", "s"]], null]);
});

test("an address that will not do is said", async () => {
  assert.match((await ask({ type: "pair", address: "relay.example", code: "c" })).error, /this computer/);
});

test("descriptions are kept and dropped", async () => {
  assert.deepEqual(await ask({ type: "keep", description: { id: "x" } }), {});
  assert.deepEqual(await ask({ type: "keep", description: {} }), { error: "id is missing" });
  assert.deepEqual(await ask({ type: "descriptions" }), { descriptions: [] });
  await ask({ type: "drop", id: "x" });
  assert.deepEqual(done, [["keep", { id: "x" }], ["redescribed", "x"], ["drop", "x"]]);
});

const TAUGHT = `taught-${new URL(SITE).host}`;

test("a lesson ends with the page that it began in", async () => {
  const { session } = office.memory;
  await ask({ type: "teach", tab: 1 });
  await endLessons(office);
  await arrived(office, { tab: 1, origin: SITE, document: "d" });
  await endLessons(office); // the tab shows the site
  await arrived(office, { tab: 2, origin: SITE, document: "e" });
  done = [];
  assert.deepEqual(Object.keys(session.lessons), ["1"]);
  await arrived(office, { tab: 1, origin: SITE, document: "next" });
  assert.deepEqual([session.lessons, done.splice(0)], [{}, [["keepScripts"]]]);

  for (const tab of [3, 5]) session.lessons[tab] = { origin: SITE, waiting: false, document: "d" };
  session.lessons[4] = { origin: SITE, waiting: true };
  await endLessons(office); // 3 shows another page, 5 is gone, 4 is on its way
  assert.deepEqual([Object.keys(session.lessons), done], [["4"], [["keepScripts"]]]);
});

test("a lesson begins on a page that is loaded anew, and what it teaches is for its site alone", async () => {
  assert.deepEqual(await ask({ type: "lesson" }, PAGE), { error: "not allowed" });
  permitted = [];
  assert.deepEqual(await ask({ type: "teach", tab: 1 }), { error: "The site was not allowed." });
  permitted = [`${SITE}/*`];
  await ask({ type: "intend", tab: 1, origin: SITE, teach: true });
  await allowed(office);
  await arrived(office, { tab: 1, origin: "https://other.example", document: "d" });
  await arrived(office, { tab: 1, origin: SITE, document: "d" });
  await arrived(office, { tab: 1, origin: SITE, document: "d" });
  assert.deepEqual(done.splice(0), [["keepScripts"], ["reload", 1], ["begin", 1, { teach: true }]]);

  assert.deepEqual(await ask({ type: "lesson" }, PAGE), { previous: { id: "a", name: "A chat" } });
  const hostile = { id: "a", match: ["https://bank.example/*"], origins: ["https://evil.example"], name: "x" };
  assert.deepEqual(await ask({ type: "taught", description: hostile }, PAGE), {});
  assert.deepEqual(await ask({ type: "connect", tab: 1 }, PAGE), {});
  assert.deepEqual(await ask({ type: "taught" }, { ...PAGE, origin: "https://other.example" }), { error: "not allowed" });
  assert.deepEqual(done.splice(0), [
    ["keep", { id: TAUGHT, match: [`${SITE}/*`], name: "x" }],
    ["connect", 1, SITE, TAUGHT],
    ["redescribed", TAUGHT],
  ]);
  await ask({ type: "over" }, PAGE);
  assert.deepEqual(await ask({ type: "lesson" }, PAGE), { error: "not allowed" });
});
