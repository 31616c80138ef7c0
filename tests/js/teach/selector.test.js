import assert from "node:assert/strict";
import { test } from "node:test";

import { all } from "../../../extension/bridge/site/dom/select.js";
import { confirmed, describe, fileInput, newChatButton, repeatedSelectors, textsBySelector } from "../../../extension/teach/derive.js";
import { buttonOf, selectorFor } from "../../../extension/teach/selector.js";
import { isGenerated, letters } from "../../../extension/teach/words.js";
import { documentOf } from "../support/page.js";

/** @param {string} html @param {string} [css] */
function selectorIn(html, css = "[x]") {
  const document = documentOf(html);
  const element = document.querySelector(css);
  assert.ok(element);
  element.removeAttribute("x");
  const found = selectorFor(element);
  assert.deepEqual(found === null ? [] : all(document, found), found === null ? [] : [element]);
  return found;
}

const CASES = /** @type {const} */ ([
  ["a name for tests", `<textarea x data-testid="prompt" id="a" class="b"></textarea>`, `[data-testid="prompt"]`],
  ["an id", `<textarea x id="prompt" placeholder="Ask"></textarea>`, "#prompt"],
  ["no id that a machine made", `<textarea x id="input-83f1c2" name="prompt"></textarea>`, `textarea[name="prompt"]`],
  ["a class that says what it is", `<div><p x class="px-4 css-1x2y3z composer"></p></div>`, ".composer"],
  ["a class with a version", `<p x class="v2-answer mt-2"></p>`, ".v2-answer"],
  ["words for people, if there is nothing else", `<button x aria-label="Send"></button><button></button>`, `button[aria-label="Send"]`],
  ["what is around it", `<form class="ask"><button x></button></form><button></button>`, ".ask button"],
  ["the place, as a last resort", `<div id="bar"><button></button><button x></button></div>`, "#bar > button:nth-of-type(2)"],
  ["the place from the top", `<section><b></b></section><section><b x></b></section>`, "body > section:nth-of-type(2) > b"],
  ["a name with a number after those without", `<textarea x id="c22" class="ask"></textarea>`, ".ask"],
  ["a name with a number before the place", `<div><b x id="c22"></b><b></b></div>`, "#c22"],
  ["an odd id", `<b x id="a:b"></b>`, "#a\\:b"],
]);

for (const [name, html, wanted] of CASES) test(name, () => assert.equal(selectorIn(html), wanted));

test("through open shadow roots", () => {
  const document = documentOf("<chat-app></chat-app>");
  const root = document.querySelector("chat-app")?.attachShadow({ mode: "open" });
  assert.ok(root);
  root.innerHTML = `<textarea id="box"></textarea>`;

  assert.equal(selectorFor(/** @type {Element} */ (root.querySelector("textarea"))), "chat-app >>> #box");
});

/**
 * Messages that differ in nothing but their words, each in a shadow root of its own.
 * @param {...string} texts
 */
function messages(...texts) {
  const document = documentOf(`<chat-app></chat-app><textarea id="box"></textarea>`);
  const app = document.querySelector("chat-app")?.attachShadow({ mode: "open" });
  const add = (/** @type {string} */ text) => {
    const message = document.createElement("div");
    message.className = "message";
    app?.append(message);
    const root = message.attachShadow({ mode: "open" });
    root.innerHTML = `<div class="name"><b></b></div><div class="body"></div><button></button>`;
    const body = /** @type {Element} */ (root.querySelector(".body")).attachShadow({ mode: "open" });
    body.innerHTML = `<div><p>${text}</p></div>`;
    return { body: /** @type {Element} */ (body.firstElementChild), button: /** @type {Element} */ (root.querySelector("button")) };
  };
  return { document, add, added: texts.map(add) };
}

test("through the shadow roots of one message among others", () => {
  const { added } = messages("One", "Two");

  assert.equal(selectorFor(/** @type {any} */ (added[1]).button), "chat-app >>> div:nth-of-type(2) >>> button");
  assert.equal(selectorFor(/** @type {any} */ (added[1]).body), "chat-app >>> div:nth-of-type(2) >>> .body >>> div");
});

test("what stands alone in a shadow root is found by its place there", () => {
  const document = documentOf("<div></div><div></div>");
  const root = document.querySelectorAll("div")[1]?.attachShadow({ mode: "open" });
  assert.ok(root);
  root.innerHTML = "<b></b><b></b>";

  assert.equal(selectorFor(/** @type {Element} */ (root.lastElementChild)), "body > div:nth-of-type(2) >>> b:nth-of-type(2)");
});

test("a button is found around a picture in a shadow root", () => {
  const document = documentOf("<button><span></span></button>");
  const root = document.querySelector("button span")?.attachShadow({ mode: "open" });
  assert.ok(root);
  root.innerHTML = "<svg></svg>";

  assert.equal(buttonOf(/** @type {Element} */ (root.firstElementChild)), document.querySelector("button"));
});

