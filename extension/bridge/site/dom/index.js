/**
 * The DOM way: a chat is written to and read like a person does it, by what a site description says of its page.
 *
 * Nothing here relies on animation frames or fast timers, so hidden tabs work as long as the page itself draws there.
 */

import { AdapterError } from "../../adapter.js";
import { Answers } from "./answers.js";
import { attach } from "./attach.js";
import { Composer } from "./composer.js";
import { open } from "./conversation.js";
import { choose, offered } from "./picker.js";
import { click } from "./press.js";
import { Readers, readAnswer } from "./reading.js";
import { all, pressable, seen, visible } from "./select.js";
import { Watch, timer } from "./watch.js";

/**
 * @typedef {import("./description.js").DomDescription} DomDescription
 * @typedef {import("./description.js").BlockedDescription} BlockedDescription
 * @typedef {import("./attach.js").Attachment} Attachment
 *
 * @typedef {object} DomChatOptions
 * @property {Document} document
 * @property {DomDescription} dom
 * @property {import("./description.js").LoginDescription | null} [login]
 * @property {readonly BlockedDescription[] | null} [blocked]
 * @property {{selector?: string} | null} [ready]
 * @property {import("./description.js").ConversationDescription | null} [conversation]
 * @property {import("./watch.js").Sleep} [sleep]  A timer that hidden tabs do not slow, if there is one.
 *
 * @typedef {object} DomStatus
 * @property {"ready" | "starting" | "login_required" | "blocked" | "site_changed"} state
 * @property {string} [detail]
 * @property {import("./description.js").BlockedReason} [reason]
 *
 * @typedef {{files?: readonly Attachment[], model?: string, newChat?: boolean, signal: AbortSignal}} SendOptions
 */

/** What a page may take to draw its composer before it counts as changed. */
const DRAWS_MS = 15_000;
const DRAWS_EMPTY_MS = 50;
const ENABLES_MS = 10_000;
const LEAVES_MS = 5000;
const STOPS_MS = 3000;
const OTHERS_MS = 60_000;
const LOOKS_MS = 1000;
const CLIP = 300;

/** One chat page. One call at a time. */
export class DomChat {
  #document;
  #dom;
  #options;
  #watch;
  #composer;
  #answers;
  #opened = Date.now();
  /** Where the button is there without a text to send too, its absence means that an answer is written. */
  #sendStays = false;
  /** Whether the page may still be writing an answer that its call has left. */
  #left = false;
  /** @type {Set<Element>} */ #errors = new Set();
  /** @type {Set<Element>} */ #thought = new Set();

