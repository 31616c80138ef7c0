/**
 * The proof of a lesson: the ways that were found are tried with messages of their own, and what they read is compared.
 */

import { all } from "../bridge/site/dom/select.js";
import { timer } from "../bridge/site/dom/watch.js";
import { confirmed, outermost, repeatedSelectors, textsBySelector } from "./derive.js";
import { Step } from "./step.js";
import { tryWay } from "./trial.js";
import { holds, textOf } from "./tree.js";
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
const POLL_MS = 500;
/** A page that has shown its answer for so long is not read at the right place. */
const STUCK_MS = 6000;

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
    const { trial } = await this.#tryUntilKnown(dom);
    report.push(`Page: ${told(trial)}`);
    if (trial.error === undefined && trial.text) ways.push(dom);
    return { ways, report };
  }

  /**
   * Each answer may show that another selector finds it better, which then has a trial of its own.
   * @param {WayDescription} dom
   */
  async #tryUntilKnown(dom) {
    for (let tries = 1; ; tries += 1) {
      const [before] = this.findings.answers;
      const tried = await this.#tryOne(dom, "what the page shows");
      if (this.findings.answers[0] === before || tries === TRIES) return tried;
    }
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
    let trial = await this.#send(way, prompt, witness);
    if (trial.error !== undefined && this.findings.opening && !witness.hasNews(prompt) && /new chat/.test(trial.error)) {
      this.findings.opening = undefined;
      trial = await this.#send(way, prompt, witness);
    }
    await timer(SHOWN_MS);
    if (trial.error === undefined && !isNew(trial.text, witness)) trial = { ...trial, error: "It read something else than the new answer." };
    const guess = witness.guess(prompt);
    const text = way.way === "dom" ? (guess ? textOf(guess) : "") : trial.text;
    const held = witness.holders(text)[0];
    this.#narrow(answers, questions, { prompt, text, held });
    witness.close();
    return { trial, shown: held ? textOf(held) : "" };
  }

  /**
   * @param {WayDescription} way
   * @param {string} prompt
   * @param {Witness} witness
   */
  async #send(way, prompt, witness) {
    const over = new AbortController();
    const stuck = new AbortController();
    const onpart = (/** @type {string} */ text) => {
      over.abort();
      this.panel.tell(text);
    };
    const watching = (async () => {
      for (; !over.signal.aborted; await timer(POLL_MS, over.signal)) {
        if (!witness.hasNews(prompt) || Date.now() - witness.changed < STUCK_MS) continue;
        stuck.abort(new Error("The page has answered, but not where relay looked."));
        return;
      }
    })();
    try {
      const trying = { agent: this.agent, signal: this.panel.signal, stuck: stuck.signal, onpart };
      return await tryWay(this.findings.describe([way], { trial: true }), way, prompt, trying);
    } finally {
      over.abort();
      await watching;
    }
  }

  /**
   * Of the selectors that fit the first answer, keep those that fit the next one too.
   * @param {Map<string, string[]>} answers
   * @param {Map<string, string[]>} questions
   * @param {{prompt: string, text: string, held: Element | undefined}} said  `held`: what holds the text
   */
  #narrow(answers, questions, { prompt, text, held }) {
    if (letters(text) === "") return;
    const left = confirmed(this.document, answers, text, this.findings.mixed ? prompt : undefined);
    if (left.length) this.findings.answers = left;
    if (held && !this.findings.mixed) this.findings.answers = [...this.#closer(held), ...this.findings.answers];
    this.findings.questions = confirmed(this.document, questions, prompt);
  }

  /**
   * Selectors of the answer alone, where each answer stands with something that is the same every time, such as a name.
   * @param {Element} held  the new answer
   * @returns {string[]}
   */
  #closer(held) {
    const found = outermost(all(this.document, this.findings.answers[0]));
    const whole = found.find((each) => holds(each, held));
    if (!whole || found.length < 2) return [];
    const [around, own] = [letters(textOf(whole)), letters(textOf(held))];
    const [first = "", ...more] = around.split(own);
    const last = more.join(own);
    const same = found.every((each) => letters(textOf(each)).startsWith(first) && letters(textOf(each)).endsWith(last));
    if (around === own || !more.length || !same) return [];
    const not = found.filter((each) => each !== whole);
    const earlier = letters(not.map((each) => textOf(each)).join(" "));
    const inside = repeatedSelectors(held, { before: earlier, not: this.findings.fixed() });
    return inside.filter((css) => outermost(all(this.document, css)).length === found.length);
  }
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
