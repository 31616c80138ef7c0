/**
 * One account's screen for as long as it is looked at: opened, opened again when it breaks off, closed.
 */

import { Refused } from "./api.js";
import { BlockReader } from "./blocks.js";
import { Outbox } from "./outbox.js";

const AGAIN_MS = 1500;
/** Somebody else looks now: only the person can want it back. */
const TAKEN = "This screen is shown elsewhere now.";
const NOT_FOUND = 404;

/**
 * @typedef {import("./blocks.js").Head} Head
 *
 * @typedef {object} Watcher
 * @property {(head: Head, jpeg: Uint8Array<ArrayBuffer>) => void} onpicture
 * @property {() => void} onopen
 * @property {(why: string, comingBack: boolean) => void} onend
 * @property {(problem: string) => void} onproblem Something that was done did not arrive.
 */

export class Viewing {
  /**
   * @param {Pick<import("./api.js").Api, "screen" | "input" | "copy">} api
   * @param {string} account
   * @param {Watcher} watcher
   */
  constructor(api, account, watcher) {
    this.api = api;
    this.account = account;
    this.watcher = watcher;
    this.viewing = "";
    this.stop = new AbortController();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.again = undefined;
    this.outbox = new Outbox(
      (events) => api.input(account, this.viewing, events),
      (error) => watcher.onproblem(wordsOf(error)),
    );
  }

  /** Look, until `close`. Also takes the screen over from whoever looks now. */
  open() {
    clearTimeout(this.again);
    void this.#look();
  }

  close() {
    clearTimeout(this.again);
    this.stop.abort();
    this.viewing = "";
  }

  /** @param {import("./gestures.js").Gesture} gesture */
  act(gesture) {
    if (this.viewing !== "") this.outbox.push(gesture);
  }

  /** @returns {Promise<string>} what is selected in the page */
  copy() {
    return this.api.copy(this.account, this.viewing);
  }

  async #look() {
    const { signal } = this.stop;
    let why = "The connection to relay broke off.";
    let lost = false;
    try {
      why = (await this.#read(signal)) ?? why;
    } catch (error) {
      why = wordsOf(error);
      lost = error instanceof Refused && error.status === NOT_FOUND;
    }
    this.viewing = "";
    if (signal.aborted) return;
    const comingBack = why !== TAKEN && !lost;
    this.watcher.onend(why, comingBack);
    if (comingBack) this.again = setTimeout(() => this.open(), AGAIN_MS);
  }

  /**
   * @param {AbortSignal} signal
   * @returns {Promise<string | undefined>} why relay ended it
   */
  async #read(signal) {
    const reader = new BlockReader();
    const bytes = (await this.api.screen(this.account, signal)).getReader();
    for (;;) {
      const { done, value } = await bytes.read();
      if (done) return undefined;
      for (const { head, picture } of reader.feed(value)) {
        if (head.end !== undefined) return head.end;
        this.#take(head, picture);
      }
    }
  }

  /**
   * @param {Head} head
   * @param {Uint8Array<ArrayBuffer> | undefined} picture
   */
  #take(head, picture) {
    if (head.viewing !== undefined) {
      this.viewing = head.viewing;
      this.watcher.onopen();
    }
    if (picture !== undefined) this.watcher.onpicture(head, picture);
  }
}

/** @param {unknown} error */
function wordsOf(error) {
  return error instanceof Error ? error.message : String(error);
}
