import assert from "node:assert/strict";
import { test } from "node:test";

import { UNREACHABLE, headline, windowTitle } from "../../../static/js/headline.js";

/** @typedef {import("../../../static/js/headline.js").Snapshot} Snapshot */

/** @type {Snapshot} */
const READY = {
  link: "connected",
  linkDetail: "",
  chat: "ready",
  chatDetail: "",
  downloadable: false,
  signsIn: true,
  expired: false,
  demo: false,
};

/** @param {Partial<Snapshot>} change */
function told(change) {
  const { tone, title, actions, short } = headline({ ...READY, ...change });
  return { tone, title, actions, short };
}

/** @type {[string, Partial<Snapshot>, ReturnType<typeof told>][]} */
const STATES = [
  ["ready", {}, { tone: "ready", title: "Connected and ready", actions: [], short: "ready" }],
  [
    "a demo is called a demo",
    { demo: true },
    { tone: "ready", title: "Connected and ready (demo)", actions: [], short: "ready (demo)" },
  ],
  ["starting", { chat: "starting" }, { tone: "working", title: "Starting…", actions: [], short: "starting" }],
  [
    "signed out",
    { chat: "login_required" },
    { tone: "attention", title: "Sign in to continue", actions: ["sign-in"], short: "sign in" },
  ],
  [
    "a login that is no longer taken",
    { chat: "login_required", expired: true },
    { tone: "attention", title: "Sign in again", actions: ["sign-in"], short: "sign in" },
  ],
  [
    "signed out of a chat that has no sign-in here",
    { chat: "login_required", signsIn: false },
    { tone: "attention", title: "Sign in to continue", actions: [], short: "sign in" },
  ],
  [
    "blocked by the site",
    { chat: "blocked" },
    { tone: "attention", title: "The site asks for something", actions: ["retry"], short: "needs you" },
  ],
  [
    "a site that looks another way",
    { chat: "site_changed" },
    { tone: "attention", title: "The site has changed", actions: ["retry"], short: "site changed" },
  ],
  [
    "a chat that cannot work here",
    { chat: "unavailable" },
    { tone: "offline", title: "This chat is not available here", actions: ["retry"], short: "chat not available" },
  ],
  [
    "a chat that lacks only a download",
    { chat: "unavailable", downloadable: true },
    {
      tone: "attention",
      title: "Download the model to continue",
      actions: ["download"],
      short: "download the model",
    },
  ],
  [
    "not paired, whatever the chat says",
    { link: "unpaired", chat: "login_required" },
    { tone: "attention", title: "This page is not paired", actions: ["pair"], short: "not paired" },
  ],
  [
    "credential refused",
    { link: "refused" },
    { tone: "attention", title: "relay does not accept this page", actions: ["pair"], short: "not accepted" },
  ],
  [
    "another version of relay",
    { link: "outdated", linkDetail: "relay speaks 2" },
    { tone: "attention", title: "This page and relay have different versions", actions: ["reload"], short: "reload this page" },
  ],
  [
    "open in another tab",
    { link: "elsewhere" },
    {
      tone: "attention",
      title: "Another copy of this page is connected",
      actions: ["use-here"],
      short: "open in another tab",
    },
  ],
  [
    "connecting",
    { link: "connecting" },
    { tone: "working", title: "Connecting to relay…", actions: [], short: "connecting" },
  ],
  [
    "signing in is possible while connecting",
    { link: "connecting", chat: "login_required" },
    { tone: "working", title: "Connecting to relay…", actions: ["sign-in"], short: "connecting" },
  ],
  [
    "relay has said goodbye",
    { link: "leaving", linkDetail: "relay is stopping" },
    { tone: "offline", title: "relay is stopping", actions: [], short: "stopping" },
  ],
  [
    "waiting for the next attempt",
    { link: "waiting" },
    { tone: "offline", title: "Not connected to relay", actions: ["reconnect"], short: "not connected" },
  ],
];

for (const [name, change, expected] of STATES) {
  test(name, () => assert.deepEqual(told(change), expected));
}

test("what relay and the site say comes before the page's own words", () => {
  const texts = [
    headline({ ...READY, link: "waiting", linkDetail: "relay restarts" }),
    headline({ ...READY, link: "waiting", linkDetail: "the cable is out!" }),
    headline({ ...READY, link: "leaving", linkDetail: "relay may be back" }),
    headline({ ...READY, link: "refused", linkDetail: "relay does not know you" }),
    headline({ ...READY, link: "outdated", linkDetail: "relay speaks 2" }),
    headline({ ...READY, chat: "starting", chatDetail: "Downloading: 40 %" }),
    headline({ ...READY, chat: "login_required", chatDetail: "Sign in at the site", signsIn: false }),
    headline({ ...READY, chat: "blocked", chatDetail: "Verify your address" }),
    headline({ ...READY, chat: "unavailable", chatDetail: "No such model here" }),
  ].map(({ text }) => text);
  assert.deepEqual(texts, [
    "relay restarts. This page connects by itself as soon as relay runs again.",
    "The cable is out! This page connects by itself as soon as relay runs again.",
    "relay may be back.",
    "relay does not know you",
    "relay speaks 2. Reload this page to get the one that fits.",
    "Downloading: 40 %",
    "Sign in at the site",
    "Verify your address",
    "No such model here",
  ]);
});

test("whoever must sign in here is not sent to this page", () => {
  const texts = [false, true].map(
    (expired) => headline({ ...READY, chat: "login_required", chatDetail: "Sign in on relay's page.", expired }).text,
  );
  assert.deepEqual(texts, [
    "relay is connected. It answers calls with your own account; the login stays in this browser.",
    "The login has expired. Calls fail until you sign in again.",
  ]);
});

test("without their words the page has its own, except where the title says all", () => {
  /** @type {Partial<Snapshot>[]} */
  const silent = [
    { link: "waiting" },
    { link: "refused" },
    { chat: "login_required" },
    { chat: "blocked" },
    { chat: "site_changed" },
    { chat: "unavailable" },
  ];
  assert.ok(silent.every((change) => headline({ ...READY, ...change }).text.length > 20));
  assert.equal(headline({ ...READY, chat: "starting" }).text, "");
});

test("the window's title shows the state", () => {
  const title = (/** @type {Partial<Snapshot>} */ change, running = 0) => windowTitle(headline({ ...READY, ...change }), running);
  assert.deepEqual(
    [title({}), title({}, 2), title({ link: "connecting" }), title({ link: "waiting" }, 2), windowTitle(UNREACHABLE, 0)],
    ["● relay: ready", "● relay: 2 running", "◌ relay: connecting", "○ relay: not connected", "○ relay: relay is not running"],
  );
});
