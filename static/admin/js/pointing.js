/**
 * Mouse, wheel and fingers on the picture.
 */

import { Fingers, modifiersOf, mouseGesture, placeOf, wheelGesture } from "./gestures.js";

/**
 * @typedef {object} Surface
 * @property {HTMLElement} element
 * @property {() => {width: number, height: number}} page
 * @property {(gesture: import("./gestures.js").Gesture) => void} act
 * @property {() => void} onpress Of a mouse: the keyboard is wanted next.
 * @property {boolean} mac
 */

/** @param {Surface} surface */
export function wirePointing(surface) {
  surface.element.addEventListener("contextmenu", (event) => event.preventDefault());
  wireMouse(surface);
  wireWheel(surface);
  wireFingers(surface);
}

/**
 * Mouse events and not pointer events, because only they count clicks. A button that went down on the picture is
 * followed wherever it goes.
 *
 * @param {Surface} surface
 */
function wireMouse({ element, page, act, onpress, mac }) {
  let pressed = 0;
  /**
   * @param {"move" | "down" | "up"} action
   * @param {MouseEvent} event
   */
  const send = (action, event) => {
    event.preventDefault();
    act(mouseGesture(action, event, placeOf(event, element.getBoundingClientRect(), page()), mac));
  };
  element.addEventListener("mousedown", (event) => {
    pressed = event.buttons;
    send("down", event);
    onpress();
  });
  window.addEventListener("mousemove", (event) => {
    if (pressed !== 0 || event.target === element) send("move", event);
  });
  window.addEventListener("mouseup", (event) => {
    if (pressed !== 0) send("up", event);
    pressed = event.buttons;
  });
}

/** @param {Surface} surface */
function wireWheel({ element, page, act, mac }) {
  /** @param {WheelEvent} event */
  const turn = (event) => {
    event.preventDefault();
    act(wheelGesture(event, placeOf(event, element.getBoundingClientRect(), page()), mac));
  };
  element.addEventListener("wheel", turn, { passive: false });
}

/** @param {Surface} surface */
function wireFingers({ element, page, act, mac }) {
  const fingers = new Fingers();
  /** @param {"start" | "move" | "end" | "cancel"} action */
  const follow = (action) => (/** @type {PointerEvent} */ event) => {
    if (event.pointerType !== "touch") return;
    event.preventDefault(); // no mouse events after it: https://www.w3.org/TR/pointerevents/#compatibility-mapping-with-mouse-events
    const place = placeOf(event, element.getBoundingClientRect(), page());
    const gesture = fingers.touch(action, event.pointerId, place, modifiersOf(event, mac));
    if (gesture !== undefined) act(gesture);
  };
  element.addEventListener("pointerdown", follow("start"));
  element.addEventListener("pointermove", follow("move"));
  element.addEventListener("pointerup", follow("end"));
  element.addEventListener("pointercancel", follow("cancel"));
}
