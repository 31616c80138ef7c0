/**
 * The service worker: wires the desk to the browser. All listeners are there from its first task, as the browser wants:
 * https://developer.chrome.com/docs/extensions/develop/concepts/service-workers/events
 */

import { badge } from "./badge.js";
import { Catalog, builtIn } from "./catalog.js";
import { allowed, arrived, endLessons, forgo, isOwn, obey, pageOf, withdrawn } from "./commands.js";
import { Desk } from "./desk.js";
import { held } from "./held.js";
import { Memory } from "./memory.js";
import { Scripts } from "./scripts.js";
import { Seats } from "./seats.js";

const ALARM = "look";
const ALARM_MINUTES = 0.5;
const POPUP = "popup";
const PAGE = "page";

/** @type {Set<chrome.runtime.Port>} */
const popups = new Set();
let told = false;

async function open() {
  const [memory, descriptions] = await Promise.all([Memory.load(chrome.storage), builtIn()]);
  const seats = new Seats(memory);
  const scripts = new Scripts(chrome.scripting);
  const catalog = new Catalog(memory, descriptions);
  const { version } = chrome.runtime.getManifest();
  const desk = new Desk({ memory, seats, scripts, catalog, tabs: chrome.tabs, version, onchange: () => changed() });
  return { memory, seats, scripts, catalog, desk, version, onchange: () => changed() };
}

const office = open();
const show = badge(chrome.action);

/** Something is different: tell it once for all that happened together. */
function changed() {
  if (told) return;
  told = true;
  queueMicrotask(() => void tell());
}

async function tell() {
  const { desk, memory, seats } = await office;
  told = false;
  show(desk.report());
  for (const popup of popups) popup.postMessage({ type: "changed" });
  if (seats.all.length || Object.keys(memory.session.lessons).length) {
    if (!(await chrome.alarms.get(ALARM))) await chrome.alarms.create(ALARM, { periodInMinutes: ALARM_MINUTES });
  } else await chrome.alarms.clear(ALARM);
}

chrome.runtime.onConnect.addListener((port) => {
  const { sender, name } = port;
  const page = pageOf(sender);
  if (name === POPUP && sender && isOwn(sender)) {
    popups.add(port);
    // Who opens a popup has answered, or closed, the question that the one before asked.
    void office.then(forgo);
    port.postMessage({ type: "changed" });
    port.onDisconnect.addListener(() => popups.delete(port));
  } else if (name === PAGE && page) {
    const waiting = held(port);
    void office.then((all) => {
      all.desk.attach(waiting, page);
      return arrived(all, page);
    });
  } else port.disconnect();
});

chrome.runtime.onMessage.addListener((message, sender, reply) => {
  office
    .then((all) => obey(all, message, sender))
    .catch((error) => ({ error: error instanceof Error ? error.message : "Something went wrong." }))
    .then(reply);
  return true;
});

chrome.tabs.onRemoved.addListener((tab) => {
  void office.then(({ desk, memory, seats }) => {
    seats.vacate(tab);
    delete memory.session.lessons[tab];
    memory.keep("lessons");
    changed();
    return desk.keepScripts();
  });
});

chrome.tabs.onReplaced.addListener((now, before) => {
  void office.then(({ seats }) => seats.renumber(now, before));
});

chrome.permissions.onAdded.addListener(() => void office.then(allowed));

chrome.permissions.onRemoved.addListener(() => void office.then(withdrawn));

chrome.alarms.onAlarm.addListener(() => {
  void office.then(async (all) => {
    await endLessons(all);
    await all.desk.look();
    changed();
  });
});
chrome.runtime.onStartup.addListener(() => void office.then(({ desk }) => desk.resume()));
chrome.runtime.onInstalled.addListener(() => void office.then(({ desk }) => desk.resume()));
