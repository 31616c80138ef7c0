/**
 * From what the page knows to the one thing a person should read: pure, so that every state can be tested.
 */

/**
 * @typedef {import("../../extension/bridge/frames.js").SessionState} ChatState
 *
 * @typedef {"unpaired" | "elsewhere" | "connecting" | "connected" | "leaving" | "waiting" | "refused" | "outdated"} LinkPhase
 *   `elsewhere`: another tab of this browser holds the connection; `leaving`: relay has said goodbye; `waiting`: between
 *   two attempts; `refused`: relay does not know this page; `outdated`: relay speaks another version of the protocol.
 *
 * @typedef {object} Snapshot
 * @property {LinkPhase} link
 * @property {string} linkDetail Why the connection ended, in relay's words; or empty.
 * @property {ChatState} chat
 * @property {string} chatDetail In the site's words; or empty.
 * @property {boolean} downloadable The chat lacks only a download.
 * @property {boolean} signsIn Whether a person signs in on this page (else the adapter has no account).
 * @property {boolean} expired There is a login, but the site no longer takes it.
 * @property {boolean} demo
 *
 * @typedef {"ready" | "working" | "attention" | "offline"} Tone
 * @typedef {"pair" | "sign-in" | "retry" | "download" | "reconnect" | "use-here" | "reload"} Action
 *
 * @typedef {object} Headline
 * @property {Tone} tone Also the name of the icon.
 * @property {string} title
 * @property {string} text
 * @property {Action[]} actions What the person can do about it.
 * @property {string} short For the window's title.
 */

const SIGN_IN = "relay is connected. It answers calls with your own account; the login stays in this browser.";
const SIGN_IN_AGAIN = "The login has expired. Calls fail until you sign in again.";
const KEEP_OPEN = "Keep this tab open: it answers the calls, also when it is hidden.";

/** @type {Headline} */
const DOWNLOAD = {
  tone: "attention",
  title: "Download the model to continue",
  text: "The browser fetches it once and keeps it: some gigabytes.",
  actions: ["download"],
  short: "download the model",
};

/** Shown when the browser lets the page keep neither its credential nor a login. @type {Headline} */
export const NO_STORAGE = {
  tone: "offline",
  title: "This browser stores nothing for this page",
  text: "relay keeps the pairing and the login here. Allow cookies and site data for this address, then reload this page.",
  actions: ["reload"],
  short: "storage is blocked",
};

/** Shown when relay does not even serve its settings. @type {Headline} */
export const UNREACHABLE = {
  tone: "offline",
  title: "relay does not answer",
  text: "Start it in a terminal with “relay”, then reload this page.",
  actions: ["reload"],
  short: "relay is not running",
};

/**
 * Return what to show for `snapshot`.
 *
 * @param {Snapshot} snapshot
 * @returns {Headline}
 */
export function headline(snapshot) {
  return linkTrouble(snapshot) ?? chatHeadline(snapshot);
}

/**
 * @param {Snapshot} snapshot
 * @returns {Headline | undefined} nothing when the link is up
 */
function linkTrouble({ link, linkDetail, chat }) {
  /** @type {Action[]} */
  const signIn = chat === "login_required" ? ["sign-in"] : [];
  switch (link) {
    case "connected":
      return undefined;
    case "unpaired":
      return {
        tone: "attention",
        title: "This page is not paired",
        text: "Run “relay pair” in a terminal and open the link it prints, or paste its code here.",
        actions: ["pair"],
        short: "not paired",
      };
    case "refused":
      return {
        tone: "attention",
        title: "relay does not accept this page",
        text: linkDetail || "Run “relay pair” in a terminal and open the link it prints, or paste its code here.",
        actions: ["pair"],
        short: "not accepted",
      };
    case "outdated":
      return {
        tone: "attention",
        title: "This page and relay have different versions",
        text: `${sentence(linkDetail)} Reload this page to get the one that fits.`,
        actions: ["reload"],
        short: "reload this page",
      };
    case "elsewhere":
      return {
        tone: "attention",
        title: "Another copy of this page is connected",
        text: "One tab is enough. This one takes over by itself when the other is closed.",
        actions: ["use-here"],
        short: "open in another tab",
      };
    case "connecting":
      return { tone: "working", title: "Connecting to relay…", text: "", actions: signIn, short: "connecting" };
    case "leaving":
      return { tone: "offline", title: "relay is stopping", text: sentence(linkDetail), actions: [], short: "stopping" };
    case "waiting":
      return {
        tone: "offline",
        title: "Not connected to relay",
        text: `${sentence(linkDetail || "relay cannot be reached")} This page connects by itself as soon as relay runs again.`,
        actions: [...signIn, "reconnect"],
        short: "not connected",
      };
  }
}

/**
 * @param {Snapshot} snapshot
 * @returns {Headline}
 */
function chatHeadline({ chat, chatDetail, downloadable, signsIn, expired, demo }) {
  switch (chat) {
    case "starting":
      return { tone: "working", title: "Starting…", text: chatDetail, actions: [], short: "starting" };
    case "ready":
      return {
        tone: "ready",
        title: demo ? "Connected and ready (demo)" : "Connected and ready",
        text: KEEP_OPEN,
        actions: [],
        short: demo ? "ready (demo)" : "ready",
      };
    case "login_required":
      return {
        tone: "attention",
        title: expired ? "Sign in again" : "Sign in to continue",
        // What the chat says is for relay's callers, and sends them to this very page.
        text: !signsIn ? chatDetail : expired ? SIGN_IN_AGAIN : SIGN_IN,
        actions: signsIn ? ["sign-in"] : [],
        short: "sign in",
      };
    case "blocked":
      return {
        tone: "attention",
        title: "The site asks for something",
        text: chatDetail || "Open the site in another tab and do what it asks, then try again.",
        actions: ["retry"],
        short: "needs you",
      };
    case "site_changed":
      return {
        tone: "attention",
        title: "The site has changed",
        text: chatDetail || "It no longer looks the way relay knows it. Try again, or update relay.",
        actions: ["retry"],
        short: "site changed",
      };
    case "unavailable":
      if (downloadable) return DOWNLOAD;
      return {
        tone: "offline",
        title: "This chat is not available here",
        text: chatDetail || "Choose another one below.",
        actions: ["retry"],
        short: "chat not available",
      };
  }
}

/** @param {string} text */
function sentence(text) {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  const named = text.startsWith("relay") ? text : capital;
  return /[.!?]$/.test(named) ? named : `${named}.`;
}

/**
 * The title of the window: the state is readable in the row of tabs.
 *
 * @param {Headline} shown
 * @param {number} running Calls in progress.
 * @returns {string}
 */
export function windowTitle({ tone, short }, running) {
  const light = tone === "ready" ? "●" : tone === "working" ? "◌" : "○";
  return `${light} relay: ${running > 0 && tone === "ready" ? `${running} running` : short}`;
}
