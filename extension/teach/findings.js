/**
 * What a lesson has found out about a site so far, and the description that it makes.
 */

import { all } from "../bridge/site/dom/select.js";
import { describe, fileInput } from "./derive.js";
import { holds } from "./tree.js";

/**
 * @typedef {import("../bridge/site/description.js").SiteDescription} SiteDescription
 * @typedef {import("../bridge/site/description.js").WayDescription} WayDescription
 * @typedef {import("../bridge/site/dom/description.js").Opening} Opening
 */

/** Selectors of one site. Each step of the lesson adds its own. */
export class Findings {
  composer = "";
  /** @type {string | undefined} */ send;
  /** @type {string | undefined} */ stop;
  /** What else is there while an answer is written. @type {string | undefined} */ busy;
  /** @type {string | undefined} */ thinking;
  /** @type {string[]} */ answers = [];
  /** Of the person's own messages. @type {string[]} */ questions = [];
  /** Nothing tells them apart: what finds the answers finds the questions too. */ mixed = false;
  /** @type {Opening | undefined} */ opening;
  /** @type {import("../bridge/site/dom/description.js").ModelPicker | undefined} */ picker;
  #panel;
  /** Before the chat gets a title of its own. */ #title;

  /**
   * @param {object} options
   * @param {Document} options.document
   * @param {Pick<import("./panel.js").Panel, "isOwn">} options.panel
   * @param {SiteDescription | undefined} options.previous  What was taught before: what of it still fits is kept.
   */
  constructor({ document, panel, previous }) {
    this.document = document;
    this.previous = previous;
    this.location = new URL(document.location.href);
    this.#panel = panel;
    this.#title = document.title;
    const { dom, conversation } = previous ?? {};
    if (dom?.model_picker) this.picker = dom.model_picker;
    if (conversation?.new) this.opening = conversation.new;
  }

  /** Whether an element is of the panel or of the composer. @param {Element} element */
  ignores = (element) => {
    if (this.#panel.isOwn(element)) return true;
    return this.composer !== "" && all(this.document, this.composer).some((each) => holds(each, element));
  };

  /** What is always there. */
  fixed() {
    return [...all(this.document, this.composer), ...all(this.document, this.send)];
  }

  /**
   * @param {WayDescription[]} ways
   * @param {{trial?: boolean}} [options]  `trial`: nothing that would load the page anew
   */
  describe(ways, { trial = false } = {}) {
    const opening = this.opening && (!trial || "click" in this.opening) ? this.opening : undefined;
    const [answer = ""] = this.answers;
    const [question] = this.mixed ? this.answers : this.questions;
    const file = fileInput(this.document);
    const { previous } = this;
    return describe({
      location: this.location,
      title: this.#title,
      ways,
      ...(previous ? { previous } : {}),
      ...(opening ? { opening } : {}),
      dom: {
        composer: this.composer,
        answer,
        ...(this.send ? { send: this.send } : {}),
        ...(this.stop ? { stop: this.stop } : {}),
        ...(this.busy && !this.stop ? { busy: this.busy } : {}),
        ...(question ? { question } : {}),
        ...(this.thinking ? { thinking: this.thinking } : {}),
        ...(file ? { file_input: file } : {}),
        ...(this.picker ? { model_picker: this.picker } : {}),
      },
    });
  }
}
