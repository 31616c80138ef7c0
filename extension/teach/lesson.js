/**
 * The lesson: a person shows relay a site, step by step, and relay tries what it has understood.
 *
 * The test messages and what the site answers stay in the page; only the description leaves, through `save`.
 */

import { all, visible } from "../bridge/site/dom/select.js";
import { FirstAnswer } from "./answer.js";
import { Extras } from "./extras.js";
import { Findings } from "./findings.js";
import { Messages } from "./messages.js";
import { Proof } from "./proof.js";
import { selectorFor } from "./selector.js";

/**
 * @typedef {import("../bridge/site/description.js").SiteDescription} SiteDescription
 *
 * @typedef {object} LessonOptions
 * @property {Document} document
 * @property {import("./panel.js").Panel} panel
 * @property {() => Promise<import("../content/agent_client.js").AgentClient>} agent
 * @property {(description: SiteDescription) => Promise<void>} save
 * @property {SiteDescription} [previous]  What was taught before: what of it still fits is kept.
 */

const EDITABLE = "textarea, input, [contenteditable]:not([contenteditable=false])";
/** So many levels above what was clicked a field is looked for. */
const BESIDE = 4;

/** One lesson on one page. */
export class Lesson {
  #findings;
  #panel;
  #save;
  #tools;

  /** @param {LessonOptions} options */
  constructor({ document, panel, agent, save, previous }) {
    this.#findings = new Findings({ document, panel, previous });
    this.#panel = panel;
    this.#save = save;
    this.#tools = { findings: this.#findings, panel, agent, messages: new Messages(this.#findings, panel) };
  }

  /**
   * Lead through all of it. The value is what was saved; null if the person did not want it saved.
   * @returns {Promise<SiteDescription | null>}
   */
  async run() {
    await this.#findComposer();
    const candidates = await new FirstAnswer(this.#tools).find();
    const extras = new Extras(this.#tools);
    extras.guess();
    await extras.ask();
    return this.#finish(await new Proof(this.#tools).of(candidates));
  }

  async #findComposer() {
    const { previous } = this.#findings;
    const known = previous?.dom?.composer;
    if (known && all(this.#findings.document, known).filter(visible).length === 1) {
      this.#findings.composer = known;
      return;
    }
    let text = "relay then sends a harmless test message there, as you would.\nWith the keyboard: go to the field and press Enter.";
    for (;;) {
      const reply = await this.#panel.show({ title: "Click the field where you type", text, pick: true });
      if (!("element" in reply)) continue;
      const field = fieldOf(reply.element);
      const selector = field && selectorFor(field);
      if (selector) {
        this.#findings.composer = selector;
        return;
      }
      text = "That is no field that takes text. Click the field into which you write your messages.";
    }
  }

  /** @param {import("./proof.js").Outcome} outcome */
  async #finish({ ways, report }) {
    if (!ways.length) {
      const text = "relay could not read an answer of this site by itself. Nothing is saved.";
      await this.#panel.show({ title: "That did not work", text, shown: report.join("\n"), choices: [{ value: "close", label: "Close", primary: true }] });
      return null;
    }
    const description = this.#findings.describe(ways);
    const reply = await this.#panel.show({
      title: "It works",
      text: "Save this, and the tab is connected to relay at once. You can export or edit it in relay's options.",
      shown: report.join("\n"),
      choices: [
        { value: "save", label: "Save and connect", primary: true },
        { value: "drop", label: "Do not save" },
      ],
    });
    if (!("choice" in reply) || reply.choice !== "save") return null;
    await this.#save(description);
    return description;
  }
}

/** The place that takes text, at or around what was clicked, or in it, or beneath it. @param {Element} element */
export function fieldOf(element) {
  let field = element.closest(EDITABLE);
  // An editor may have editable parts: the outermost is what a person writes into.
  while (field?.parentElement?.closest(EDITABLE)) field = field.parentElement.closest(EDITABLE);
  return field ?? element.querySelector(EDITABLE) ?? fieldBeside(element);
}

/**
 * Designs lay labels and frames over their fields: the only field close by is meant.
 * @param {Element} element
 * @returns {Element | null}
 */
function fieldBeside(element) {
  const label = element.closest("label");
  if (label?.control?.matches(EDITABLE)) return label.control;
  let around = element.parentElement;
  for (let height = 1; around && height <= BESIDE; height += 1, around = around.parentElement) {
    const [field, ...others] = [...around.querySelectorAll(EDITABLE)].filter(visible);
    if (field) return others.length ? null : field;
  }
  return null;
}
