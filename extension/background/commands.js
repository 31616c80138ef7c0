/**
 * What other parts of the extension ask the worker for. A page of the extension may ask for anything; what runs in a
 * site's page only for what its lesson needs.
 */

import { lookFor } from "./catalog.js";
import { PairingError, pair } from "./pairing.js";
import { patternOf } from "./scripts.js";

/**
 * @typedef {object} Office
 * @property {import("./memory.js").Memory} memory
 * @property {import("./seats.js").Seats} seats
 * @property {import("./catalog.js").Catalog} catalog
 * @property {import("./scripts.js").Scripts} scripts
 * @property {import("./desk.js").Desk} desk
 * @property {string} version
 * @property {() => void} onchange
 */

const REFUSED = "The site was not allowed.";
/** How long the browser's question may be thought about. A later permission is for something else. */
const INTENTION_MS = 120_000;

/** Every answer is an object; its `error` says what went wrong. @typedef {(office: Office, message: any) => unknown} Command */

/** @type {Record<string, Command>} */
const COMMANDS = {
  async report(office, { tab }) {
    const here = await hereOf(office, tab);
    return { ...relayOf(office), tabs: office.desk.report(), here };
  },

  async pair(office, { address, code }) {
    try {
      office.memory.pair(await pair(String(address), String(code), office.version));
    } catch (error) {
      if (error instanceof PairingError) return { error: error.message };
      throw error;
    }
    await office.desk.paired();
    return {};
  },

  async unpair(office) {
    for (const { id } of office.seats.all) await office.desk.disconnect(id);
    office.memory.pair(null);
    office.onchange();
    return {};
  },

  // The popup may close while the browser asks for its permission: the worker then goes on.
  intend({ memory }, { tab, origin, teach }) {
    memory.session.intention = { tab, origin, teach: teach === true, since: Date.now() };
    memory.keep("intention");
  },

  forgo: (office) => forgo(office),

  connect: (office, { tab }) => connect(office, tab),
  disconnect: async (office, { seat }) => void (await office.desk.disconnect(seat)),
  pause: async (office, { seat }) => void (await office.desk.pause(seat, true)),
  resume: async (office, { seat }) => void (await office.desk.pause(seat, false)),
  look: (office, { seat }) => office.desk.recheck(seat),

  async reload(office, { seat }) {
    const tab = office.seats.get(seat)?.tab;
    if (tab) await chrome.tabs.reload(tab);
  },

  async forget(office, { origin }) {
    await office.desk.forget(origin);
    await chrome.permissions.remove({ origins: [patternOf(origin)] }).catch(() => {});
  },

  teach: (office, { tab }) => beginLesson(office, tab),

  descriptions: ({ catalog }) => ({ descriptions: catalog.all }),
  keep: ({ catalog, desk }, { description }) => {
    try {
      const { id } = catalog.keep(description);
      desk.redescribed(id);
      return {};
    } catch (error) {
      return { error: error instanceof Error ? error.message : "is no description" };
    }
  },
  drop: ({ catalog }, { id }) => catalog.drop(String(id)),
};

/** @type {Record<string, (office: Office, message: any, page: {tab: number, origin: string}) => unknown>} */
const LESSONS = {
  lesson: ({ catalog, memory }, _message, { origin }) => ({ previous: catalog.get(memory.local.sites[origin]?.adapter) }),

  /** What was taught is for this site alone, whatever it says; requests to elsewhere it gets no leave for. */
  async taught({ catalog, desk, memory }, { description }, { tab, origin }) {
    try {
      const id = taughtId(memory, origin);
      const { origins } = memory.local.descriptions[id] ?? {};
      const kept = { ...description, id, match: [patternOf(origin)] };
      delete kept.origins;
      catalog.keep(origins ? { ...kept, origins } : kept);
      await desk.connect(tab, origin, id);
      desk.redescribed(id);
      return {};
    } catch (error) {
      return { error: error instanceof Error ? error.message : "is no description" };
    }
  },

  over: (office, _message, { tab }) => end(office, [tab]),
};

