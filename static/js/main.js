/**
 * Starts the session with what relay says and what the page remembers, and ties events to what they do.
 */

import { onOpened, openedWith } from "./opened.js";
import { Memory, TOKEN_KEY, adapterNamed, cleanCode, loadConfig } from "./config.js";
import { wireCopyButtons } from "./clipboard.js";
import { Display } from "./display.js";
import { byId, onClick, setTextOf } from "./dom.js";
import { readIcons } from "./icons.js";
import { LOGIN_KEY, followLogin, signIn, signOut } from "./sdk.js";
import { Session } from "./session.js";
import { claimTab } from "./tab.js";

/** How old what is known of the account may be when the person comes back to the page, and after calls. */
const FRESH_MS = 15_000;

/** @returns {Promise<void>} when the page is at work; it rejects, with nothing begun, if relay does not answer */
export async function main() {
  const memory = new Memory(localStorage);
  const config = await loadConfig(fetch);
  const code = openedWith();
  const session = new Session({
    config,
    memory,
    code,
    adapter: memory.adapter(config.demo),
    onchange: () => display.changed(),
  });
  const display = new Display(config, memory, () => session.view);
  wireCopyButtons();
  wirePairing(session);
  wireAccount(session);
  wireAdapter(session);
  onClick("reconnect", () => session.reconnect());
  onClick("retry", () => void session.refresh());
  wireDownload(session);
  wireTabs(session, code !== undefined);
  display.changed();
  // Without them the icons are fetched when they are shown.
  void readIcons(fetch).catch(() => undefined);
}

/** @param {Session} session */
function wirePairing(session) {
  byId("action-pair", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    const field = byId("code", HTMLInputElement);
    const code = cleanCode(field.value);
    setTextOf("code-problem", code === "" ? "Paste the code that “relay pair” printed." : "");
    if (code === "") return;
    field.value = "";
    session.pair(code);
  });
}

/** @param {Session} session */
function wireAccount(session) {
  const buttons = [byId("sign-in-temporary", HTMLButtonElement), byId("sign-in", HTMLButtonElement)];
  /** @param {boolean} pending A second click would open a second window. */
  const setPending = (pending) => {
    for (const button of buttons) button.disabled = pending;
  };
  /** @param {boolean} temporary */
  const enter = async (temporary) => {
    setTextOf("sign-in-problem", "");
    setPending(true);
    const problem = await signIn({ temporary });
    setPending(false);
    setTextOf("sign-in-problem", problem ?? "");
    await session.refresh();
  };
  onClick("sign-in-temporary", () => void enter(true));
  onClick("sign-in", () => void enter(false));
  onClick("sign-out", () => {
    signOut();
    void session.refresh();
  });
  const comeBack = () => void (document.hidden || session.refresh(FRESH_MS));
  window.addEventListener("focus", comeBack);
  document.addEventListener("visibilitychange", comeBack);
}

/** @param {Session} session */
function wireDownload(session) {
  const download = async () => {
    setTextOf("download-problem", "");
    const problem = await session.download();
    setTextOf("download-problem", problem ?? "");
  };
  onClick("download", () => void download());
}

/** @param {Session} session */
function wireAdapter(session) {
  const choice = byId("adapter", HTMLSelectElement);
  choice.value = session.adapter;
  choice.addEventListener("change", () => session.use(adapterNamed(choice.value)));
}

/**
 * @param {Session} session
 * @param {boolean} takeOver Whoever opens the link of `relay pair` wants that page, not one forgotten behind it.
 */
function wireTabs(session, takeOver) {
  const { take } = claimTab({
    takeOver,
    held: () => session.allow(true),
    elsewhere: () => session.allow(false),
  });
  onClick("use-here", take);
  onOpened(() => {
    const code = openedWith();
    if (code === undefined) return;
    setTextOf("code-problem", "");
    session.pair(code);
    take();
  });
  window.addEventListener("storage", ({ key, newValue }) => {
    // Without a key everything was cleared: https://html.spec.whatwg.org/multipage/webstorage.html#dom-storage-clear
    if (key === TOKEN_KEY || key === null) session.followPairing();
    if (key === LOGIN_KEY || key === null) {
      followLogin(newValue);
      void session.refresh();
    }
  });
}
