/**
 * What the worker knows, in a form that outlives it: a worker is stopped after half a minute of quiet.
 *
 * `local` lasts; `session` ends with the browser and holds what belongs to its tabs. Both are readable by the extension
 * alone: content scripts are shut out.
 */

/**
 * @typedef {import("../bridge/site/description.js").SiteDescription} SiteDescription
 *
 * @typedef {object} Local
 * @property {(import("./pairing.js").Pairing & {refused?: boolean}) | null} pairing
 * @property {Record<string, {adapter: string}>} sites  By origin.
 * @property {{id: string, origin: string, paused: boolean}[]} seats
 * @property {Record<string, SiteDescription>} descriptions  The person's own, by id.
 *
 * @typedef {object} Session
 * @property {Record<string, Place>} places  By seat.
 * @property {number[]} bystanders  Tabs of connected sites that were there without a seat.
 * @property {Record<number, Lesson>} lessons  Tabs in which the person shows relay a site.
 * @property {Intention | null} intention
 *
 * @typedef {{tab: number, origin: string, teach: boolean, since: number}} Intention  What the person wants of a tab once
 *   its origin is allowed; `since` in milliseconds since the epoch.
 * @typedef {{origin: string, waiting: boolean, document?: string}} Lesson  `waiting`: for the page to be loaded anew;
 *   `document`: the page that it then began in.
 * @typedef {{tab: number, session: string | null, late: string | null}} Place  `late`: the document that was open before
 *   relay's script came.
 */

/** @returns {Local} */
const freshLocal = () => ({ pairing: null, sites: {}, seats: [], descriptions: {} });
/** @returns {Session} */
const freshSession = () => ({ places: {}, bystanders: [], lessons: {}, intention: null });

/** Change the fields, then `keep` them. */
export class Memory {
  #storage;

  /**
   * @param {Pick<typeof chrome.storage, "local" | "session">} storage
   * @param {Local} local
   * @param {Session} session
   */
  constructor(storage, local, session) {
    this.#storage = storage;
    this.local = local;
    this.session = session;
  }

  /** @param {Pick<typeof chrome.storage, "local" | "session">} storage */
  static async load(storage) {
    const trusted = /** @type {any} */ ("TRUSTED_CONTEXTS");
    // Old browsers know this of the session area only, where it is the rule anyway.
    await storage.local.setAccessLevel({ accessLevel: trusted }).catch(() => {});
    const [local, session] = await Promise.all([storage.local.get(freshLocal()), storage.session.get(freshSession())]);
    return new Memory(storage, /** @type {Local} */ (local), /** @type {Session} */ (session));
  }

  /**
   * @param {Local["pairing"]} pairing
   */
  pair(pairing) {
    this.local.pairing = pairing;
    this.keep("pairing");
  }

  /** @param {...(keyof Local | keyof Session)} names */
  keep(...names) {
    for (const name of names) {
      if (name in this.local) void this.#storage.local.set({ [name]: this.local[/** @type {keyof Local} */ (name)] });
      else void this.#storage.session.set({ [name]: this.session[/** @type {keyof Session} */ (name)] });
    }
  }
}
