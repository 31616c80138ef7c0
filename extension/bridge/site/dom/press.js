/** Pressing keys and buttons, with the events that a person's press makes. */

import { windowOf } from "./watch.js";

const CODES = /** @type {const} */ ({ Enter: 13, Escape: 27 });

/**
 * @param {Element} element
 * @param {keyof typeof CODES} key
 */
export function pressKey(element, key) {
  const { KeyboardEvent } = windowOf(element.ownerDocument);
  const code = CODES[key];
  const init = { key, code: key, keyCode: code, which: code, bubbles: true, cancelable: true, composed: true };
  const down = element.dispatchEvent(new KeyboardEvent("keydown", init));
  if (down && key === "Enter") element.dispatchEvent(new KeyboardEvent("keypress", { ...init, charCode: code }));
  element.dispatchEvent(new KeyboardEvent("keyup", init));
}

/**
 * Some buttons listen to the pointer and not to the click.
 * @param {Element} element
 */
export function click(element) {
  const { MouseEvent, PointerEvent } = windowOf(element.ownerDocument);
  const init = { bubbles: true, cancelable: true, composed: true, button: 0, detail: 1 };
  const pointer = { ...init, pointerId: 1, pointerType: "mouse", isPrimary: true };
  element.dispatchEvent(new PointerEvent("pointerdown", { ...pointer, buttons: 1 }));
  element.dispatchEvent(new MouseEvent("mousedown", { ...init, buttons: 1 }));
  element.dispatchEvent(new PointerEvent("pointerup", pointer));
  element.dispatchEvent(new MouseEvent("mouseup", init));
  if ("click" in element) /** @type {HTMLElement} */ (element).click();
  else /** @type {Element} */ (element).dispatchEvent(new MouseEvent("click", init));
}
