import assert from "node:assert/strict";
import { test } from "node:test";

import { Signs } from "../../../extension/teach/signs.js";
import { documentOf } from "../support/page.js";

/**
 * What is found on a page that shows `signs` while it writes, and had `before` on it.
 * @param {string} signs
 * @param {{before?: string, looks?: number, after?: string, later?: number}} [options]
 */
function found(signs, { before = "", looks = 2, after = "", later = 0 } = {}) {
  const document = documentOf(`${before}<main></main><textarea class="loading"></textarea>`);
  const watched = new Signs(document, ({ localName }) => localName === "textarea");
  const main = /** @type {Element} */ (document.querySelector("main"));
  main.innerHTML = signs;
  for (let look = 0; look < looks; look += 1) watched.look();
  main.innerHTML = after;
  return watched.lasting(Date.now() + later);
}

for (const [signs, css] of /** @type {[string, string][]} */ ([
  ['<i class="kit-spinner big"></i>', ".kit-spinner"],
  ['<div aria-busy="true"></div>', '[aria-busy="true"]'],
  ['<div role="progressbar"></div>', '[role="progressbar"]'],
  ["<progress></progress>", "progress"],
  ['<p class="answer is-streaming"></p>', ".is-streaming"],
])) {
  test(`${signs} tells that the page is writing`, () => assert.equal(found(signs), css));
}

test("what is no sign, what cannot be seen, and what is no name to keep", () => {
  assert.equal(found('<i class="answer"></i><i class="spinner" hidden></i><i class="loading-5f3a9c1b"></i>'), undefined);
});

test("what was there before, what stays, and what was there for a moment only", () => {
  const spinner = '<i class="spinner"></i>';
  assert.equal(found(spinner, { before: spinner }), undefined);
  assert.equal(found(spinner, { after: spinner }), undefined);
  assert.equal(found(spinner, { looks: 1 }), undefined);
});

test("what went while the answer still grew tells no end", () => {
  assert.equal(found('<i class="spinner"></i>', { later: 5000 }), undefined);
});
