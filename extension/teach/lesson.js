/**
 * The lesson: a person shows relay a site, step by step, and relay tries what it has understood.
 *
 * The test messages and what the site answers stay in the page; only the description leaves, through `save`.
 */

import { Composer } from "../bridge/site/dom/composer.js";
import { all, seen, visible } from "../bridge/site/dom/select.js";
import { Watch, timer } from "../bridge/site/dom/watch.js";
import { confirmed, describe, fileInput, newChatButton, PROSE, repeatedSelectors, stopSelector, textsBySelector } from "./derive.js";
import { candidatesOf } from "./network.js";
import { selectorFor, selectorsOf } from "./selector.js";
import { Traffic } from "./traffic.js";
import { tryWay } from "./trial.js";
import { holds, textOf, Witness } from "./witness.js";
import { letters } from "./words.js";

/**
 * @typedef {import("../bridge/site/description.js").SiteDescription} SiteDescription
 * @typedef {import("../bridge/site/description.js").WayDescription} WayDescription
 * @typedef {import("../bridge/site/dom/description.js").Opening} Opening
 * @typedef {import("./network.js").Candidate} Candidate
 * @typedef {import("./trial.js").Trial} Trial
 *
 * @typedef {object} LessonOptions
 * @property {Document} document
 * @property {import("./panel.js").Panel} panel
 * @property {() => Promise<import("../content/agent_client.js").AgentClient>} agent
 * @property {(description: SiteDescription) => Promise<void>} save
 * @property {SiteDescription} [previous]  What was taught before: what of it still fits is kept.
 */

/** Harmless, and of a form that shows a lot: sentences, a second paragraph, a word and a number. */
const PROMPTS = ["blue", "green", "red", "yellow"].map(
  (colour, at) =>
    `Please answer with three short sentences about the colour ${colour}, then a line with only the word RELAYTEST and the number ${4711 + at}.`,
);
const EDITABLE = "textarea, input, [contenteditable]:not([contenteditable=false])";
const LEAVES_MS = 3000;
const POLL_MS = 250;
const STILL_MS = 2500;
/** Some pages keep a request open for ever. */
const SURELY_STILL_MS = 8000;
const TRIES = 3;

/** One lesson on one page. */
export class Lesson {
  #options;
  #document;
  #panel;
  #location;
  /** Before the chat gets a title of its own. */ #title;
  #said = 0;
  #composer = "";
  /** @type {string | undefined} */ #send;
  /** @type {string | undefined} */ #stop;
  /** @type {string | undefined} */ #thinking;
  /** @type {string[]} */ #answers = [];
  /** @type {string[]} */ #questions = [];
  /** @type {Opening | undefined} */ #opening;
  /** @type {import("../bridge/site/dom/description.js").ModelPicker | undefined} */ #picker;
  #ignored;

