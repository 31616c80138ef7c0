/**
 * Requests to relay as its owner. The browser adds the cookie; the token is added here, which no other site can do.
 */

const TOKEN_KEY = "relay.admin.token";
const TOKEN_HEADER = "x-relay-token";

/** relay said no, or nothing at all (`status` 0). */
export class Refused extends Error {
  /**
   * @param {number} status
   * @param {string} message
   */
  constructor(status, message) {
    super(message);
    this.name = "Refused";
    this.status = status;
  }
}

export class Api {
  /**
   * @param {typeof fetch} fetcher
   * @param {Pick<Storage, "getItem" | "setItem" | "removeItem">} store Shared by this origin's tabs.
   */
  constructor(fetcher, store) {
    this.fetcher = fetcher;
    this.store = store;
  }

  get signedIn() {
    return this.store.getItem(TOKEN_KEY) !== null;
  }

  /** @param {string} code */
  async signIn(code) {
    const { token } = await this.#ask("POST", "/api/admin/sign-in", { code });
    this.store.setItem(TOKEN_KEY, token);
  }

  async signOut() {
    try {
      await this.#ask("POST", "/api/admin/sign-out", {});
    } finally {
      this.forget();
    }
  }

  /** Do not count as signed in any more. */
  forget() {
    this.store.removeItem(TOKEN_KEY);
  }

  /** @returns {Promise<import("./words.js").Session[]>} */
  async sessions() {
    return (await this.#ask("GET", "/api/sessions")).sessions;
  }

  /** @param {string} account */
  async restart(account) {
    await this.#ask("POST", `${path(account)}/restart`, {});
  }

  /** @param {string} account */
  async remove(account) {
    await this.#ask("DELETE", path(account));
  }

  /**
   * @param {string} account
   * @param {string} viewing
   * @param {import("./gestures.js").Gesture[]} events
   */
  async input(account, viewing, events) {
    await this.#ask("POST", `${path(account)}/input`, { viewing, events });
  }

  /**
   * @param {string} account
   * @param {string} viewing
   * @returns {Promise<string>} what is selected in the page
   */
  async copy(account, viewing) {
    return (await this.#ask("POST", `${path(account)}/copy`, { viewing })).text;
  }

  /**
   * @param {string} account
   * @param {AbortSignal} signal
   * @returns {Promise<ReadableStream<Uint8Array>>}
   */
  async screen(account, signal) {
    const response = await this.#fetch("GET", `${path(account)}/screen`, undefined, signal);
    if (response.body === null) throw new Refused(0, "relay sent nothing.");
    return response.body;
  }

  /**
   * @param {string} method
   * @param {string} where
   * @param {object} [body]
   * @returns {Promise<any>}
   */
  async #ask(method, where, body) {
    return (await this.#fetch(method, where, body)).json();
  }

  /**
   * @param {string} method
   * @param {string} where
   * @param {object} [body]
   * @param {AbortSignal} [signal]
   */
  async #fetch(method, where, body, signal) {
    /** @type {Record<string, string>} */
    const headers = { [TOKEN_HEADER]: this.store.getItem(TOKEN_KEY) ?? "" };
    if (body !== undefined) headers["content-type"] = "application/json";
    /** @type {RequestInit} */
    const request = { method, headers, cache: "no-store", credentials: "same-origin" };
    if (body !== undefined) request.body = JSON.stringify(body);
    if (signal !== undefined) request.signal = signal;
    const response = await this.#reach(where, request);
    if (response.ok) return response;
    throw new Refused(response.status, await problemOf(response));
  }

  /**
   * @param {string} where
   * @param {RequestInit} request
   */
  async #reach(where, request) {
    try {
      const { fetcher } = this;
      return await fetcher(where, request);
    } catch (error) {
      if (request.signal?.aborted === true) throw error;
      throw new Refused(0, "relay does not answer. Is it still running?");
    }
  }
}

/** @param {string} account */
function path(account) {
  return `/api/accounts/${encodeURIComponent(account)}`;
}

/**
 * @param {Response} response
 * @returns {Promise<string>}
 */
async function problemOf(response) {
  try {
    return String((await response.json()).error.message);
  } catch {
    return `relay answered ${response.status}.`;
  }
}
