import assert from "node:assert/strict";
import { test } from "node:test";

import { fieldOf } from "../../../extension/teach/lesson.js";
import { rendered } from "../support/page.js";

for (const [name, html] of [
  ["itself", `<textarea click field></textarea>`],
  ["around a part of an editor", `<div contenteditable="true" field><p contenteditable="true"><b click></b></p></div>`],
  ["in a frame", `<div click><input field></div>`],
  ["of a label that lies over it", `<div><div><label click for="it"></label></div></div><input id="it" field><input>`],
  ["beneath a picture that lies over it", `<div><input hidden><div><textarea field></textarea></div><div><i click></i></div></div><input>`],
  ["none far away", `<div><div><div><div><b click></b></div></div></div></div><textarea></textarea>`],
  ["none among several", `<div><input><input><b click></b></div>`],
]) {
  test(`the field that takes text: ${name}`, () => {
    const body = rendered(html ?? "");
    const clicked = body.querySelector("[click]");
    assert.ok(clicked);

    assert.equal(fieldOf(clicked), body.querySelector("[field]"));
  });
}
