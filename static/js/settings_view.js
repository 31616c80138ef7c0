/**
 * The card with what a person pastes into a client.
 */

import { byId, onClick, setTextOf, show } from "./dom.js";
import { chatModels } from "./facts.js";
import { curlText, environmentText, modelHint, modelToName } from "./snippets.js";

/** @typedef {import("../../extension/bridge/frames.js").Model} Model */

const KEY_SHOWN_ONCE = "Copy it now: relay keeps only a fingerprint of it, so it is not shown again.";
const KEY_HINT = "relay showed it once, at its first start. For a new one, run “relay key create NAME” in a terminal.";

export class SettingsView {
  /**
   * @param {object} start
   * @param {string} start.baseUrl
   * @param {string} start.usual The model to name as long as the person has chosen none.
   * @param {string | undefined} start.chosen
   * @param {(model: string) => void} start.onModel The person chose another model.
   */
  constructor({ baseUrl, usual, chosen, onModel }) {
    this.baseUrl = baseUrl;
    this.usual = usual;
    this.chosen = chosen !== undefined;
    /** @type {string | undefined} */
    this.key = undefined;
    /** @type {readonly Model[]} All that the page has. */
    this.offered = [];
    /** @type {readonly Model[]} Those of them to chat with. */
    this.models = [];
    this.model = byId("model", HTMLInputElement);
    this.model.value = chosen ?? usual;
    this.model.addEventListener("input", () => {
      this.chosen = true;
      onModel(this.model.value);
      this.paint();
    });
    onClick("show-key", () => this.#toggleKey());
    this.paint();
  }

  /** @param {readonly Model[]} models */
  offer(models) {
    if (models === this.offered) return;
    this.offered = models;
    this.models = chatModels(models);
    if (!this.chosen) this.model.value = modelToName(this.usual, this.models);
    byId("models", HTMLDataListElement).replaceChildren(...this.models.map(optionOf));
    this.paint();
  }

  /** @param {{base_url: string, key?: string}} given By relay in its `welcome`. */
  given({ base_url: baseUrl, key = this.key }) {
    if (baseUrl === this.baseUrl && key === this.key) return;
    this.baseUrl = baseUrl;
    this.key = key;
    this.paint();
  }

  paint() {
    const settings = { baseUrl: this.baseUrl, model: this.model.value, ...(this.key !== undefined && { key: this.key }) };
    byId("base-url", HTMLInputElement).value = this.baseUrl;
    byId("api-key", HTMLInputElement).value = this.key ?? "";
    show("key-row", this.key !== undefined);
    setTextOf("key-hint", this.key === undefined ? KEY_HINT : KEY_SHOWN_ONCE);
    setTextOf("model-hint", modelHint(this.model.value, this.models));
    setTextOf("environment", environmentText(settings));
    setTextOf("curl", curlText(settings));
  }

  #toggleKey() {
    const field = byId("api-key", HTMLInputElement);
    const button = byId("show-key", HTMLButtonElement);
    const shown = field.type === "password";
    field.type = shown ? "text" : "password";
    button.textContent = shown ? "Hide" : "Show";
    button.setAttribute("aria-pressed", String(shown));
  }
}

/** @param {Model} model */
function optionOf({ id, name }) {
  const option = document.createElement("option");
  option.value = id;
  if (name !== undefined && name !== id) option.label = name;
  return option;
}
