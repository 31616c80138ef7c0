/**
 * What a site has beside its answers: new chats, models, thoughts. relay guesses, the person shows what is missing.
 */

import { click as clickOn } from "../bridge/site/dom/press.js";
import { all, seen } from "../bridge/site/dom/select.js";
import { newChatButton } from "./derive.js";
import { buttonOf, selectorFor, selectorsOf } from "./selector.js";
import { Step } from "./step.js";
import { holds } from "./tree.js";

/** All of it can be left out. */
export class Extras extends Step {
  /** Look for the way to a new chat. */
  guess() {
    if (this.findings.opening && "click" in this.findings.opening && seen(this.document, this.findings.opening.click)) return;
    const button = newChatButton(this.document, this.findings.ignores);
    const click = button && selectorFor(button);
    if (click) this.findings.opening = { click };
    else if (this.document.location.pathname !== this.findings.location.pathname) this.findings.opening = { url: this.findings.location.pathname };
    else if (!this.findings.opening || "click" in this.findings.opening) this.findings.opening = undefined;
  }

  /** What else can be shown; all of it can be left out. */
  async ask() {
    for (;;) {
      const opening = this.findings.opening;
      const lines = [
        `New chat: ${opening ? ("click" in opening ? opening.click : opening.url) : "unknown – all calls go on in the open chat"}`,
        `Stop button: ${this.findings.stop ?? "unknown – an answer cannot be stopped"}`,
        ...(this.findings.busy && !this.findings.stop ? [`Shows that it writes: ${this.findings.busy}`] : []),
        `Choice of models: ${this.findings.picker?.option ?? "none"}`,
        `Thoughts: ${this.findings.thinking ?? "none"}`,
      ];
      const reply = await this.panel.show({
        title: "Anything else?",
        text: "What relay has found. Show it what is missing, or go on.",
        shown: lines.join("\n"),
        outline: opening && "click" in opening ? seen(this.document, opening.click) : null,
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
    if (choice === "nonew") this.findings.opening = undefined;
    else if (choice === "reload") this.findings.opening = { url: this.findings.location.pathname };
    else if (choice === "new") {
      const element = await this.#pick("Click the button for a new chat");
      const click = element && selectorFor(buttonOf(element));
      if (click) this.findings.opening = { click };
    } else if (choice === "thoughts") {
      const element = await this.#pick("Click the model's thoughts");
      const [answer] = this.findings.answers;
      if (element) this.findings.thinking = selectorsOf(element).find((css) => !all(this.document, css).some((each) => all(this.document, answer).some((other) => holds(each, other))));
    } else await this.#showModels();
  }

  async #showModels() {
    const opener = await this.#pick("Click what opens the list of models");
    if (!opener) return;
    const select = opener.closest("select");
    if (select) {
      const option = selectorFor(select);
      if (option) this.findings.picker = { option };
      return;
    }
    const button = buttonOf(opener);
    const open = selectorFor(button);
    if (!open) return;
    clickOn(button);
    const model = await this.#pick("Click one of the models");
    const option = model && optionsOf(model);
    clickOn(button);
    if (option) this.findings.picker = { open, option, current: open };
  }

  /**
   * @param {string} title
   * @returns {Promise<Element | null>}
   */
  async #pick(title) {
    const reply = await this.panel.show({ title, pick: true, choices: [{ value: "skip", label: "Skip" }] });
    return "element" in reply ? reply.element : null;
  }
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
