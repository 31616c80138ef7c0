/**
 * The keyboard: keys as they are, and what an input method, a phone's keyboard or the clipboard makes as text.
 */

import { keyGesture, pasteGestures, stroke } from "./gestures.js";

/** What a key event of an input method has for a key code: https://www.w3.org/TR/uievents/#determine-keydown-keyup-keyCode */
const COMPOSING = 229;
const BACKSPACE = 8;
/** Something to delete: without it a phone's keyboard does not tell of Backspace. */
const SENTINEL = "·";
/** Leads out of the picture, as it does in any browser. */
const WAY_OUT = "F6";

/**
 * @typedef {object} Keys
 * @property {HTMLTextAreaElement} field Has the focus while the person types; always as good as empty.
 * @property {(gesture: import("./gestures.js").Gesture) => void} act
 * @property {() => void} oncopy
 * @property {boolean} mac
 */

/** @param {Keys} keys */
export function wireTyping({ field, act, oncopy, mac }) {
  const empty = () => {
    field.value = SENTINEL;
    field.setSelectionRange(1, 1);
  };
  /** @param {"down" | "up"} action */
  const press = (action) => (/** @type {KeyboardEvent} */ event) => {
    if (event.isComposing || event.keyCode === COMPOSING || event.key === WAY_OUT) return;
    const shortcut = mac ? event.metaKey : event.ctrlKey;
    if (shortcut && event.key.toLowerCase() === "v") return; // "paste" follows, with the text
    event.preventDefault();
    act(keyGesture(action, event, mac));
    if (shortcut && action === "down" && ["c", "x"].includes(event.key.toLowerCase())) oncopy();
  };
  const take = () => {
    if (field.value === "") for (const gesture of stroke("Backspace", BACKSPACE)) act(gesture);
    else for (const gesture of pasteGestures(field.value.replace(SENTINEL, ""))) act(gesture);
    empty();
  };
  empty();
  field.addEventListener("keydown", press("down"));
  field.addEventListener("keyup", press("up"));
  field.addEventListener("input", (event) => {
    if (!(event instanceof InputEvent && event.isComposing)) take();
  });
  field.addEventListener("compositionend", take);
  field.addEventListener("paste", (event) => {
    event.preventDefault();
    for (const gesture of pasteGestures(event.clipboardData?.getData("text/plain") ?? "")) act(gesture);
  });
}