/**
 * The id of what is taught at an origin: that of what was taught there before, else one that no other origin uses. A
 * page that chose it could change how other sites are served.
 * @param {Office["memory"]} memory
 * @param {string} origin
 */
function taughtId({ local }, origin) {
  const elsewhere = new Set(Object.entries(local.sites).flatMap(([each, site]) => (each === origin ? [] : [site.adapter])));
  const before = local.sites[origin]?.adapter;
  if (before?.startsWith("taught-") && !elsewhere.has(before) && local.descriptions[before]) return before;
  const name = `taught-${new URL(origin).host.replace(/[^a-z\d.-]+/g, "-").slice(0, 50)}`;
  const taken = (/** @type {string} */ id) => elsewhere.has(id) || id in local.descriptions;
  let id = name;
  for (let number = 2; taken(id); number += 1) id = `${name}-${number}`;
  return id;
}

/**
 * A page with relay's scripts is there: if a lesson waits for it, begin. A lesson ends with the page that it began in.
 * @param {Office} office
 * @param {{tab: number, origin: string, document: string}} page
 */
export async function arrived(office, { tab, origin, document }) {
  const { memory, scripts } = office;
  const lesson = memory.session.lessons[tab];
  if (!lesson) return;
  if (!lesson.waiting) {
    if (lesson.document !== document) await end(office, [tab]);
  } else if (lesson.origin === origin) {
    Object.assign(lesson, { waiting: false, document });
    memory.keep("lessons");
    await scripts.begin(tab, { teach: true });
  }
}

/**
 * End the lessons whose tabs show something else by now: their pages went without a word.
 * @param {Office} office
 */
export async function endLessons(office) {
  /** @type {number[]} */
  const over = [];
  for (const [tab, { origin, waiting }] of Object.entries(office.memory.session.lessons)) {
    const { url } = await chrome.tabs.get(Number(tab)).catch(() => ({ url: undefined }));
    if (!waiting && (!url || new URL(url).origin !== origin)) over.push(Number(tab));
  }
  if (over.length) await end(office, over);
}

/**
 * @param {Office} office
 * @param {number[]} tabs  whose lessons are over
 */
async function end({ desk, memory }, tabs) {
  for (const tab of tabs) delete memory.session.lessons[tab];
  memory.keep("lessons");
  await desk.keepScripts();
}

/**
 * @param {Office} office
 * @param {any} message
 * @param {chrome.runtime.MessageSender} sender
 * @returns {Promise<any>}
 */
export async function obey(office, message, sender) {
  const type = String(message?.type);
  if (isOwn(sender)) return (Object.hasOwn(COMMANDS, type) && (await COMMANDS[type]?.(office, message))) || {};
  const page = pageOf(sender);
  if (!page || office.memory.session.lessons[page.tab]?.origin !== page.origin) return { error: "not allowed" };
  return (Object.hasOwn(LESSONS, type) && (await LESSONS[type]?.(office, message, page))) || {};
}

/**
 * Connect a tab with what describes it.
 * @param {Office} office
 * @param {number} tab
 */
async function connect(office, tab) {
  forgo(office);
  const { url } = await chrome.tabs.get(tab);
  if (!url || !(await isAllowed(url))) return { error: REFUSED };
  const { origin } = new URL(url);
  const description = await recognise(office, tab, new URL(url));
  if (!description) return { error: "relay does not know this site." };
  await office.desk.connect(tab, origin, description.id);
  return {};
}

/**
 * Begin a lesson. The page is loaded anew: what it opened before relay's script came, such as a socket, could not be
 * watched.
 * @param {Office} office
 * @param {number} tab
 */
