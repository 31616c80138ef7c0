import assert from "node:assert/strict";
import { test } from "node:test";

import { all, enabled, pressable, seen, shadows, visible } from "../../../../../extension/bridge/site/dom/select.js";
import { documentOf } from "../../../support/page.js";

/** A page with two components, one with another inside; the ids of what is found there. */
function components() {
  const document = documentOf("<x-a id='one'></x-a><x-a id='two'></x-a>");
  for (const host of document.querySelectorAll("x-a")) {
    host.attachShadow({ mode: "open" }).innerHTML = `<x-b id="${host.id}-b"></x-b><p id="${host.id}-p"></p>`;
  }
  const inner = document.querySelector("#two")?.shadowRoot?.querySelector("x-b");
  if (inner) inner.attachShadow({ mode: "open" }).innerHTML = '<p id="deep"></p>';
  return document;
}

/** @param {Element[]} elements */
const ids = (elements) => elements.map(({ id }) => id);

test("a selector goes through open shadow roots", () => {
  const document = components();
  assert.deepEqual(ids(all(document, "x-a >>> p")), ["one-p", "two-p"]);
  assert.deepEqual(ids(all(document, "x-a >>> x-b >>> p")), ["deep"]);
  assert.deepEqual(ids(all(document, "p")), []);
  assert.deepEqual(ids(all(document, "x-a, p")), ["one", "two"]);
});

test("no selector finds nothing", () => {
  const document = components();
  assert.deepEqual([null, undefined, ""].flatMap((selector) => all(document, selector)), []);
});

test("the shadow roots on the way are known", () => {
  const document = components();
  assert.deepEqual(ids(shadows(document, "x-a >>> x-b >>> p").map(({ host }) => host)), ["one", "two", "two-b"]);
  assert.deepEqual(shadows(document, "x-a"), []);
  assert.deepEqual(shadows(document, null), []);
});

test("the last that can be seen is taken", () => {
  const document = documentOf('<p id="a"></p><p id="b"></p><div hidden><p id="c"></p></div><p id="d" style="display: none"></p>');
  assert.equal(seen(document, "p")?.id, "b");
  assert.equal(seen(document, "i"), null);
});

test("what the browser says of being seen counts", () => {
  const element = documentOf("<p></p>").body.children[0];
  assert.ok(element);
  element.checkVisibility = () => false;
  assert.equal(visible(element), false);
});

test("what is disabled in any way takes no clicks", () => {
  const { body } = documentOf(
    "<button></button><button disabled></button><a aria-disabled='true'></a><x-a disabled></x-a><div inert><a></a></div>",
  );
  assert.deepEqual([...body.querySelectorAll("button, a, x-a")].map(enabled), [true, false, false, false, false]);
});

test("of several buttons the last that takes clicks is pressed", () => {
  const document = documentOf("<button id='a'></button><button id='b'></button><button id='c' disabled></button><button hidden></button>");
  assert.equal(pressable(document, "button")?.id, "b");
  assert.equal(pressable(document, "a"), null);
});