  /** @param {DomChatOptions} options */
  constructor(options) {
    const { document, dom } = options;
    this.#options = options;
    this.#document = document;
    this.#dom = dom;
    this.#watch = new Watch(document, options.sleep);
    this.#composer = new Composer(document, dom.composer, this.#watch);
    const readers = new Readers(dom, this.#watch);
    this.#answers = new Answers(document, dom, (answer) => {
      readers.forget();
      return readers.text.read(answer);
    });
  }

  /**
   * Call `listener` with what the page shows of itself, now and after every change; the value ends it.
   * @param {(status: DomStatus) => void} listener
   * @returns {() => void}
   */
  onstatus(listener) {
    const done = new AbortController();
    void this.#tell(listener, done.signal);
    return () => done.abort();
  }

  /**
   * What the page shows of itself.
   * @returns {DomStatus}
   */
  status() {
    const { login, ready } = this.#options;
    if (seen(this.#document, login?.out)) return { state: "login_required", detail: "The page asks to sign in." };
    const blocked = this.#blocked();
    if (blocked) return { state: "blocked", reason: blocked.reason, ...(blocked.detail ? { detail: blocked.detail } : {}) };
    if (login?.in && !seen(this.#document, login.in)) return this.#missing("login_required", "Nobody is signed in on the page.");
    if (ready?.selector && !seen(this.#document, ready.selector))
      return this.#missing("site_changed", "The page never became ready as it used to.");
    if (!this.#composer.find())
      return this.#missing("site_changed", "The page has no composer where there used to be one.");
    return { state: "ready" };
  }

  /** Whether the page says that it is writing an answer. */
  busy() {
    const { stop, busy, send } = this.#dom;
    if (stop || busy) return seen(this.#document, stop) !== null || seen(this.#document, busy) !== null;
    // Many pages take no message while they answer one.
    if (this.#composer.find()?.matches(":disabled")) return true;
    return this.#sendStays && seen(this.#document, send) === null;
  }

  /**
   * Open a new or temporary chat, unless the open one is still empty. Throws `again` if the page is loaded anew for it.
   * @param {{signal: AbortSignal}} options
   */
  async fresh({ signal }) {
    const empty = () => this.#answers.none && !this.busy();
    const page = { document: this.#document, watch: this.#watch, empty };
    await open(page, this.#options.conversation ?? {}, { signal });
  }

  /**
   * The models of the picker; null if there is none.
   * @param {{signal: AbortSignal}} options
   */
  async models({ signal }) {
    const picker = this.#dom.model_picker;
    return picker ? offered({ document: this.#document, watch: this.#watch, picker, signal }) : null;
  }

  /**
   * Send a message. If this fails, nothing was sent. Then read {@link answer}.
   * @param {string} text
   * @param {SendOptions} options
   */
  async send(text, { files = [], model, newChat = false, signal }) {
    const page = { document: this.#document, dom: this.#dom, composer: this.#composer, watch: this.#watch, signal };
    if (newChat && this.#canLeave()) await this.fresh({ signal });
    await this.#idle(signal);
    if (newChat) await this.fresh({ signal });
    const picker = this.#dom.model_picker;
    if (model !== undefined && picker) await choose({ ...page, picker }, model);
    this.#watch.through(this.#dom.composer, this.#dom.send, this.#dom.stop, this.#dom.answer, this.#dom.thinking);
    this.#composer.clear();
    this.#sendStays = await this.#showsSend(signal);
    await attach(files, page);
    await this.#composer.write(text, signal);
    this.#answers.remember();
    this.#errors = new Set(all(this.#document, this.#dom.error));
    this.#thought = new Set(all(this.#document, this.#dom.thinking));
    await this.#leave(text.replace(/\r\n?/g, "\n"), signal);
  }

  /**
   * The answer to what was sent, in parts as they become certain. Ends when it is whole; leaving early, or an abort,
   * stops the page's work.
   * @param {{signal: AbortSignal}} options
   * @returns {AsyncGenerator<import("../../frames.js").Part, void, void>}
   */
  async *answer({ signal }) {
    const page = {
      document: this.#document,
      dom: this.#dom,
      watch: this.#watch,
      fresh: () => this.#fresh(),
      busy: () => this.busy(),
      trouble: () => this.#trouble(),
    };
    let whole = false;
    try {
      yield* readAnswer(page, { signal, thought: this.#thought });
      whole = true;
    } finally {
      if (!whole) await this.stop();
    }
  }

  /**
   * Press the stop button; whether the page has stopped.
   * @returns {Promise<boolean>}
   */
  async stop() {
    this.#left = true;
    for (let tries = 0; tries < 2 && this.#dom.stop && this.busy(); tries += 1) {
      const button = pressable(this.#document, this.#dom.stop);
      if (button) click(button);
      if (await this.#watch.until(() => !this.busy(), { ms: STOPS_MS })) return true;
    }
    return !this.busy();
  }

  /**
   * @param {(status: DomStatus) => void} listener
   * @param {AbortSignal} signal
   */
  async #tell(listener, signal) {
    const sleep = this.#options.sleep ?? timer;
    for (let last = ""; !signal.aborted; await sleep(LOOKS_MS, signal)) {
      const status = this.status();
      const said = JSON.stringify(status);
      if (said !== last) listener(status);
      last = said;
    }
  }

  /** Nobody waits for an answer that was left and could not be stopped: a new chat is as good. */
  #canLeave() {
    const { temporary, new: opening = temporary } = this.#options.conversation ?? {};
    if (!this.#left || !this.busy() || !opening) return false;
    return "url" in opening || pressable(this.#document, opening.click) !== null;
  }

  /** @param {AbortSignal} signal */
  async #idle(signal) {
    if (!(await this.#watch.until(() => !this.busy(), { ms: OTHERS_MS, signal })))
      throw new AdapterError("upstream", "The chat is still busy with an earlier answer.");
    this.#left = false;
    const { state, detail = "The page cannot be used now." } = this.status();
    if (state === "ready") return;
    throw new AdapterError(state === "starting" ? "upstream" : state, detail);
  }

  /**
   * Press the button or Enter, and the other one if the message stays.
   * @param {string} text
   * @param {AbortSignal} signal
   */
  async #leave(text, signal) {
    const left = () => !this.#composer.holds(text) || this.busy() || this.#answers.asked() || this.#fresh().length > 0;
    const enter = async () => this.#composer.press("Enter");
    const button = () => this.#pressSend(signal);
    for (const press of this.#dom.send ? [button, enter] : [enter]) {
      await press();
      if (await this.#watch.until(left, { ms: LEAVES_MS, signal })) return this.#composer.release();
    }
    this.#composer.clear();
    throw new AdapterError("site_changed", "The message stayed in the composer: neither its button nor Enter sent it.");
  }

  /**
   * Whether the button is there though the composer is empty: some pages put another in its place then.
   * @param {AbortSignal} signal
   */
  async #showsSend(signal) {
    const { stop, busy, send } = this.#dom;
    if (stop || busy || !send) return false;
    await this.#watch.still(this.#document, { ms: DRAWS_EMPTY_MS, atMost: 10 * DRAWS_EMPTY_MS, signal });
    return seen(this.#document, send) !== null;
  }

  /** @param {AbortSignal} signal */
  async #pressSend(signal) {
    const find = () => pressable(this.#document, this.#dom.send);
    const button = await this.#watch.until(find, { ms: ENABLES_MS, signal });
    if (button) click(button);
  }

  #fresh() {
    this.#watch.through(this.#dom.answer, this.#dom.thinking);
    return this.#answers.fresh();
  }

  /** @returns {BlockedDescription | undefined} */
  #blocked() {
    return this.#options.blocked?.find(({ selector }) => seen(this.#document, selector));
  }

  #trouble() {
    const blocked = this.#blocked();
    if (blocked) {
      const detail = blocked.detail ?? `The page asks for a person: ${blocked.reason}.`;
      return new AdapterError(blocked.reason === "limit" ? "rate_limited" : "blocked", detail);
    }
    if (seen(this.#document, this.#options.login?.out)) return new AdapterError("login_required", "The page asks to sign in.");
    const error = all(this.#document, this.#dom.error).find((each) => !this.#errors.has(each) && visible(each));
    if (!error) return null;
    const said = (error.textContent ?? "").replace(/\s+/g, " ").trim().slice(0, CLIP);
    return new AdapterError("upstream", `The site reports: ${said || "an error"}`);
  }

  /**
   * @param {"login_required" | "site_changed"} state
   * @param {string} detail
   * @returns {DomStatus}
   */
  #missing(state, detail) {
    const drawing = this.#document.readyState !== "complete" || Date.now() - this.#opened < DRAWS_MS;
    return drawing ? { state: "starting" } : { state, detail };
  }
}