async function beginLesson(office, tab) {
  const { memory, desk } = office;
  forgo(office);
  const { url } = await chrome.tabs.get(tab);
  if (!url || !(await isAllowed(url))) return { error: REFUSED };
  const { origin } = new URL(url);
  memory.session.lessons[tab] = { origin, waiting: true };
  memory.keep("lessons");
  office.onchange();
  await desk.keepScripts();
  await chrome.tabs.reload(tab);
  return {};
}

/**
 * A permission was given: do what the person wanted with it, if the tab still shows that site.
 * @param {Office} office
 */
export async function allowed(office) {
  const { intention } = office.memory.session;
  if (!intention || !(await isAllowed(intention.origin))) return;
  const { tab, origin, teach, since } = intention;
  forgo(office);
  const { url } = await chrome.tabs.get(tab).catch(() => ({ url: undefined }));
  if (!url || new URL(url).origin !== origin || Date.now() - since > INTENTION_MS) return;
  await (teach ? beginLesson : connect)(office, tab);
}

/**
 * A permission was taken back: leave the sites that are not allowed any more. It may have been for many sites at once.
 * @param {Office} office
 */
export async function withdrawn({ desk, memory }) {
  const { sites } = memory.local;
  const { lessons } = memory.session;
  for (const [tab, { origin }] of Object.entries(lessons)) if (!(await isAllowed(origin))) delete lessons[Number(tab)];
  memory.keep("lessons");
  for (const origin of Object.keys(sites)) if (!(await isAllowed(origin))) await desk.forget(origin);
  await desk.keepScripts();
}

/**
 * The person was asked for a permission and has not given it, or wants something else now: a permission that comes
 * later has another reason.
 * @param {Pick<Office, "memory">} office
 */
export function forgo({ memory }) {
  memory.session.intention = null;
  memory.keep("intention");
}

/** @param {string} url */
function isAllowed(url) {
  return chrome.permissions.contains({ origins: [patternOf(new URL(url).origin)] });
}

/** @param {Office} office */
function relayOf({ memory }) {
  const { pairing } = memory.local;
  return { relay: pairing && { address: pairing.address, refused: pairing.refused === true } };
}

/**
 * @param {Office} office
 * @param {number | undefined} id
 */
async function hereOf(office, id) {
  const tab = id === undefined ? undefined : await chrome.tabs.get(id).catch(() => undefined);
  const url = tab?.url && /^https?:/.test(tab.url) ? new URL(tab.url) : null;
  if (id === undefined || !url) return null;
  const description = await recognise(office, id, url);
  return {
    tab: id,
    origin: url.origin,
    host: url.host,
    name: description?.name ?? null,
    seat: office.seats.at(id, url.origin)?.id ?? null,
    chosen: url.origin in office.memory.local.sites,
  };
}

/**
 * @param {Office} office
 * @param {number} tab
 * @param {URL} url
 */
function recognise({ catalog }, tab, url) {
  return catalog.recognise(url, async (marks) => {
    try {
      const [frame] = await chrome.scripting.executeScript({ target: { tabId: tab }, world: "MAIN", func: lookFor, args: [marks] });
      return typeof frame?.result === "string" ? frame.result : null;
    } catch {
      return null; // a page that no extension may look into
    }
  });
}

/** Whether a page of this extension speaks. @param {chrome.runtime.MessageSender} sender */
export function isOwn({ id, origin }) {
  return id === chrome.runtime.id && `${origin}/` === chrome.runtime.getURL("");
}

/**
 * The page that speaks, if it is the top page of a tab and really shown.
 * @param {chrome.runtime.MessageSender | undefined} sender
 * @returns {{tab: number, origin: string, document: string} | null}
 */
export function pageOf(sender) {
  const { id, tab, frameId, origin, documentId = "", documentLifecycle = "active" } = sender ?? {};
  if (id !== chrome.runtime.id || tab?.id === undefined || frameId !== 0 || documentLifecycle !== "active") return null;
  return origin && /^https?:/.test(origin) ? { tab: tab.id, origin, document: documentId } : null;
}
