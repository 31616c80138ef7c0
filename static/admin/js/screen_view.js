/**
 * The screen of one account: the picture, and the buttons around it.
 */

import { byId, onClick, setTextOf, show } from "../../js/dom.js";
import { pasteGestures } from "./gestures.js";
import { pictureOn } from "./picture.js";
import { wirePointing } from "./pointing.js";
import { wireTyping } from "./typing.js";
import { Viewing } from "./viewing.js";
import { hostOf } from "./words.js";

/** A phone gets a page of its own width instead of a tiny picture of a wide one. */
const NARROW = 700;
const SMALLEST = 320;
/** How much of a phone's height the picture may take (admin.css). */
const SHARE = 0.8;

export class ScreenView {
  /** @param {import("./api.js").Api} api */
  constructor(api) {
    this.api = api;
    this.keys = byId("keys", HTMLTextAreaElement);
    const canvas = byId("screen", HTMLCanvasElement);
    this.picture = pictureOn(canvas);
    this.page = { width: canvas.width, height: canvas.height };
    /** @type {Viewing | undefined} */
    this.viewing = undefined;
    const mac = navigator.userAgent.includes("Mac OS");
    const act = this.#act.bind(this);
    wirePointing({ element: canvas, page: () => this.page, act, mac, onpress: () => this.#focus() });
    wireTyping({ field: this.keys, act, mac, oncopy: () => void this.#copy() });
    this.#wireButtons();
  }

  /** @param {string} account */
  open(account) {
    setTextOf("screen-title", account);
    if (this.viewing?.account === account) return;
    this.close();
    setTextOf("address", "");
    setTextOf("screen-site", "the site it shows");
    this.#say("");
    this.#cover("Opening the browser…", false);
    this.viewing = new Viewing(this.api, account, {
      onopen: () => this.#fit(),
      onpicture: (head, jpeg) => this.#paint(head, jpeg),
      onend: (why, comingBack) => this.#cover(comingBack ? `${why} Trying again…` : why, !comingBack),
      onproblem: (problem) => this.#say(problem),
    });
    this.viewing.open();
  }

  close() {
    this.viewing?.close();
    this.viewing = undefined;
    show("paste-form", false);
  }

  /** @param {import("./gestures.js").Gesture} gesture */
  #act(gesture) {
    this.viewing?.act(gesture);
  }

  /** @param {string} words */
  #say(words) {
    setTextOf("screen-said", words);
  }

  #focus() {
    this.keys.focus({ preventScroll: true });
  }

  /**
   * @param {import("./blocks.js").Head} head
   * @param {Uint8Array<ArrayBuffer>} jpeg
   */
  #paint({ width = 0, height = 0, url = "" }, jpeg) {
    this.page = { width, height };
    setTextOf("address", url);
    setTextOf("screen-site", hostOf(url));
    show("over", false);
    this.picture.show(jpeg);
  }

  /**
   * @param {string} words
   * @param {boolean} offered Whether the person may want it back.
   */
  #cover(words, offered) {
    show("over", true);
    setTextOf("over-text", words);
    show("again", offered);
  }

  #fit() {
    if (window.innerWidth >= NARROW) return;
    const width = Math.max(SMALLEST, byId("stage", HTMLElement).clientWidth);
    this.#act({ type: "resize", width, height: Math.max(SMALLEST, Math.round(window.innerHeight * SHARE)) });
  }

  #wireButtons() {
    for (const action of /** @type {const} */ (["back", "forward", "reload"])) {
      onClick(action, () => this.#act({ type: "navigate", action }));
    }
    onClick("again", () => this.viewing?.open());
    onClick("keyboard", () => this.#focus());
    onClick("paste", () => void this.#paste());
    onClick("copy", () => void this.#copy());
    onClick("paste-cancel", () => show("paste-form", false));
    byId("paste-form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      const field = byId("paste-text", HTMLInputElement);
      this.#send(field.value);
      field.value = "";
      show("paste-form", false);
    });
  }

  /** @param {string} text */
  #send(text) {
    for (const gesture of pasteGestures(text)) this.#act(gesture);
    this.#focus();
  }

  async #paste() {
    try {
      this.#send(await navigator.clipboard.readText());
    } catch {
      // The browser does not hand it out: the person pastes into a field instead.
      this.#askForText("");
    }
  }

  async #copy() {
    let text = "";
    try {
      text = (await this.viewing?.copy()) ?? "";
      if (text !== "") await navigator.clipboard.writeText(text);
      this.#say(text === "" ? "Nothing is selected in the page." : "Copied.");
    } catch (error) {
      if (text !== "") this.#askForText(text);
      else this.#say(error instanceof Error ? error.message : "That could not be copied.");
    }
  }

  /** @param {string} text */
  #askForText(text) {
    show("paste-form", true);
    const field = byId("paste-text", HTMLInputElement);
    field.value = text;
    field.select();
    field.focus();
  }
}
