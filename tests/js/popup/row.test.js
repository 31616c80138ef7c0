import assert from "node:assert/strict";
import { test } from "node:test";
import { JSDOM } from "jsdom";

import { rowOf } from "../../../extension/popup/row.js";

/** @type {import("../../../extension/popup/row.js").Row} */
const ROW = {
  id: "s",
  origin: "https://chat.example",
  name: "A <b>chat</b>",
  tab: 1,
  paused: false,
  condition: { tone: "good", headline: "Ready" },
  counters: null,
};

test("a row shows text as text, and only what there is", () => {
  /** @type {any[]} */ const done = [];
  const { element, show } = rowOf(new JSDOM().window.document, (deed, { id }) => done.push([deed, id]));
  const visible = () =>
    [...element.querySelectorAll("strong, span, .state, p, button")].filter((each) => !(/** @type {any} */ (each).hidden)).map((each) => each.textContent);

  show(ROW);
  assert.deepEqual(visible(), ["chat.example", "A <b>chat</b>", "Ready", "Show", "Pause", "Disconnect", "Forget site"]);
  for (const button of element.querySelectorAll("button")) if (!button.hidden) button.click();

  show({
    ...ROW,
    ...{ account: "me", tab: null, paused: true },
    condition: { tone: "attention", headline: "The site has changed", detail: "no composer", remedy: "teach" },
    counters: { calls: 1, running: 0, failed: 2, parts: 3, characters: 1234 },
  });
  assert.deepEqual(visible(), [
    ...["chat.example", "A <b>chat</b> · me", "The site has changed", "no composer", "1 call · 1,234 characters · 2 failed"],
    ...["Teach again", "Resume", "Disconnect", "Forget site"],
  ]);
  for (const button of element.querySelectorAll("button")) if (!button.hidden) button.click();
  assert.deepEqual(done, [..."show pause disconnect forget".split(" "), ..."teach resume disconnect forget".split(" ")].map((deed) => [deed, "s"]));
  assert.equal(element.querySelector("button")?.getAttribute("aria-label"), "Teach again: chat.example");
});
