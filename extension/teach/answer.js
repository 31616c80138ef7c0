/**
 * The first answer of a lesson: waited for, found in the page and in what the page received, and confirmed.
 */

import { all } from "../bridge/site/dom/select.js";
import { timer } from "../bridge/site/dom/watch.js";
import { repeatedSelectors, stopSelector } from "./derive.js";
import { candidatesOf } from "./network.js";
import { Step } from "./step.js";
import { Traffic } from "./traffic.js";
import { coresOf, holds, PROSE, textOf } from "./tree.js";
import { Witness } from "./witness.js";
import { letters } from "./words.js";

/** @typedef {import("./network.js").Candidate} Candidate */

const POLL_MS = 250;
const STILL_MS = 2500;
/** Some pages keep a request open for ever. */
const SURELY_STILL_MS = 8000;

/** Finds out where a site shows its answers. */
export class FirstAnswer extends Step {
  /**
   * Ask the first message, and have the person confirm what answers it.
   * @returns {Promise<Candidate[]>}  how it may have come over the network
   */
  async find() {
    const prompt = this.messages.next();
    const witness = new Witness(this.document, this.findings.ignores);
    const traffic = await this.#watchTraffic();
    try {
      await this.messages.send(prompt);
      await this.#wait(prompt, witness, traffic);
      const passing = witness.passing();
      const writing = witness.writing() ?? stopSelector(this.document, witness.resting(), this.findings.fixed());
      const candidates = await this.#findAnswer(prompt, witness, traffic);
      this.findings.stop ??= stopSelector(this.document, passing, this.findings.fixed()) ?? this.findings.previous?.dom?.stop ?? undefined;
      this.findings.busy = writing ?? this.findings.previous?.dom?.busy ?? undefined;
      return candidates;
    } finally {
      witness.close();
      traffic?.close();
    }
  }

  /** Without relay's script in the page nothing of its traffic is seen, and the page itself is read. */
  async #watchTraffic() {
    try {
      return await Traffic.of(await this.agent());
    } catch {
      return null;
    }
  }

  /**
   * Wait until the answer is there: it stands still, or the person says so.
   * @param {string} prompt
   * @param {Witness} witness
   * @param {Traffic | null} traffic
   */
  async #wait(prompt, witness, traffic) {
    const over = new AbortController();
    const choices = [{ value: "done", label: "The answer is complete" }];
    const text = "relay watches what the page shows and receives. Wait until the answer is complete.";
    void this.panel.show({ title: "Waiting for the answer", text, choices }).then(
      () => over.abort(),
      () => {},
    );
    while (!over.signal.aborted) {
      await timer(POLL_MS);
      this.panel.signal.throwIfAborted();
      witness.sample();
      const still = Date.now() - Math.max(witness.changed, traffic?.open ? traffic.changed : 0);
      if (still > (traffic?.open ? SURELY_STILL_MS : STILL_MS) && witness.hasNews(prompt)) break;
    }
  }

  /**
   * @param {string} prompt
   * @param {Witness} witness
   * @param {Traffic | null} traffic
   * @returns {Promise<Candidate[]>}
   */
  async #findAnswer(prompt, witness, traffic) {
    const { before } = witness;
    const { origin } = this.findings.location;
    const exchanges = traffic?.exchanges ?? [];
    let candidates = candidatesOf(exchanges, { shown: witness.text(), before, prompt, origin });
    let element = (candidates[0] ? witness.holders(candidates[0].text)[0] : null) ?? witness.guess(prompt);
    for (;;) {
      element = await this.#confirmAnswer(element, (part) => witness.around(part, prompt));
      const [question] = witness.holders(prompt);
      const not = [...all(this.document, this.findings.composer), ...(question && !holds(element, question) ? [question] : [])];
      this.findings.answers = repeatedSelectors(element, { before, not });
      const core = this.findings.answers.length ? undefined : coresOf(element).find((each) => repeatedSelectors(each, { before, not }).length);
      if (core) {
        element = core;
        continue;
      }
      this.findings.mixed = this.findings.answers.length === 0 && question !== undefined;
      if (this.findings.mixed) this.findings.answers = repeatedSelectors(element, { before, not: all(this.document, this.findings.composer), after: question });
      if (this.findings.answers.length) {
        candidates = candidatesOf(exchanges, { shown: textOf(element), before, prompt, origin });
        const others = [...all(this.document, this.findings.composer), element];
        this.findings.questions = question && !holds(element, question) ? repeatedSelectors(question, { before, not: others }) : [];
        return candidates;
      }
      element = null;
    }
  }

  /**
   * @param {Element | null} guess
   * @param {(part: Element) => Element} around  The whole that a part is of.
   * @returns {Promise<Element>}
   */
  async #confirmAnswer(guess, around) {
    for (let shown = guess; ; shown = await this.#showAnswer(around)) {
      if (!shown) continue;
      const reply = await this.panel.show({
        title: "Is this the answer?",
        text: "The whole answer and nothing else should be in the frame.",
        shown: textOf(shown).trim(),
        outline: shown,
        choices: [
          { value: "yes", label: "Yes", primary: true },
          { value: "no", label: "No, I show it" },
        ],
      });
      if ("choice" in reply && reply.choice === "yes") return shown;
    }
  }

  /**
   * Who clicks a paragraph means the text it is of; what is larger is meant as it is.
   * @param {(part: Element) => Element} around
   * @returns {Promise<Element | null>}
   */
  async #showAnswer(around) {
    const text = "relay could not tell it apart by itself. Click into the answer, not into your own message.";
    const reply = await this.panel.show({ title: "Click the answer", text, pick: true });
    if (!("element" in reply) || letters(textOf(reply.element)) === "") return null;
    return PROSE.test(reply.element.localName) ? around(reply.element) : reply.element;
  }
}