  /** @param {LessonOptions} options */
  constructor(options) {
    const { document, panel, previous } = options;
    this.#options = options;
    this.#document = document;
    this.#panel = panel;
    this.#location = new URL(document.location.href);
    this.#title = document.title;
    this.#ignored = (/** @type {Element} */ element) => {
      if (panel.isOwn(element)) return true;
      return this.#composer !== "" && all(document, this.#composer).some((each) => holds(each, element));
    };
    const { dom, conversation } = previous ?? {};
    if (dom?.model_picker) this.#picker = dom.model_picker;
    if (conversation?.new) this.#opening = conversation.new;
  }

  /**
   * Lead through all of it. The value is what was saved; null if the person did not want it saved.
   * @returns {Promise<SiteDescription | null>}
   */
  async run() {
    await this.#findComposer();
    const candidates = await this.#firstAnswer();
    await this.#more();
    const outcome = await this.#try(candidates);
    return this.#finish(outcome);
  }

  async #findComposer() {
    const { previous } = this.#options;
    const known = previous?.dom?.composer;
    if (known && all(this.#document, known).filter(visible).length === 1) {
      this.#composer = known;
      return;
    }
    let text = "relay then sends a harmless test message there, as you would.\nWith the keyboard: go to the field and press Enter.";
    for (;;) {
      const reply = await this.#panel.show({ title: "Click the field where you type", text, pick: true });
      if (!("element" in reply)) continue;
      const field = fieldOf(reply.element);
      const selector = field && selectorFor(field);
      if (selector) {
        this.#composer = selector;
        return;
      }
      text = "That is no field that takes text. Click the field into which you write your messages.";
    }
  }

  /** @returns {Promise<Candidate[]>} */
  async #firstAnswer() {
    const prompt = this.#prompt();
    const witness = new Witness(this.#document, this.#ignored);
    const traffic = await this.#watchTraffic();
    try {
      await this.#ask(prompt);
      await this.#wait(prompt, witness, traffic);
      const passing = witness.passing();
      const candidates = await this.#findAnswer(prompt, witness, traffic);
      this.#stop ??= stopSelector(this.#document, passing, this.#fixed()) ?? this.#options.previous?.dom?.stop ?? undefined;
      this.#guessOpening();
      return candidates;
    } finally {
      witness.close();
      traffic?.close();
    }
  }

  /** Without relay's script in the page nothing of its traffic is seen, and the page itself is read. */
  async #watchTraffic() {
    try {
      return await Traffic.of(await this.#options.agent());
    } catch {
      return null;
    }
  }

  /** @param {string} prompt */
  async #ask(prompt) {
    const { signal } = this.#panel;
    void this.#panel.show({ title: "Sending a test message", text: "relay writes into the field and sends.", shown: prompt }).catch(() => {});
    const watch = new Watch(this.#document);
    const composer = new Composer(this.#document, this.#composer, watch);
    await composer.write(prompt, signal);
    const left = () => !composer.holds(prompt);
    const known = this.#options.previous?.dom?.send;
    if (known && seen(this.#document, known)) this.#send = known;
    composer.press("Enter");
    if (!(await watch.until(left, { ms: LEAVES_MS, signal }))) await this.#learnSend(watch, left);
    composer.release();
  }

  /**
   * The person presses the button, and relay looks which one it is.
   * @param {Watch} watch
   * @param {() => boolean} left
   */
  async #learnSend(watch, left) {
    const { signal } = this.#panel;
    /** @type {string[]} */
    let pressed = [];
    const listen = (/** @type {Event} */ event) => {
      const element = event.composedPath()[0];
      if (!event.isTrusted || !(element instanceof Element) || this.#ignored(element)) return;
      const button = buttonOf(element);
      const selector = selectorFor(button);
      pressed = [...(selector ? [selector] : []), ...selectorsOf(button).slice(0, 50)];
    };
    this.#document.addEventListener("pointerdown", listen, { capture: true, signal });
    void this.#panel.show({ title: "Click the send button", text: "The Enter key did not send the message. relay remembers the button." }).catch(() => {});
    while (!left()) await watch.change(POLL_MS, signal);
    this.#document.removeEventListener("pointerdown", listen, true);
    [this.#send] = pressed;
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
    void this.#panel.show({ title: "Waiting for the answer", text, choices }).then(
      () => over.abort(),
      () => {},
    );
    while (!over.signal.aborted) {
      await timer(POLL_MS);
      this.#panel.signal.throwIfAborted();
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
    const { origin } = this.#location;
    const exchanges = traffic?.exchanges ?? [];
    let candidates = candidatesOf(exchanges, { shown: witness.text(), before, prompt, origin });
    let element = (candidates[0] ? witness.holders(candidates[0].text)[0] : null) ?? witness.guess(prompt);
    for (;;) {
      element = await this.#confirmAnswer(element, (part) => witness.around(part, prompt));
      const [question] = witness.holders(prompt);
      const not = [...all(this.#document, this.#composer), ...(question && !holds(element, question) ? [question] : [])];
      this.#answers = repeatedSelectors(element, { before, not });
      if (this.#answers.length) {
        candidates = candidatesOf(exchanges, { shown: textOf(element), before, prompt, origin });
        const others = [...all(this.#document, this.#composer), element];
        this.#questions = question && !holds(element, question) ? repeatedSelectors(question, { before, not: others }) : [];
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
      const reply = await this.#panel.show({
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
    const reply = await this.#panel.show({ title: "Click the answer", text, pick: true });
    if (!("element" in reply) || letters(textOf(reply.element)) === "") return null;
    return PROSE.test(reply.element.localName) ? around(reply.element) : reply.element;
  }

  #guessOpening() {
    if (this.#opening && "click" in this.#opening && seen(this.#document, this.#opening.click)) return;
    const button = newChatButton(this.#document, this.#ignored);
    const click = button && selectorFor(button);
    if (click) this.#opening = { click };
    else if (this.#document.location.pathname !== this.#location.pathname) this.#opening = { url: this.#location.pathname };
    else if (!this.#opening || "click" in this.#opening) this.#opening = undefined;
  }

  /** What else can be shown; all of it can be left out. */
  async #more() {
    for (;;) {
      const opening = this.#opening;
      const lines = [
        `New chat: ${opening ? ("click" in opening ? opening.click : opening.url) : "unknown – all calls go on in the open chat"}`,
        `Stop button: ${this.#stop ?? "unknown – an answer cannot be stopped"}`,
        `Choice of models: ${this.#picker?.option ?? "none"}`,
        `Thoughts: ${this.#thinking ?? "none"}`,
      ];
      const reply = await this.#panel.show({
        title: "Anything else?",
        text: "What relay has found. Show it what is missing, or go on.",
        shown: lines.join("\n"),
        outline: opening && "click" in opening ? seen(this.#document, opening.click) : null,
        choices: [
          { value: "on", label: "Go on", primary: true },
          { value: "new", label: "Show “new chat”" },
          opening ? { value: "nonew", label: "No new chats" } : { value: "reload", label: "New chat by loading the page" },
          { value: "models", label: "Show the models" },
          { value: "thoughts", label: "Show the thoughts" },
        ],
      });
      if (!("choice" in reply) || reply.choice === "on") return;
      await this.#showOne(reply.choice);
    }
  }

  /** @param {string} choice */
  async #showOne(choice) {
    if (choice === "nonew") this.#opening = undefined;
    else if (choice === "reload") this.#opening = { url: this.#location.pathname };
    else if (choice === "new") {
      const element = await this.#pick("Click the button for a new chat");
      const click = element && selectorFor(buttonOf(element));
      if (click) this.#opening = { click };
    } else if (choice === "thoughts") {
      const element = await this.#pick("Click the model's thoughts");
      const [answer] = this.#answers;
      if (element) this.#thinking = selectorsOf(element).find((css) => !all(this.#document, css).some((each) => all(this.#document, answer).some((other) => holds(each, other))));
    } else await this.#showModels();
  }

  async #showModels() {
    const opener = await this.#pick("Click what opens the list of models");
    if (!opener) return;
    const select = opener.closest("select");
    if (select) {
      const option = selectorFor(select);
      if (option) this.#picker = { option };
      return;
    }
    const button = buttonOf(opener);
    const open = selectorFor(button);
    if (!open) return;
    const { click } = await import("../bridge/site/dom/press.js");
    click(button);
    const model = await this.#pick("Click one of the models");
    const option = model && optionsOf(model);
    click(button);
    if (option) this.#picker = { open, option, current: open };
  }

  /**
   * @param {string} title
   * @returns {Promise<Element | null>}
   */
  async #pick(title) {
    const reply = await this.#panel.show({ title, pick: true, choices: [{ value: "skip", label: "Skip" }] });
    return "element" in reply ? reply.element : null;
  }

  /**
   * Try the ways with messages of their own, the network first.
   * @param {Candidate[]} candidates
   */
  async #try(candidates) {
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
    const prompt = this.#prompt();
    const [answers, questions] = [textsBySelector(this.#document, this.#answers), textsBySelector(this.#document, this.#questions)];
    const witness = new Witness(this.#document, this.#ignored);
    void this.#panel.show({ title: `Trying: ${what}`, text: "relay sends another test message, as it would for a call." }).catch(() => {});
    const { agent } = this.#options;
    const { signal } = this.#panel;
    let trial = await tryWay(this.#describe([way], { trial: true }), way, prompt, { agent, signal, onpart: (text) => this.#panel.tell(text) });
    if (trial.error !== undefined && this.#opening && !witness.hasNews(prompt) && /new chat/.test(trial.error)) {
      this.#opening = undefined;
      trial = await tryWay(this.#describe([way], { trial: true }), way, prompt, { agent, signal, onpart: (text) => this.#panel.tell(text) });
    }
    await timer(POLL_MS);
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
    const left = confirmed(this.#document, answers, text);
    if (left.length) this.#answers = left;
    this.#questions = confirmed(this.#document, questions, prompt);
  }

  /** @param {{ways: WayDescription[], report: string[]}} outcome */
  async #finish({ ways, report }) {
    if (!ways.length) {
      const text = "relay could not read an answer of this site by itself. Nothing is saved.";
      await this.#panel.show({ title: "That did not work", text, shown: report.join("\n"), choices: [{ value: "close", label: "Close", primary: true }] });
      return null;
    }
    const description = this.#describe(ways);
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
    await this.#options.save(description);
    return description;
  }

  /**
   * @param {WayDescription[]} ways
   * @param {{trial?: boolean}} [options]  `trial`: nothing that would load the page anew
   */
  #describe(ways, { trial = false } = {}) {
    const opening = this.#opening && (!trial || "click" in this.#opening) ? this.#opening : undefined;
    const [answer = ""] = this.#answers;
    const [question] = this.#said > 1 ? this.#questions : [];
    const file = fileInput(this.#document);
    const { previous } = this.#options;
    return describe({
      location: this.#location,
      title: this.#title,
      ways,
      ...(previous ? { previous } : {}),
      ...(opening ? { opening } : {}),
      dom: {
        composer: this.#composer,
        answer,
        ...(this.#send ? { send: this.#send } : {}),
        ...(this.#stop ? { stop: this.#stop } : {}),
        ...(question ? { question } : {}),
        ...(this.#thinking ? { thinking: this.#thinking } : {}),
        ...(file ? { file_input: file } : {}),
        ...(this.#picker ? { model_picker: this.#picker } : {}),
      },
    });
  }

  /** What is always there. */
  #fixed() {
    return [...all(this.#document, this.#composer), ...all(this.#document, this.#send)];
  }

  #prompt() {
    this.#said += 1;
    return PROMPTS[(this.#said - 1) % PROMPTS.length] ?? "";
  }
}

/** The place that takes text, at or around what was clicked, or in it. @param {Element} element */
function fieldOf(element) {
  let field = element.closest(EDITABLE);
  // An editor may have editable parts: the outermost is what a person writes into.
  while (field?.parentElement?.closest(EDITABLE)) field = field.parentElement.closest(EDITABLE);
  return field ?? element.querySelector(EDITABLE);
}

/** @param {Element} element */
function buttonOf(element) {
  return element.closest("button, a, [role=button], [role=menuitem], input, label") ?? element;
}

/** A selector for an entry and those beside it. @param {Element} model */
function optionsOf(model) {
  const entry = model.closest("[role=option], [role=menuitem], [role=menuitemradio], li, button, a") ?? model;
  const beside = [...(entry.parentElement?.children ?? [])].filter(({ localName }) => localName === entry.localName);
  const good = selectorsOf(entry).find((css) => {
    const found = all(entry.ownerDocument, css);
    return found.length === beside.length && beside.every((each) => found.includes(each));
  });
  return good ?? selectorFor(entry);
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
