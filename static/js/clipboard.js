/**
 * Copy buttons: `data-copy` names the element whose text or value is copied.
 */

import { byId } from "./dom.js";

const SHOWN_MS = 2000;

/** Make every copy button of the page work. */
export function wireCopyButtons() {
  for (const button of document.querySelectorAll("button[data-copy]")) {
    if (button instanceof HTMLButtonElement) button.addEventListener("click", () => void copyFor(button));
  }
}

/** @param {HTMLButtonElement} button */
async function copyFor(button) {
  const source = byId(button.dataset["copy"] ?? "", HTMLElement);
  const text = source instanceof HTMLInputElement ? source.value : (source.textContent ?? "");
  const copied = await copy(text, source);
  const name = (button.getAttribute("aria-label") ?? "").replace(/^Copy /, "");
  byId("copied", HTMLElement).textContent = copied ? `Copied ${name}` : `Could not copy; ${name} is selected: press Ctrl+C`;
  button.textContent = copied ? "Copied" : "Ctrl+C";
  setTimeout(() => {
    button.textContent = "Copy";
    byId("copied", HTMLElement).textContent = "";
  }, SHOWN_MS);
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
