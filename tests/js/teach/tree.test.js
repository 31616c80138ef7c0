import assert from "node:assert/strict";
import { test } from "node:test";

import { coresOf } from "../../../extension/teach/tree.js";
import { rendered } from "../support/page.js";

/** @param {string} html */
function cores(html) {
  return coresOf(rendered(html)).map(({ className }) => className);
}

test("what holds most of a text is found, down to its paragraphs", () => {
  const html = `<div class="turn"><div>Bot</div><div class="bubble"><div class="text"><p class="part">Blue is a colour.</p></div></div></div>`;

  assert.deepEqual(cores(html), ["turn", "bubble", "text"]);
});

test("nothing of several parts is most", () => {
  assert.deepEqual(cores(`<div class="one">Blue</div><div class="two">Grey</div>`), []);
});

test("what the test message asks for is not left out", () => {
  assert.deepEqual(cores(`<div class="most">Blue is a colour, they say.</div><div>RELAYTEST</div>`), []);
});
