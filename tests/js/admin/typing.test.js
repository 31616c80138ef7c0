import assert from "node:assert/strict";
import { before, beforeEach, test } from "node:test";

import { JSDOM } from "jsdom";

import { wireTyping } from "../../../static/admin/js/typing.js";

/** @typedef {import("../../../static/admin/js/gestures.js").Gesture} Gesture */

const { window } = new JSDOM("<!doctype html>");
/** @type {Gesture[]} */
let done = [];
let copies = 0;
/** @type {HTMLTextAreaElement} */
let field;

before(() => {
  Object.assign(globalThis, { InputEvent: window.InputEvent });
});

beforeEach(() => type(false));

/** @param {boolean} mac */
function type(mac) {
  done = [];
  copies = 0;
  field = window.document.createElement("textarea");
  window.document.body.replaceChildren(field);
  wireTyping({ field, mac, act: (gesture) => void done.push(gesture), oncopy: () => void (copies += 1) });
}

/**
 * @param {string} type_
 * @param {KeyboardEventInit} init
 * @returns {boolean} whether the browser is kept from doing it itself
 */
function key(type_, init) {
  const event = new window.KeyboardEvent(type_, { cancelable: true, ...init });
  field.dispatchEvent(event);
  return event.defaultPrevented;
}

/** @param {string} value @param {InputEventInit} [init] */
function input(value, init = {}) {
  field.value = value;
  field.dispatchEvent(new window.InputEvent("input", init));
}

/** @returns {string[]} */
function said() {
  return done.map((gesture) => {
    if (gesture.type === "key") return `${gesture.action} ${gesture.key}`;
    return gesture.type === "paste" ? `paste ${gesture.text}` : gesture.type;
  });
}

test("keys go as they are, and the browser does not take them", () => {
  assert.equal(key("keydown", { key: "a", code: "KeyA", keyCode: 65 }), true);
  assert.equal(key("keyup", { key: "a", code: "KeyA", keyCode: 65 }), true);
  assert.equal(key("keydown", { key: "Tab" }), true);
  assert.deepEqual(said(), ["down a", "up a", "down Tab"]);
});

test("one key leads out", () => {
  assert.equal(key("keydown", { key: "F6" }), false);
  assert.deepEqual(said(), []);
});

test("an input method's text goes when it is settled, its keys do not", () => {
  key("keydown", { key: "Process", keyCode: 229 });
  key("keydown", { key: "n", isComposing: true });
  input("·に", { isComposing: true });
  assert.deepEqual(said(), []);
  field.value = "·日本";
  field.dispatchEvent(new window.CompositionEvent("compositionend", { data: "日本" }));
  assert.deepEqual(said(), ["paste 日本"]);
  input("·"); // some browsers tell of it once more
  assert.deepEqual(said(), ["paste 日本"]);
});

test("a phone's keyboard writes and deletes without keys", () => {
  input("·hello");
  input("");
  assert.deepEqual(said(), ["paste hello", "down Backspace", "up Backspace"]);
  assert.equal(field.value, "·");
});

test("the clipboard's text is pasted, by the browser's own shortcut", () => {
  assert.equal(key("keydown", { key: "v", ctrlKey: true }), false);
  assert.equal(key("keydown", { key: "V", ctrlKey: true, shiftKey: true }), false);
  const event = Object.assign(new window.Event("paste", { cancelable: true }), { clipboardData: { getData: () => "secret" } });
  field.dispatchEvent(event);
  field.dispatchEvent(new window.Event("paste"));
  assert.equal(event.defaultPrevented, true);
  assert.deepEqual(said(), ["paste secret"]);
});

test("what is copied in the page is copied here", () => {
  key("keydown", { key: "c", ctrlKey: true });
  key("keyup", { key: "c", ctrlKey: true });
  key("keydown", { key: "x", ctrlKey: true });
  key("keydown", { key: "a", ctrlKey: true });
  key("keydown", { key: "c" });
  assert.equal(copies, 2);
  assert.deepEqual(said().length, 5);
});

test("on a Mac the shortcuts are Command's", () => {
  type(true);
  assert.equal(key("keydown", { key: "v", metaKey: true }), false);
  key("keydown", { key: "c", metaKey: true });
  key("keydown", { key: "c", ctrlKey: true });
  assert.equal(copies, 1);
  assert.deepEqual(done.map((gesture) => gesture.type === "key" && gesture.modifiers), [2, 2]);
});
