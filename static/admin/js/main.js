/**
 * The admin page: signed out, the list of sessions, or the screen of one account, as the address says.
 */

import { byId, onClick, setTextOf, show } from "../../js/dom.js";
import { Refused } from "./api.js";
import { readLink, screenHash, shownAccount, takeLink } from "./link.js";
import { ScreenView } from "./screen_view.js";
import { SessionsView } from "./sessions_view.js";

const POLL_MS = 2000;
const UNAUTHORISED = 401;
const UNREACHABLE = 0;

/** @typedef {"signed-out" | "sessions-view" | "screen-view"} View */

export class AdminPage {
  /** @param {import("./api.js").Api} api */
  constructor(api) {
    this.api = api;
    this.sessions = new SessionsView({
      restart: (account) => this.#tried(() => this.api.restart(account)),
      remove: (account) => this.#remove(account),
    });
    this.screen = new ScreenView(api);
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.next = undefined;
  }

  /** @param {import("./link.js").Link | undefined} link What the page was opened with. */
  async start(link) {
    this.#wire();
    if (link !== undefined) await this.#enter(link);
    else this.#route();
  }

  #wire() {
    window.addEventListener("hashchange", () => {
      const link = takeLink(location, history);
      if (link !== undefined) void this.#enter(link);
      else this.#route();
    });
    document.addEventListener("visibilitychange", () => this.#poll());
    // Another tab signed in or out.
    window.addEventListener("storage", () => this.#route());
    byId("sign-in", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      const field = byId("code", HTMLInputElement);
      const link = readLink(field.value.trim());
      field.value = "";
      if (link === undefined) setTextOf("code-problem", "Paste the link that “relay admin” printed.");
      else void this.#enter(link);
    });
    onClick("sign-out", () => void this.#leave());
    byId("leave", HTMLAnchorElement).addEventListener("click", (event) => {
      event.preventDefault();
      history.pushState(null, "", location.pathname);
      this.#route();
    });
  }

  /** @param {import("./link.js").Link} link */
  async #enter({ code, account }) {
    setTextOf("code-problem", "");
    try {
      await this.api.signIn(code);
      if (account !== undefined) history.replaceState(null, "", screenHash(account));
    } catch (error) {
      setTextOf("code-problem", error instanceof Error ? error.message : "That did not work.");
    }
    this.#route();
  }

  async #leave() {
    await this.api.signOut().catch(() => undefined);
    this.#route();
  }

  /** Show what the address says. */
  #route() {
    const account = shownAccount(location.hash);
    if (!this.api.signedIn) this.#show("signed-out");
    else if (account === undefined) this.#show("sessions-view");
    else {
      this.#show("screen-view");
      this.screen.open(account);
    }
    this.#poll();
  }

  /** @param {View} view */
  #show(view) {
    for (const name of /** @type {View[]} */ (["signed-out", "sessions-view", "screen-view"])) show(name, name === view);
    show("sign-out", view !== "signed-out");
    if (view !== "screen-view") this.screen.close();
  }

  /** Ask for the sessions now, and again and again while somebody looks. */
  #poll() {
    clearTimeout(this.next);
    if (this.api.signedIn && !document.hidden) void this.#list();
  }

  async #list() {
    try {
      this.sessions.paint(await this.api.sessions(), Date.now());
    } catch (error) {
      this.#failed(error);
    }
    clearTimeout(this.next);
    if (this.api.signedIn && !document.hidden) this.next = setTimeout(() => void this.#list(), POLL_MS);
  }

  /** @param {string} account */
  async #remove(account) {
    setTextOf("confirm-text", `Remove ${account}? relay forgets its login and closes its browser.`);
    const dialog = byId("confirm", HTMLDialogElement);
    dialog.returnValue = "no";
    dialog.showModal();
    await new Promise((resolve) => void dialog.addEventListener("close", resolve, { once: true }));
    if (dialog.returnValue === "yes") await this.#tried(() => this.api.remove(account));
  }

  /** @param {() => Promise<void>} act */
  async #tried(act) {
    try {
      await act();
      this.#poll();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** @param {unknown} error */
  #failed(error) {
    if (error instanceof Refused && error.status === UNAUTHORISED) {
      this.api.forget();
      this.#route();
      return;
    }
    const words = error instanceof Error ? error.message : String(error);
    if (error instanceof Refused && error.status === UNREACHABLE) this.sessions.paintUnreachable(words);
    else this.sessions.paintProblem(words);
  }
}
