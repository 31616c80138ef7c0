/**
 * The list of sessions. A card lives as long as its session is listed, so that the focus stays where it was.
 */

import { byId, setText, setTextOf } from "../../js/dom.js";
import { screenHash } from "./link.js";
import { factsOf, keyOf, offersOf, sinceWords, stateOf, summaryOf, titleOf } from "./words.js";

/**
 * @typedef {import("./words.js").Session} Session
 *
 * @typedef {object} Acts
 * @property {(account: string) => Promise<void>} restart
 * @property {(account: string) => Promise<void>} remove
 */

export class SessionsView {
  /** @param {Acts} acts */
  constructor(acts) {
    this.acts = acts;
    /** @type {Map<string, Card>} */
    this.cards = new Map();
  }

  /**
   * @param {Session[]} sessions
   * @param {number} now
   */
  paint(sessions, now) {
    const { tone, title, text } = summaryOf(sessions);
    byId("summary", HTMLElement).dataset["tone"] = tone;
    setTextOf("summary-title", title);
    setTextOf("summary-text", text);
    setTextOf("list-problem", "");
    this.#dropOthers(new Set(sessions.map(keyOf)));
    for (const session of sessions) this.#cardOf(session).paint(session, now);
  }

  /** @param {string} problem What was asked for and did not work; the list is right. */
  paintProblem(problem) {
    setTextOf("list-problem", problem);
  }

  /** @param {string} problem Why the list may be wrong by now. */
  paintUnreachable(problem) {
    byId("summary", HTMLElement).dataset["tone"] = "offline";
    setTextOf("summary-title", "No connection to relay");
    setTextOf("summary-text", problem);
  }

  /** @param {Set<string>} listed */
  #dropOthers(listed) {
    for (const [key, card] of this.cards) {
      if (listed.has(key)) continue;
      card.element.remove();
      this.cards.delete(key);
    }
  }

  /** @param {Session} session */
  #cardOf(session) {
    const key = keyOf(session);
    const known = this.cards.get(key);
    if (known !== undefined) return known;
    const card = new Card(session.name, this.acts);
    this.cards.set(key, card);
    byId("sessions", HTMLUListElement).append(card.element);
    return card;
  }
}

class Card {
  /**
   * @param {string | null} account
   * @param {Acts} acts
   */
  constructor(account, acts) {
    this.element = make("li", "card session");
    this.title = make("h2");
    this.state = make("p", "state");
    this.action = make("p", "do");
    this.detail = make("p", "muted");
    this.error = make("p", "error");
    this.facts = make("dl");
    this.element.append(this.title, this.state, this.action, this.detail, this.facts, this.error);
    this.buttons = account === null ? undefined : new Buttons(account, acts);
    if (this.buttons !== undefined) this.element.append(this.buttons.element);
  }

  /**
   * @param {Session} session
   * @param {number} now
   */
  paint(session, now) {
    const { tone, words } = stateOf(session, now);
    this.element.dataset["tone"] = tone;
    setText(this.title, titleOf(session));
    setText(this.state, words);
    setOrHide(this.action, session.action ?? "");
    setOrHide(this.detail, session.detail ?? "");
    setOrHide(this.error, errorWords(session, now));
    this.#paintFacts(factsOf(session));
    this.buttons?.paint(session);
  }

  /** @param {[string, string][]} facts */
  #paintFacts(facts) {
    while (this.facts.children.length > facts.length) this.facts.lastElementChild?.remove();
    facts.forEach(([name, value], place) => {
      const row = this.facts.children[place] ?? this.facts.appendChild(factRow());
      const [term, description] = row.children;
      if (term instanceof HTMLElement) setText(term, name);
      if (description instanceof HTMLElement) setText(description, value);
    });
  }
}

/** What can be done with a headless account. */
class Buttons {
  /**
   * @param {string} account
   * @param {Acts} acts
   */
  constructor(account, { restart, remove }) {
    this.element = make("div", "row");
    this.screen = Object.assign(document.createElement("a"), { href: screenHash(account), textContent: "Open its screen" });
    this.restart = button("Restart", () => restart(account));
    this.element.append(this.screen, this.restart, button("Remove…", () => remove(account)));
  }

  /** @param {Session} session */
  paint(session) {
    const { screen, wanted, restart } = offersOf(session);
    this.screen.hidden = !screen;
    this.screen.className = wanted ? "button primary" : "button";
    setText(this.restart, restart);
  }
}

/**
 * @param {string} words
 * @param {() => Promise<void>} act
 */
function button(words, act) {
  const element = Object.assign(document.createElement("button"), { type: "button", textContent: words });
  element.addEventListener("click", () => {
    element.disabled = true;
    void act().finally(() => void (element.disabled = false));
  });
  return element;
}

/**
 * @param {Session} session
 * @param {number} now
 */
function errorWords({ last_error: error }, now) {
  if (error === null) return "";
  return `Last error (${sinceWords(error.at, now).replace("for ", "")} ago): ${error.message}`;
}

function factRow() {
  const row = make("div");
  row.append(make("dt"), make("dd"));
  return row;
}

/**
 * @param {HTMLElement} element
 * @param {string} text
 */
function setOrHide(element, text) {
  setText(element, text);
  element.hidden = text === "";
}

/**
 * @param {string} tag
 * @param {string} [className]
 */
function make(tag, className = "") {
  return Object.assign(document.createElement(tag), { className });
}
