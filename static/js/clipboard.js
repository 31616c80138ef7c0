/**
 * Copy buttons: `data-copy` names the element whose text or value is copied.
 */

import { byId, setText, setTextOf } from "./dom.js";

const SHOWN_MS = 2000;

/** Make every copy button of the page work. */
export function wireCopyButtons() {
  const say = briefly((text) => setTextOf("copied", text), "");
  for (const button of document.querySelectorAll("button[data-copy]")) {
    if (!(button instanceof HTMLButtonElement)) continue;
    const label = briefly((text) => setText(button, text), "Copy");
    button.addEventListener("click", () => void copyFor(button, label, say));
  }
}

/**
 * @param {(text: string) => void} show
 * @param {string} usual What is shown again after a while.
 * @returns {(text: string) => void}
 */
export function briefly(show, usual) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let reset;
  return (text) => {
    clearTimeout(reset);
    show(text);
    reset = setTimeout(() => show(usual), SHOWN_MS);
  };
}

/**
 * @param {HTMLButtonElement} button
 * @param {(text: string) => void} label Of the button.
 * @param {(text: string) => void} say For screen readers.
 */
async function copyFor(button, label, say) {
  const source = byId(button.dataset["copy"] ?? "", HTMLElement);
  const text = source instanceof HTMLInputElement ? source.value : (source.textContent ?? "");
  const copied = await copy(text, source);
  const name = (button.getAttribute("aria-label") ?? "").replace(/^Copy /, "");
  say(copied ? `Copied ${name}` : `Could not copy; ${name} is selected: press Ctrl+C`);
  label(copied ? "Copied" : "Ctrl+C");
}

/**
 * @param {string} text
 * @param {HTMLElement} source Selected where the browser refuses the clipboard, so that the person can copy it.
 * @returns {Promise<boolean>}
 */
async function copy(text, source) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    if (source instanceof HTMLInputElement) selectField(source);
    else getSelection()?.selectAllChildren(source);
    return false;
  }
}

/** @param {HTMLInputElement} field */
function selectField(field) {
  // Nothing can be copied by hand out of a hidden field: press the button that shows it.
  const hidden = document.querySelector(`button[aria-controls="${field.id}"][aria-pressed="false"]`);
  if (hidden instanceof HTMLButtonElement) hidden.click();
  field.select();
}
