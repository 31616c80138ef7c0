/**
 * What a person does on the picture, as events that relay does in the page (docs/reference/http-api.md).
 */

/**
 * @typedef {{x: number, y: number}} Place In the page's own pixels.
 * @typedef {{type: "mouse", action: "move" | "down" | "up", button: string, buttons: number, clicks: number, modifiers: number} & Place} MouseGesture
 * @typedef {{type: "wheel", dx: number, dy: number, modifiers: number} & Place} WheelGesture
 * @typedef {{type: "touch", action: "start" | "move" | "end" | "cancel", points: ({id: number} & Place)[], modifiers: number}} TouchGesture
 * @typedef {{type: "key", action: "down" | "up", key: string, code: string, key_code: number, location: number, repeat: boolean, modifiers: number}} KeyGesture
 * @typedef {{type: "paste", text: string} | {type: "navigate", action: "back" | "forward" | "reload"} | {type: "resize", width: number, height: number}} OtherGesture
 * @typedef {MouseGesture | WheelGesture | TouchGesture | KeyGesture | OtherGesture} Gesture
 *
 * @typedef {Pick<MouseEvent, "altKey" | "ctrlKey" | "metaKey" | "shiftKey">} Modified
 */

const BUTTONS = ["left", "middle", "right", "back", "forward"];
const LINE = 16;
const PAGE = 400;
const LONGEST_PASTE = 100_000;

/**
 * @param {Modified} event
 * @param {boolean} mac There Command is what Control is in the page, which runs elsewhere.
 */
export function modifiersOf({ altKey, ctrlKey, metaKey, shiftKey }, mac) {
  const control = ctrlKey || (mac && metaKey);
  return (altKey ? 1 : 0) | (control ? 2 : 0) | (metaKey && !mac ? 4 : 0) | (shiftKey ? 8 : 0);
}

/**
 * @param {Pick<MouseEvent, "clientX" | "clientY">} event
 * @param {Pick<DOMRect, "left" | "top" | "width" | "height">} box Where the picture is.
 * @param {{width: number, height: number}} page
 * @returns {Place}
 */
export function placeOf({ clientX, clientY }, box, page) {
  const x = ((clientX - box.left) / (box.width || 1)) * page.width;
  const y = ((clientY - box.top) / (box.height || 1)) * page.height;
  return { x: Math.round(x * 10) / 10, y: Math.round(y * 10) / 10 };
}

/**
 * @param {MouseGesture["action"]} action
 * @param {Pick<MouseEvent, "button" | "buttons" | "detail"> & Modified} event
 * @param {Place} place
 * @param {boolean} mac
 * @returns {MouseGesture}
 */
export function mouseGesture(action, event, place, mac) {
  const button = action === "move" ? "none" : (BUTTONS[event.button] ?? "none");
  const clicks = action === "move" ? 0 : Math.min(3, Math.max(1, event.detail));
  return { type: "mouse", action, ...place, button, buttons: event.buttons & 31, clicks, modifiers: modifiersOf(event, mac) };
}

/**
 * @param {Pick<WheelEvent, "deltaX" | "deltaY" | "deltaMode"> & Modified} event
 * @param {Place} place
 * @param {boolean} mac
 * @returns {WheelGesture}
 */
export function wheelGesture(event, place, mac) {
  const unit = [1, LINE, PAGE][event.deltaMode] ?? 1;
  return { type: "wheel", ...place, dx: event.deltaX * unit, dy: event.deltaY * unit, modifiers: modifiersOf(event, mac) };
}

/**
 * @param {KeyGesture["action"]} action
 * @param {Pick<KeyboardEvent, "key" | "code" | "keyCode" | "location" | "repeat"> & Modified} event
 * @param {boolean} mac
 * @returns {KeyGesture}
 */
export function keyGesture(action, event, mac) {
  const { key, code, keyCode, location, repeat } = event;
  return { type: "key", action, key, code, key_code: keyCode & 255, location, repeat, modifiers: modifiersOf(event, mac) };
}

/**
 * @param {string} key
 * @param {number} keyCode
 * @returns {Gesture[]} the key pressed and released
 */
export function stroke(key, keyCode) {
  const event = { key, code: key, keyCode, location: 0, repeat: false, altKey: false, ctrlKey: false, metaKey: false, shiftKey: false };
  return [keyGesture("down", event, false), keyGesture("up", event, false)];
}

/**
 * @param {string} text
 * @returns {Gesture[]}
 */
export function pasteGestures(text) {
  return text === "" ? [] : [{ type: "paste", text: text.slice(0, LONGEST_PASTE) }];
}

/** Fingers on the picture, each with a small number of its own. */
export class Fingers {
  constructor() {
    /** @type {Map<number, {id: number} & Place>} */
    this.down = new Map();
  }

  /**
   * @param {TouchGesture["action"]} action
   * @param {number} pointer
   * @param {Place} place
   * @param {number} modifiers
   * @returns {TouchGesture | undefined} nothing for a finger that is not on the picture; a finger that left while
   *   others stay is a move without it (https://chromedevtools.github.io/devtools-protocol/tot/Input/)
   */
  touch(action, pointer, place, modifiers) {
    if (action === "start") this.down.set(pointer, { id: this.#free(), ...place });
    const finger = this.down.get(pointer);
    if (finger === undefined) return undefined;
    if (action === "cancel") this.down.clear();
    else if (action === "end") this.down.delete(pointer);
    else this.down.set(pointer, { ...finger, ...place });
    const points = [...this.down.values()];
    return { type: "touch", action: action === "end" && points.length > 0 ? "move" : action, points, modifiers };
  }

  #free() {
    const taken = [...this.down.values()].map(({ id }) => id);
    return [...Array(taken.length + 1).keys()].find((id) => !taken.includes(id)) ?? taken.length;
  }
}
