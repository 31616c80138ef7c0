/**
 * The few things every view does with the document. Text from outside goes through `textContent` only.
 */

/**
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} kind
 * @returns {T}
 */
export function byId(id, kind) {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new TypeError(`the page has no ${kind.name} with the id ${id}`);
  return element;
}

/**
 * Set the text only where it differs: an unchanged live region is not read out again, a selection is not lost.
 *
 * @param {HTMLElement} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * @param {string} id
 * @param {string} text
 */
export function setTextOf(id, text) {
  setText(byId(id, HTMLElement), text);
}

/**
 * @param {string} id
 * @param {boolean} shown
 */
export function show(id, shown) {
  byId(id, HTMLElement).hidden = !shown;
}

/**
 * @param {string} id
 * @param {() => void} act
 */
export function onClick(id, act) {
  byId(id, HTMLButtonElement).addEventListener("click", act);
}
