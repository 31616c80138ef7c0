/**
 * The condition of a page: signed in or not, wanting something of a person, usable by its best way.
 */

import { loginOf, lookAt } from "./look.js";

/**
 * @typedef {import("../frames.js").Account} Account
 * @typedef {import("./site.js").Site} Site
 * @typedef {import("./site.js").Way} Way
 * @typedef {import("./ways.js").Ways} Ways
 * @typedef {import("./look.js").Look & {account?: Account}} Look
 */

/** How long a page may take to begin, and to say what its state is. */
const PAGE_MS = 10_000;
/** How long a refused login is believed to be gone when the page does not show who is signed in. */
const REFUSED_MS = 60_000;
/** When a page has not gone by then, it stays. */
const LEAVES_MS = 10_000;
const LONGEST_DETAIL = 4096;
const STATES = new Set(["starting", "ready", "login_required", "blocked", "unavailable"]);
const REASONS = new Set(["captcha", "consent", "limit", "verification"]);

/** Looks at one page. */
export class Condition {
  #site;
  #ways;
  #since;
  /** @type {{detail: string, until: number} | null} */ #leaving = null;
  /** @type {{login: string | null | undefined, until: number} | null} */ #refused = null;

  /**
   * @param {Site} site
   * @param {Ways} ways
   */
  constructor(site, ways) {
    this.#site = site;
    this.#ways = ways;
    this.#since = site.now();
  }

  /**
   * The page goes to another address, and this code ends with it.
   * @param {string} why
   */
  leave(why) {
    this.#leaving = { detail: why, until: this.#site.now() + LEAVES_MS };
  }

  /** Whether the site has refused the login, and nothing has shown since that it takes it again. */
  get refused() {
    return this.#refused !== null;
  }

  /** The site does not take the login. */
  refuse() {
    this.#refused = { login: loginOf(this.#site), until: this.#site.now() + REFUSED_MS };
  }

  /** The site takes the login. */
  accept() {
    this.#refused = null;
  }

  /** Give the page its time again. */
  restart() {
    this.#since = this.#site.now();
    this.accept();
  }

  /** @returns {Promise<Look>} */
  async look() {
    if (this.#leaving && this.#site.now() < this.#leaving.until) return { state: "starting", detail: this.#leaving.detail };
    const login = loginOf(this.#site);
    const look = lookAt(this.#site, { since: this.#since, login });
    if (look.state !== "ready") return look;
    if (this.#isRefused(login)) {
      return { state: "login_required", detail: "The login has expired. Sign in again on the site." };
    }
    await this.#ways.mend();
    const way = this.#ways.best;
    if (!way) return { state: "site_changed", detail: this.#ways.detail };
    const ready = { state: /** @type {const} */ ("ready"), detail: this.#ways.detail };
    return (await this.#lookAtWay(way)) ?? (await this.#said()) ?? ready;
  }

  /** @param {string | null | undefined} login */
  #isRefused(login) {
    if (!this.#refused || this.#refused.login !== login) return false;
    return login !== undefined || this.#site.now() < this.#refused.until;
  }

  /**
   * @param {Way} way
   * @returns {Promise<Look | null>}
   */
  async #lookAtWay(way) {
    if (way.page) {
      const look = this.#site.dom().status();
      if (look.state !== "ready") return look;
    }
    let why;
    try {
      why = await way.missing();
    } catch (error) {
      why = error instanceof Error ? error.message : "The page cannot be asked.";
    }
    if (why === null) return null;
    const young = this.#site.document.readyState !== "complete" || this.#site.now() - this.#since < PAGE_MS;
    return young ? { state: "starting" } : { state: "unavailable", detail: why };
  }

  /**
   * What the page itself says of its state.
   * @returns {Promise<Look | null>}
   */
  async #said() {
    const { status } = this.#site.description;
    if (!status) return null;
    try {
      const agent = await this.#site.agent();
      const found = /** @type {any} */ (await agent.read(status.path));
      return found?.callable ? stateOf(await agent.call(status.path, [], { timeout: PAGE_MS })) : null;
    } catch (error) {
      const why = error instanceof Error ? error.message : "";
      return { state: "unavailable", detail: `The page's ${status.path} failed: ${why}` };
    }
  }
}

/**
 * What a page says of its state, as far as it is a state.
 * @param {any} said
 * @returns {Look | null}
 */
function stateOf(said) {
  if (!STATES.has(said?.state)) return null;
  const { state, reason, detail, account } = said;
  return {
    state,
    ...(typeof detail === "string" ? { detail: detail.slice(0, LONGEST_DETAIL) } : {}),
    ...(state === "blocked" && REASONS.has(reason) ? { reason } : {}),
    ...(typeof account?.id === "string" && account.id
      ? { account: { id: account.id, ...(typeof account.label === "string" ? { label: account.label } : {}) } }
      : {}),
  };
}