test("what a machine makes is told from what a person names", () => {
  const made = ["css-1x2y3z", "sc-bdVaJa", "«r1»", "radix-12345", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "_abc12_x", "aXbeQdoRtiW"];
  const named = ["composer", "chat-input", "promptTextarea", "message_content", "ProseMirror", "submit-button", "h2", "ai-message", "stChatInputTextArea"];

  assert.deepEqual([made.filter(isGenerated), named.filter(isGenerated)], [made, []]);
});

test("only letters and numbers are compared", () => {
  assert.equal(letters("**Blue** [is](http://x) ❤\n```js\nit()\n```\n- 4711"), "Blueisit4711");
});

const TURN = (/** @type {string} */ question, /** @type {string} */ answer) =>
  `<div class="turn"><div class="message mine">${question}</div><div class="message theirs"><div class="text">${answer}</div></div></div>`;

/** @param {string} html */
function chat(html) {
  const document = documentOf(`<main>${html}</main><textarea id="box"></textarea>`);
  const last = (/** @type {string} */ css) => /** @type {Element} */ ([...document.querySelectorAll(css)].at(-1));
  return { document, last };
}

test("an answer's selector finds the new answer, and not the question", () => {
  const { last, document } = chat(TURN("Why?", "<p>Because it is.</p><p>RELAY</p>"));

  const found = repeatedSelectors(last(".text"), { before: "", not: [last(".mine"), last("#box")] });

  assert.deepEqual(found.slice(0, 2), [".text", ".theirs"]);
  for (const css of found) {
    assert.ok(all(document, css).every((each) => !each.contains(last(".mine"))), css);
  }
});

test("answers in shadow roots of their own are found, together with questions that look alike", () => {
  const { document, add, added } = messages("Hello!", "Why?", "Because it is.");
  const [, question, answer] = /** @type {any} */ (added);
  const box = all(document, "#box");

  assert.deepEqual(repeatedSelectors(answer.body, { before: "Hello", not: [...box, question.body] }), []);
  const found = repeatedSelectors(answer.body, { before: "Hello", not: box, after: question.body });

  assert.ok(found.includes("chat-app >>> .message >>> .body >>> div"), String(found));
  assert.deepEqual(found.filter((css) => all(document, css).length !== 3), []);
  const before = textsBySelector(document, [...found, "chat-app >>> .message:last-of-type"]);
  for (const text of ["And?", "So."]) add(text);
  assert.deepEqual(confirmed(document, before, "So.", "And?"), found);
  assert.deepEqual(repeatedSelectors(answer.body, { before: "Hello", not: box, after: answer.body }), []);
});

test("of the selectors those stay that find the next answer and nothing else", () => {
  const { document, last } = chat(TURN("Why?", "One answer."));
  const before = textsBySelector(document, [".text", ".message", "p", ".theirs:first-of-type"]);
  last("main").insertAdjacentHTML("beforeend", TURN("And?", "<p>Two</p><p>answers.</p>"));

  assert.deepEqual(confirmed(document, before, "Two **answers**."), [".text"]);
});

test("a box that every answer is written into stays", () => {
  const { document, last } = chat(`<div id="output">One answer.</div>`);
  const before = textsBySelector(document, ["#output"]);
  last("#output").textContent = "Another.";

  assert.deepEqual(confirmed(document, before, "Another."), ["#output"]);
});

test("a place for files, and a button for a new chat", () => {
  const { document } = chat(`<button title="Neue Unterhaltung"></button><button>Renew chat plan</button><input type="file" hidden>`);

  assert.equal(fileInput(document), `input[type="file"]`);
  assert.equal(newChatButton(document, () => false)?.getAttribute("title"), "Neue Unterhaltung");
});

const LOCATION = new URL("https://chat.example:8443/c/new");
const DOM = { composer: "#box", answer: ".text" };

test("a description of what was taught", () => {
  assert.deepEqual(describe({ location: LOCATION, title: " A chat ", dom: DOM, ways: [{ way: "dom" }], opening: { click: "#new" } }), {
    format: 1,
    id: "taught-chat.example-8443",
    name: "A chat",
    version: "1",
    match: ["https://chat.example:8443/*"],
    start: "https://chat.example:8443/c/new",
    conversation: { mode: "history", new: { click: "#new" } },
    ways: [{ way: "dom" }],
    dom: DOM,
  });
});

test("what was taught before keeps its name and what a person wrote into it", () => {
  const previous = /** @type {any} */ ({
    ...describe({ location: LOCATION, title: "A chat", dom: DOM, ways: [{ way: "dom" }] }),
    name: "Mine",
    limits: { min_interval_ms: 5000 },
  });

  const now = describe({ location: LOCATION, title: "Other", dom: { ...DOM, answer: ".v2" }, ways: [{ way: "dom" }], previous });

  assert.deepEqual(now, { ...previous, version: "2", dom: { ...DOM, answer: ".v2" } });
});
