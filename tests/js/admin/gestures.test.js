import assert from "node:assert/strict";
import { test } from "node:test";

import {
  Fingers,
  keyGesture,
  modifiersOf,
  mouseGesture,
  pasteGestures,
  placeOf,
  stroke,
  wheelGesture,
} from "../../../static/admin/js/gestures.js";

const PLAIN = { altKey: false, ctrlKey: false, metaKey: false, shiftKey: false };
const HERE = { x: 1, y: 2 };

test("modifiers add up, and Command is Control for a page that runs elsewhere", () => {
  assert.equal(modifiersOf(PLAIN, false), 0);
  assert.equal(modifiersOf({ altKey: true, ctrlKey: true, metaKey: true, shiftKey: true }, false), 15);
  assert.equal(modifiersOf({ ...PLAIN, metaKey: true }, false), 4);
  assert.equal(modifiersOf({ ...PLAIN, metaKey: true }, true), 2);
});

test("a place is in the page's own pixels, however large the picture is shown", () => {
  const box = { left: 100, top: 50, width: 640, height: 360 };
  assert.deepEqual(placeOf({ clientX: 420, clientY: 230 }, box, { width: 1280, height: 720 }), { x: 640, y: 360 });
  assert.deepEqual(placeOf({ clientX: 0, clientY: 0 }, { left: 0, top: 0, width: 0, height: 0 }, { width: 1280, height: 720 }), { x: 0, y: 0 });
});

test("mouse", () => {
  const event = { ...PLAIN, button: 2, buttons: 2, detail: 1 };
  const base = { type: "mouse", ...HERE, buttons: 2, modifiers: 0 };
  assert.deepEqual(mouseGesture("down", event, HERE, false), { ...base, action: "down", button: "right", clicks: 1 });
  assert.deepEqual(mouseGesture("move", event, HERE, false), { ...base, action: "move", button: "none", clicks: 0 });
  assert.equal(mouseGesture("down", { ...event, detail: 7 }, HERE, false).clicks, 3);
  assert.equal(mouseGesture("up", { ...event, detail: 0 }, HERE, false).clicks, 1);
  assert.equal(mouseGesture("up", { ...event, button: 9 }, HERE, false).button, "none");
});

test("wheels turn by pixels, lines and pages", () => {
  const turned = [0, 1, 2, 3].map((deltaMode) => wheelGesture({ ...PLAIN, deltaX: 0, deltaY: 2, deltaMode }, HERE, false).dy);
  assert.deepEqual(turned, [2, 32, 800, 2]);
});

test("keys", () => {
  const event = { ...PLAIN, key: "A", code: "KeyA", keyCode: 65, location: 0, repeat: true, shiftKey: true };
  const gesture = { type: "key", key: "A", code: "KeyA", key_code: 65, location: 0, repeat: true, modifiers: 8 };
  assert.deepEqual(keyGesture("down", event, false), { ...gesture, action: "down" });
  assert.deepEqual(stroke("Backspace", 8).map((one) => one.type === "key" && [one.action, one.key, one.key_code]), [
    ["down", "Backspace", 8],
    ["up", "Backspace", 8],
  ]);
});

test("text is pasted, but not without end", () => {
  assert.deepEqual(pasteGestures("日本"), [{ type: "paste", text: "日本" }]);
  assert.deepEqual(pasteGestures(""), []);
  assert.equal(pasteGestures("x".repeat(200_000))[0]?.type, "paste");
  assert.deepEqual(pasteGestures("x".repeat(200_000)), [{ type: "paste", text: "x".repeat(100_000) }]);
});

test("fingers keep their numbers; one that leaves others is a move without it", () => {
  const fingers = new Fingers();
  const [a, b] = [{ x: 1, y: 1 }, { x: 2, y: 2 }];
  assert.deepEqual(fingers.touch("move", 70, a, 0), undefined);
  assert.deepEqual(fingers.touch("start", 70, a, 0), { type: "touch", action: "start", points: [{ id: 0, ...a }], modifiers: 0 });
  assert.deepEqual(fingers.touch("start", 71, b, 0)?.points, [{ id: 0, ...a }, { id: 1, ...b }]);
  assert.deepEqual(fingers.touch("move", 71, a, 8), { type: "touch", action: "move", points: [{ id: 0, ...a }, { id: 1, ...a }], modifiers: 8 });
  assert.deepEqual(fingers.touch("end", 70, a, 0), { type: "touch", action: "move", points: [{ id: 1, ...a }], modifiers: 0 });
  assert.deepEqual(fingers.touch("start", 72, b, 0)?.points, [{ id: 1, ...a }, { id: 0, ...b }]);
  assert.deepEqual(fingers.touch("cancel", 72, b, 0), { type: "touch", action: "cancel", points: [], modifiers: 0 });
  assert.deepEqual(fingers.touch("end", 71, b, 0), undefined);
  fingers.touch("start", 73, a, 0);
  assert.deepEqual(fingers.touch("end", 73, a, 0), { type: "touch", action: "end", points: [], modifiers: 0 });
});
