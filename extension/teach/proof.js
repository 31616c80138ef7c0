/**
 * The proof of a lesson: the ways that were found are tried with messages of their own, and what they read is compared.
 */

import { timer } from "../bridge/site/dom/watch.js";
import { confirmed, textsBySelector } from "./derive.js";
import { Step } from "./step.js";
import { tryWay } from "./trial.js";
import { textOf } from "./tree.js";
import { Witness } from "./witness.js";
import { letters } from "./words.js";

/**
 * @typedef {import("../bridge/site/description.js").WayDescription} WayDescription
 * @typedef {import("./network.js").Candidate} Candidate
 * @typedef {import("./trial.js").Trial} Trial
 *
 * @typedef {object} Outcome
 * @property {WayDescription[]} ways  Those that work, best first.
 * @property {string[]} report  For the person.
 */

const SHOWN_MS = 250;
const TRIES = 3;

/** Tries ways, and keeps of the findings what fits each answer. */
export class Proof extends Step {
  /**
   * Try the ways with messages of their own, the network first.
   * @param {Candidate[]} candidates
   * @returns {Promise<Outcome>}
   */
  async of(candidates) {
    /** @type {WayDescription[]} */
    const ways = [];
    /** @type {string[]} */
    const report = [];
    for (const { way } of candidates.slice(0, TRIES)) {
      const { trial, shown } = await this.#tryOne(way, "what the page receives");
      report.push(`Network (${way.url}): ${told(trial)}`);
      if (trial.error !== undefined || trial.text === "") continue;
      ways.push(way);
      report.push(`  ${letters(shown) === letters(trial.text) ? "The page shows the same words." : "The page shows it a little differently."}`);
      break;
    }
    const dom = /** @type {WayDescription} */ ({ way: "dom" });
    const { trial } = await this.#tryOne(dom, "what the page shows");
    report.push(`Page: ${told(trial)}`);
    if (trial.error === undefined && trial.text) ways.push(dom);
    return { ways, report };
  }

  /**
   * @param {WayDescription} way
   * @param {string} what
   */
  async #tryOne(way, what) {
    const prompt = this.messages.next();
    const [answers, questions] = [textsBySelector(this.document, this.findings.answers), textsBySelector(this.document, this.findings.questions)];
    const witness = new Witness(this.document, this.findings.ignores);
    void this.panel.show({ title: `Trying: ${what}`, text: "relay sends another test message, as it would for a call." }).catch(() => {});
    const trying = { agent: this.agent, signal: this.panel.signal, onpart: (/** @type {string} */ text) => this.panel.tell(text) };
    let trial = await tryWay(this.findings.describe([way], { trial: true }), way, prompt, trying);
    if (trial.error !== undefined && this.findings.opening && !witness.hasNews(prompt) && /new chat/.test(trial.error)) {
      this.findings.opening = undefined;
      trial = await tryWay(this.findings.describe([way], { trial: true }), way, prompt, trying);
    }
    await timer(SHOWN_MS);
    if (trial.error === undefined && !isNew(trial.text, witness)) trial = { ...trial, error: "It read something else than the new answer." };
    const text = way.way === "dom" ? textOfLast(witness, prompt) : trial.text;
    const held = witness.holders(text)[0];
    this.#narrow(answers, questions, { prompt, text });
    witness.close();
    return { trial, shown: held ? textOf(held) : "" };
  }

  /**
   * Of the selectors that fit the first answer, keep those that fit the next one too.
   * @param {Map<string, string[]>} answers
   * @param {Map<string, string[]>} questions
   * @param {{prompt: string, text: string}} said
   */
  #narrow(answers, questions, { prompt, text }) {
    if (letters(text) === "") return;
    const left = confirmed(this.document, answers, text, this.findings.mixed ? prompt : undefined);
    if (left.length) this.findings.answers = left;
    this.findings.questions = confirmed(this.document, questions, prompt);
  }
}

/**
 * @param {Witness} witness
 * @param {string} prompt
 */
function textOfLast(witness, prompt) {
  const guess = witness.guess(prompt);
  return guess ? textOf(guess) : "";
}

/**
 * Whether a text was not on the page before. What the page shows may differ in a few signs.
 * @param {string} text
 * @param {Witness} witness
 */
function isNew(text, witness) {
  const found = letters(text);
  return found !== "" && !witness.before.includes(found);
}

/** @param {Trial} trial */
function told({ text, parts, first, total, error }) {
  if (error !== undefined) return error;
  const seconds = (/** @type {number} */ ms) => `${(ms / 1000).toFixed(1)} s`;
  return `${parts > 1 ? "streams" : "comes in one piece"}: ${parts} parts, the first after ${seconds(first)}, all after ${seconds(total)}, ${[...text].length} characters.`;
}
