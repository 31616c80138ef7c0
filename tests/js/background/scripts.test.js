import assert from "node:assert/strict";
import { test } from "node:test";

import { Scripts } from "../../../extension/background/scripts.js";
import { AGENT } from "../../../extension/page/files.js";
import { FakeScripting } from "../support/chrome.js";

const SITE = "https://chat.example";
const OTHER = "https://other.example";

/** @param {FakeScripting} scripting */
const scriptsOn = (scripting) => new Scripts(/** @type {any} */ (scripting));

test("a site gets the agent's files in their order, and the program beside them", async () => {
  const scripting = new FakeScripting();
  await scriptsOn(scripting).keepTo([SITE]);
  assert.deepEqual(scripting.registered.map(({ id, js, world }) => [id, js, world]), [
    [`agent ${SITE}`, AGENT, "MAIN"],
    [`boot ${SITE}`, ["content/boot.js"], undefined],
  ]);
});

test("what is there stays, what is of no site any more goes", async () => {
  const scripting = new FakeScripting();
  const scripts = scriptsOn(scripting);
  await scripts.keepTo([SITE, OTHER]);
  const kept = scripting.registered.filter(({ id }) => id.endsWith(OTHER));
  await scripts.keepTo([OTHER]);
  assert.equal(scripting.registered.length, 2);
  scripting.registered.forEach((script, at) => assert.equal(script, kept[at]));
});

test("scripts that an earlier version left are replaced", async () => {
  const scripting = new FakeScripting();
  await scripting.registerContentScripts([{ id: `agent ${SITE}`, js: ["page/gone.js"] }]);
  await scriptsOn(scripting).keepTo([SITE]);
  assert.deepEqual(scripting.registered.map(({ id, js }) => [id, js]), [
    [`agent ${SITE}`, AGENT],
    [`boot ${SITE}`, ["content/boot.js"]],
  ]);
});
