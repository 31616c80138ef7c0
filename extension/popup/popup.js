/**
 * The popup: pair with relay, connect the tab in front, and see what is connected. It only shows what the worker says,
 * and asks the worker for everything but the browser's permission, which must be asked for from a click.
 */

import { rowOf } from "./row.js";

/** @typedef {import("./row.js").Row} Row */

/** @param {string} id @returns {any} */
const $ = (id) => document.getElementById(id);
/** A popup in a tab of its own (`?tab=…`) shows another tab: the one in front would be itself. */
const asked = Number(new URLSearchParams(location.search).get("tab")) || undefined;
const DEFAULT_ADDRESS = "http://localhost:3000";

/** @type {any} */ let report = null;
/** The person wants to pair although there is a pairing. */
let pairing = false;

/** @param {Record<string, unknown>} message */
async function send(message) {
  const { error, ...answer } = (await chrome.runtime.sendMessage(message)) ?? {};
  $("problem").textContent = error ?? "";
  $("problem").hidden = !error;
  return error ? { error } : answer;
}

async function tabInFront() {
  if (asked) return asked;
  const [tab] = await chrome.tabs.query({ active: true, currentWindow: true });
  return tab?.id;
}

/** Only the newest question counts: an answer may come late. */
let questions = 0;

async function refresh() {
  questions += 1;
  const question = questions;
  const answer = await chrome.runtime.sendMessage({ type: "report", tab: await tabInFront() });
  if (question !== questions) return;
  report = answer;
  show();
}

function show() {
  const { relay, tabs, here } = report;
  const form = !relay || relay.refused || pairing;
  $("relay").textContent = relay ? relay.address : "not paired";
  $("pair").hidden = !form;
  if (!$("address").value) $("address").value = relay ? `http://${relay.address}` : DEFAULT_ADDRESS;
  $("unpair").hidden = !relay;
  showHere(relay ? here : null);
  $("connected").hidden = tabs.length === 0;
  keepRows(tabs);
}

/** @param {any} here */
function showHere(here) {
  $("here").hidden = !here || here.seat !== null;
  if ($("here").hidden) return;
  $("here-title").textContent = here.host;
  $("here-words").textContent = here.name
    ? `Recognised: ${here.name}. relay answers with it while the tab is open.`
    : "relay does not know this site yet. You can show it in about a minute.";
  $("connect").hidden = !here.name;
}

/** Rows stay the same elements, so that the focus stays where it is. @type {Map<string, ReturnType<typeof rowOf>>} */
const rows = new Map();

/** @param {Row[]} tabs */
function keepRows(tabs) {
  for (const [id, { element }] of rows) {
    if (tabs.some((tab) => tab.id === id)) continue;
    element.remove();
    rows.delete(id);
  }
  for (const tab of tabs) {
    let row = rows.get(tab.id);
    if (!row) {
      row = rowOf(document, act);
      rows.set(tab.id, row);
      $("tabs").append(row.element);
    }
    row.show(tab);
  }
}

/**
 * @param {import("./row.js").Deed} deed
 * @param {Row} tab
 */
async function act(deed, tab) {
  switch (deed) {
    case "pair":
      pairing = true;
      show();
      $("code").focus();
      break;
    case "show":
      if (tab.tab !== null) await chrome.tabs.update(tab.tab, { active: true });
      break;
    case "forget":
      await send({ type: "forget", origin: tab.origin });
      break;
    case "teach":
      await send({ type: "teach", tab: tab.tab });
      leave();
      break;
    default:
      await send({ type: deed, seat: tab.id });
  }
  await refresh();
}

/**
 * @param {() => Promise<unknown>} ask
 * @param {boolean} [teach]
 */
async function allowed(ask, teach = false) {
  const { tab, origin } = report.here;
  // Not awaited: the browser shows its question only right after the click. It may close this popup; then the worker goes on.
  void chrome.runtime.sendMessage({ type: "intend", tab, origin, teach });
  if (await chrome.permissions.request({ origins: [`${origin}/*`] })) await ask();
  else await send({ type: "forgo" });
  await refresh();
}

/** In a real popup there is nothing more to see here; the lesson is in the page. */
function leave() {
  if (!asked) window.close();
}

$("connect").addEventListener("click", () => void allowed(() => send({ type: "connect", tab: report.here.tab })));
$("teach").addEventListener("click", () =>
  void allowed(async () => {
    const { error } = await send({ type: "teach", tab: report.here.tab });
    if (!error) leave();
  }, true),
);
$("unpair").addEventListener("click", () => void send({ type: "unpair" }).then(refresh));
$("pair").addEventListener("submit", async (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const { error } = await send({ type: "pair", address: $("address").value, code: $("code").value });
  if (!error) {
    pairing = false;
    $("code").value = "";
  }
  await refresh();
});

/** The worker may be stopped while the popup is open; the next port starts it again. */
function listen() {
  const port = chrome.runtime.connect({ name: "popup" });
  // The first message comes at once.
  port.onMessage.addListener(() => void refresh());
  port.onDisconnect.addListener(listen);
}

listen();
