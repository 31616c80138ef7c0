/**
 * What the page is told and what it remembers: the one-time code of its address, relay's `page.json`, and the few
 * things kept in `localStorage`.
 */

/**
 * @typedef {"puter" | "prompt-api" | "demo"} AdapterName
 *
 * @typedef {object} PuterConfig
 * @property {string} sdk Address of puter.js.
 * @property {string} api_origin
 * @property {string} gui_origin Where the sign-in window is opened.
 * @property {import("../../extension/bridge/adapters/puter.js").Way} way
 *
 * @typedef {object} PageConfig What relay serves as `/page.json`.
 * @property {string} bridge_url
 * @property {string} version
 * @property {string} default_model
 * @property {string} base_url
 * @property {boolean} demo
 * @property {PuterConfig} puter
 *
 * @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem">} Store
 */

/** @type {readonly AdapterName[]} */
const ADAPTERS = ["puter", "prompt-api", "demo"];

/** Where the bridge credential is kept; other tabs hear of a change. */
export const TOKEN_KEY = "relay.bridge.token";
const CODE = /^[A-Z0-9-]{1,64}$/;
const ADAPTER = "relay.adapter";
const MODEL = "relay.model";

/**
 * Take the pairing code out of the address, so that neither history nor a later script can read it.
 *
 * @param {Pick<Location, "hash" | "pathname" | "search">} location
 * @param {Pick<History, "replaceState">} history
 * @returns {string | undefined}
 */
export function takeCode(location, history) {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (code === null) return undefined;
  history.replaceState(null, "", location.pathname + location.search);
  return cleanCode(code) || undefined;
}

/**
 * Return `text` as a pairing code is written; a person may paste it with spaces, in small letters, or as the whole link.
 *
 * @param {string} text
 * @returns {string} empty for what cannot be a code
 */
export function cleanCode(text) {
  const code = text.includes("code=") ? text.slice(text.lastIndexOf("code=") + "code=".length) : text;
  const written = code.replace(/\s+/g, "").toUpperCase();
  return CODE.test(written) ? written : "";
}

/**
 * @param {string | undefined} word
 * @returns {AdapterName} Puter for a name that no adapter has
 */
export function adapterNamed(word) {
  return ADAPTERS.find((name) => name === word) ?? "puter";
}

/**
 * @param {typeof fetch} fetcher
 * @returns {Promise<PageConfig>}
 */
export async function loadConfig(fetcher) {
  const response = await fetcher("/page.json", { cache: "no-store" });
  if (!response.ok) throw new Error(`relay answered ${response.status} for page.json`);
  return response.json();
}

/** Whether relay itself runs this browser: it sets the mark before any script of the page. */
export function isHeadless() {
  return /** @type {{relayHeadless?: unknown}} */ (globalThis).relayHeadless === true;
}

/** What the page keeps between visits. A store that refuses (full, or switched off) costs only the remembering. */
export class Memory {
  /** @param {Store} store */
  constructor(store) {
    this.store = store;
  }

  /** The bridge credential that relay gave for a pairing code. */
  get token() {
    return this.#read(TOKEN_KEY);
  }

  set token(value) {
    this.#write(TOKEN_KEY, value);
  }

  /** The model that the person chose to paste. */
  get model() {
    return this.#read(MODEL);
  }

  set model(value) {
    this.#write(MODEL, value);
  }

  /**
   * The adapter to start with: a relay in demo mode starts in demo, whatever was chosen before.
   *
   * @param {boolean} demo
   * @returns {AdapterName}
   */
  adapter(demo) {
    if (demo) return "demo";
    return adapterNamed(this.#read(ADAPTER));
  }

  /** @param {AdapterName} name */
  rememberAdapter(name) {
    this.#write(ADAPTER, name);
  }

  /** @param {string} key */
  #read(key) {
    try {
      return this.store.getItem(key) ?? undefined;
    } catch {
      return undefined;
    }
  }

  /**
   * @param {string} key
   * @param {string | undefined} value
   */
  #write(key, value) {
    try {
      if (value === undefined) this.store.removeItem(key);
      else this.store.setItem(key, value);
    } catch {
      // Nothing to do: the page works on, and asks again next time.
    }
  }
}
