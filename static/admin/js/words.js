/**
 * A session as a person reads it.
 */

/**
 * @typedef {object} Session What `GET /api/sessions` lists.
 * @property {string | null} id
 * @property {"page" | "extension" | "headless"} kind
 * @property {string | null} name Of a headless account.
 * @property {string | null} account Who is signed in.
 * @property {string} adapter
 * @property {string} site
 * @property {string | null} credential
 * @property {string} state
 * @property {string | null} reason
 * @property {string | null} since
 * @property {string | null} detail
 * @property {string | null} action What the person should do.
 * @property {number} in_flight
 * @property {number} concurrency
 * @property {number} served
 * @property {number} rest_seconds
 * @property {{kind: string, message: string, at: string} | null} last_error
 * @property {string[]} models
 * @property {string} version
 * @property {number | null} memory_bytes
 * @property {number} restarts
 *
 * @typedef {"ready" | "working" | "attention" | "offline"} Tone
 */

/** @type {Record<string, [Tone, string]>} */
const STATES = {
  ready: ["ready", "Ready"],
  busy: ["ready", "Busy"],
  starting: ["working", "Starting"],
  login_required: ["attention", "Not signed in"],
  blocked: ["attention", "Blocked"],
  site_changed: ["attention", "The site has changed"],
  unavailable: ["offline", "Does not work"],
  offline: ["offline", "Offline"],
};

/** @type {Record<string, string>} */
const REASONS = { captcha: "Captcha", consent: "Consent wanted", limit: "Limit reached", verification: "Confirmation wanted" };

const KINDS = { page: "relay’s page", extension: "extension", headless: "headless browser" };

const PASSING = ["busy", "starting"];
const NEEDS = ["login_required", "blocked", "site_changed"];

/**
 * @param {Session} session
 * @param {number} now
 * @returns {{tone: Tone, words: string}}
 */
export function stateOf({ state, reason, since }, now) {
  const [tone, words] = STATES[state] ?? ["offline", state];
  const named = (state === "blocked" ? REASONS[reason ?? ""] : undefined) ?? words;
  // How long it was ready before it got busy, or is starting already, tells nobody anything.
  return { tone, words: PASSING.includes(state) ? named : `${named} ${sinceWords(since, now)}`.trim() };
}

/**
 * @param {Session} session
 * @returns {{screen: boolean, wanted: boolean, restart: string}} whether there is a screen to open, whether a person
 *   should, and what the button is called that starts the browser anew
 */
export function offersOf({ state }) {
  const gone = state === "offline" || state === "unavailable";
  return { screen: !gone, wanted: NEEDS.includes(state), restart: gone ? "Start" : "Restart" };
}

/** @param {Session} session */
export function titleOf({ name, account, site }) {
  const who = [name, account === name ? null : account].filter((word) => word !== null && word !== "");
  return who.length === 0 ? site : `${who.join(" · ")} on ${site}`;
}

/** @param {Session} session */
export function keyOf({ id, name, credential }) {
  return name === null ? `session ${id} ${credential ?? ""}` : `account ${name}`;
}

/**
 * @param {Session} session
 * @returns {[string, string][]} names and values, of those that say something
 */
export function factsOf({ kind, adapter, models, in_flight: running, concurrency, served, memory_bytes: bytes, restarts, version, rest_seconds: rest }) {
  /** @type {[string, string][]} */
  const facts = [
    ["By", version === "" ? KINDS[kind] : `${KINDS[kind]} ${version}`],
    ["Adapter", adapter],
  ];
  if (models.length > 0) facts.push(["Models", models.length === 1 ? (models[0] ?? "") : String(models.length)]);
  if (concurrency > 0) facts.push(["Calls", `${running} of ${concurrency} running, ${served} done`]);
  if (rest > 0) facts.push(["Resting", `for ${rest} s, as the site asks`]);
  if (bytes !== null) facts.push(["Memory", `${Math.round(bytes / 1e6)} MB`]);
  if (restarts > 0) facts.push(["Restarts", String(restarts)]);
  return facts;
}

/**
 * @param {string | null} since
 * @param {number} now In milliseconds.
 * @returns {string} such as `for 3 min`
 */
export function sinceWords(since, now) {
  if (since === null) return "";
  const seconds = Math.max(0, (now - Date.parse(since)) / 1000);
  if (seconds < 60) return "for less than a minute";
  if (seconds < 3600) return `for ${Math.floor(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `for ${Math.floor(seconds / 3600)} h`;
  return `for ${Math.floor(seconds / 86_400)} days`;
}

/**
 * @param {Session[]} sessions
 * @returns {{tone: Tone, title: string, text: string}}
 */
export function summaryOf(sessions) {
  const waiting = sessions.filter(({ state }) => NEEDS.includes(state)).length;
  const able = sessions.filter(({ state }) => state === "ready" || state === "busy").length;
  const away = sessions.filter(({ state }) => state === "offline").length;
  const here = sessions.length - away;
  const text = [...(here > 0 ? [`${able} of ${here} can answer.`] : []), ...(away > 0 ? [`${away} offline.`] : [])].join(" ");
  if (sessions.length === 0) {
    const how = "Open relay’s page, connect a tab with the extension, or add a headless account: relay login --name NAME";
    return { tone: "offline", title: "No sessions yet", text: how };
  }
  if (waiting > 0) return { tone: "attention", title: waiting === 1 ? "One session needs you" : `${waiting} sessions need you`, text };
  if (able === 0) return { tone: "working", title: "No session is ready", text };
  return { tone: "ready", title: "All is well", text };
}

/**
 * @param {string} url Of the page that is shown.
 * @returns {string} whom a person deals with there
 */
export function hostOf(url) {
  return (URL.canParse(url) && new URL(url).host) || "the site it shows";
}
