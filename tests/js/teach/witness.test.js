import assert from "node:assert/strict";
import { test } from "node:test";

import { stopSelector } from "../../../extension/teach/derive.js";
import { everywhere, textOf } from "../../../extension/teach/tree.js";
import { Witness } from "../../../extension/teach/witness.js";
import { documentOf } from "../support/page.js";

const PROMPT = "What is blue?";

/** @param {import("node:test").TestContext} context @param {string} html */
function watching(context, html) {
  const document = documentOf(html);
  const box = document.querySelector("#box");
  const witness = new Witness(document, (element) => element === box);
  context.after(() => witness.close());
  const add = (/** @type {string} */ more) => void document.querySelector("main")?.insertAdjacentHTML("beforeend", more);
  return { document, witness, add };
}

/** Mutations are told after the task. */
const told = () => new Promise((resolve) => void setTimeout(resolve));

const PAGE = `<nav><a>Old chat</a></nav><main></main><textarea id="box"></textarea>`;

test("the answer is most of what is new, apart from the question", (context) => {
  const { document, witness, add } = watching(context, PAGE);
  assert.equal(witness.hasNews(PROMPT), false);

  add(`<div class="turn"><p class="mine">${PROMPT}</p><div class="theirs"><p>Blue is</p><p>a colour.</p></div></div><div>Tip: ask on</div>`);

  assert.equal(witness.hasNews(PROMPT), true);
  assert.equal(witness.guess(PROMPT), document.querySelector(".theirs"));
});

test("what is already there, and buttons, are no news", (context) => {
  const { witness, add } = watching(context, PAGE);

  add(`<p>Old chat</p><button>Copy</button><p>${PROMPT}</p>`);

  assert.deepEqual([witness.news(PROMPT), witness.guess(PROMPT)], [[], null]);
});

test("a text is found where it stands alone, the innermost first, or else in the smallest that has it", (context) => {
  const { document, witness, add } = watching(context, PAGE);
  add(`<div class="a"><div class="b"><p>Blue <b>it</b> is</p></div></div><section>Yes: Red it is</section>`);

  const ps = ["p", ".b", ".a"].map((css) => document.querySelector(css));
  assert.deepEqual(witness.holders("Blue *it* is"), ps);
  assert.deepEqual(witness.holders("Red it is"), [document.querySelector("section")]);
  assert.deepEqual(witness.holders("…"), []);
});

test("who points at a paragraph means the answer it is of", (context) => {
  const { document, witness, add } = watching(context, PAGE);
  add(`<p class="mine">${PROMPT}</p><div class="theirs"><p>Blue is</p><p class="last">a colour.</p></div>`);

  const last = /** @type {Element} */ (document.querySelector(".last"));
  assert.equal(witness.around(last, PROMPT), document.querySelector(".theirs"));
});

test("names, times and pictures beside an answer are no part of it", (context) => {
  const { document, witness, add } = watching(context, PAGE);
  add(`<div class="mine">${PROMPT}</div>`);
  add(`<div class="theirs"><i aria-hidden="true">smart_toy</i><div class="side">Bot <small>10:42</small></div><div class="text"><p>Blue is a colour.</p><p>RELAYTEST 4711</p></div></div>`);

  const text = document.querySelector(".text");
  assert.equal(witness.guess(PROMPT), text);
  assert.equal(witness.around(/** @type {Element} */ (document.querySelector(".text p")), PROMPT), text);
  assert.equal(witness.around(/** @type {Element} */ (document.querySelector(".side")), PROMPT), document.querySelector(".theirs"));
});

for (const [name, html] of [
  ["that look alike", `<div class="line">Well.</div><div class="line">Blue is a colour, they say.</div>`],
  ["that the test message asks for", `<div>Blue is a colour, they say.</div><section>RELAYTEST 4711</section>`],
  ["that are long", `<div>${"Blue is a colour. ".repeat(9)}</div><section>${"And a word. ".repeat(5)}</section>`],
]) {
  test(`parts ${name} are all of the answer`, (context) => {
    const { document, witness, add } = watching(context, PAGE);
    add(`<div class="mine">${PROMPT}</div><div class="theirs">${html}</div>`);

    assert.equal(witness.guess(PROMPT), document.querySelector(".theirs"));
  });
}

test("the button that was there only meanwhile stops", async (context) => {
  const { document, witness, add } = watching(context, `${PAGE}<button id="send">Send</button>`);
  add(`<button id="halt" aria-label="Stop"></button><button id="tip">Tip</button>`);
  await told();
  witness.sample();
  for (const css of ["#halt", "#tip"]) document.querySelector(css)?.remove();

  const passing = witness.passing();

  assert.deepEqual(
    passing.map(({ label }) => label.trim().split(" ")[0]),
    ["Stop"],
  );
  assert.equal(stopSelector(document, passing, []), "#halt");
});

test("a button that rests meanwhile is a sign, and stops nothing", async (context) => {
  const { document, witness, add } = watching(context, PAGE);
  add(`<button class="rests" disabled>hourglass</button>`);
  await told();
  witness.sample();
  document.querySelector(".rests")?.remove();

  assert.deepEqual(witness.passing(), []);
  assert.equal(stopSelector(document, witness.resting(), []), ".rests");
});

test("a button whose words change is another", async (context) => {
  const { document, witness, add } = watching(context, `${PAGE}<button id="send" aria-label="Send"></button>`);
  const send = document.querySelector("#send");
  send?.setAttribute("aria-label", "Stop");
  add("<p>Blue</p>");
  await told();
  witness.sample();
  send?.setAttribute("aria-label", "Send");

  const passing = witness.passing();

  assert.equal(stopSelector(document, passing, send ? [send] : []), `button[aria-label="Stop"]`);
});

test("when the text last changed is known, and what else moves does not count", async (context) => {
  const { document, witness, add } = watching(context, PAGE);
  witness.changed = 0;
  document.querySelector("main")?.setAttribute("class", "busy");
  await told();
  assert.equal(witness.changed, 0);

  add("<p>Blue</p>");
  await told();

  assert.notEqual(witness.changed, 0);
});

test("what changes in a shadow root that came late is seen at the next look", (context) => {
  const { document, witness, add } = watching(context, PAGE);
  add("<chat-app></chat-app>");
  const root = document.querySelector("chat-app")?.attachShadow({ mode: "open" });
  assert.ok(root);
  root.innerHTML = `<div></div>`;
  const inner = root.querySelector("div")?.attachShadow({ mode: "open" });
  assert.ok(inner);
  inner.innerHTML = "<p>Blue</p>";
  witness.changed = 0;

  witness.sample();

  assert.notEqual(witness.changed, 0);
  assert.equal(everywhere(document, "p").length, 1);
});

test("texts and elements in open shadow roots are seen", (context) => {
  const { document, witness, add } = watching(context, PAGE);
  add("<chat-app></chat-app>");
  const host = document.querySelector("chat-app");
  const root = host?.attachShadow({ mode: "open" });
  assert.ok(root && host);
  root.innerHTML = `<style>p{}</style><p>Blue is a colour.</p><input type="file">`;

  assert.deepEqual([textOf(host), everywhere(document, "input").length], ["Blue is a colour.", 1]);
  assert.equal(witness.guess(PROMPT), root.querySelector("p"));
});
