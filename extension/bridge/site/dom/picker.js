/** The models of a page, and choosing one, through the menu that a person uses. */

import { AdapterError } from "../../adapter.js";
import { click, pressKey } from "./press.js";
import { all, seen, visible } from "./select.js";
import { windowOf } from "./watch.js";

/**
 * @typedef {import("./description.js").ModelPicker} ModelPicker
 * @typedef {import("./watch.js").Watch} Watch
 * @typedef {{document: Document, picker: ModelPicker, watch: Watch, signal: AbortSignal}} PickerPage
 * @typedef {{id: string, name: string, element: HTMLElement}} Choice
 */

const OPENS_MS = 5000;

/**
 * The models that the page offers.
 * @param {PickerPage} page
 * @returns {Promise<{id: string, name: string}[]>}
 */
export async function offered(page) {
  const choices = await menu(page);
  close(page);
  return choices.map(({ id, name }) => ({ id, name }));
}

/**
 * Choose a model, if it is not chosen already.
 * @param {PickerPage} page
 * @param {string} model
 */
export async function choose(page, model) {
  const { document, picker, watch, signal } = page;
  const current = () => seen(document, picker.current)?.textContent.trim();
  if (current() === model) return;
  const choice = (await menu(page)).find(({ id }) => id === model);
  if (!choice) {
    close(page);
    throw new AdapterError("model_not_found", `The page does not offer the model ${model}.`);
  }
  if (choice.element.localName === "option") select(choice.element);
  else click(choice.element);
  const chosen = () => [choice.id, choice.name].includes(current() ?? "");
  if (picker.current && !(await watch.until(chosen, { ms: OPENS_MS, signal })))
    throw new AdapterError("site_changed", `The page did not change to the model ${model}.`);
}

/**
 * @param {PickerPage} page
 * @returns {Promise<Choice[]>}
 */
async function menu({ document, picker, watch, signal }) {
  const look = () => {
    const found = all(document, picker.option).flatMap(choicesOf).filter(visibleChoice);
    return found.length > 0 && /** @type {HTMLElement[]} */ (found);
  };
  const opener = look() ? null : seen(document, picker.open);
  if (opener) click(opener);
  const options = await watch.until(look, { ms: opener ? OPENS_MS : 0, signal });
  if (!options) throw new AdapterError("site_changed", "The page shows no models to choose from any more.");
  return options.map((element) => ({ ...nameOf(element, picker), element }));
}

/** @param {PickerPage} page */
function close({ document, picker }) {
  if (!picker.open || !all(document, picker.option).some(visible)) return;
  pressKey(document.activeElement ?? document.body, "Escape");
  const opener = seen(document, picker.open);
  if (opener && all(document, picker.option).some(visible)) click(opener);
}

/** @param {Element} element */
function choicesOf(element) {
  return element.localName === "select" ? [...element.querySelectorAll("option")] : [element];
}

/** @param {Element} element */
function visibleChoice(element) {
  return element.localName === "option" ? !element.matches(":disabled") : visible(element);
}

/**
 * @param {HTMLElement} element
 * @param {ModelPicker} picker
 */
function nameOf(element, picker) {
  const name = element.textContent.trim();
  const id = picker.id ? element.getAttribute(picker.id) : /** @type {Partial<HTMLOptionElement>} */ (element).value;
  return { id: typeof id === "string" && id !== "" ? id : name, name };
}

/** @param {HTMLElement} option */
function select(option) {
  const { Event } = windowOf(option.ownerDocument);
  const list = /** @type {HTMLSelectElement} */ (option.closest("select"));
  list.value = /** @type {HTMLOptionElement} */ (option).value;
  for (const event of ["input", "change"]) list.dispatchEvent(new Event(event, { bubbles: true, composed: true }));
}
