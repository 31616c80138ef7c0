import assert from "node:assert/strict";
import { test } from "node:test";

import { Answers } from "../../../../../extension/bridge/site/dom/answers.js";
import { documentOf } from "../../../support/page.js";

const DOM = { composer: "textarea", answer: ".a" };

/**
 * The texts of the answers that are new after a page went from one body to the next ones.
 * @param {string} before
 * @param {((body: HTMLElement) => void)[]} steps
 */
function fresh(before, steps, dom = DOM) {
  const document = documentOf(before);
  const answers = new Answers(document, dom, ({ textContent }) => textContent);
  answers.remember();
  return steps.map((step) => {
    step(document.body);
    return answers.fresh().map(({ textContent }) => textContent);
  });
}

/** @param {...string} texts */
const answered = (...texts) => texts.map((text) => `<p class="a">${text}</p>`).join("");
/** @param {string} html @returns {(body: HTMLElement) => void} */
const add = (html) => (body) => body.insertAdjacentHTML("beforeend", html);
/** @param {string} html @returns {(body: HTMLElement) => void} */
const draw = (html) => (body) => void (body.innerHTML = html);
const nothing = () => {};

test("nothing is new until something comes", () => {
  assert.deepEqual(fresh(answered("old"), [nothing, add(answered("new"))]), [[], ["new"]]);
});

test("the first answer of all is new", () => {
  assert.deepEqual(fresh("", [nothing, add(answered("new"))]), [[], ["new"]]);
});

test("an answer in several parts is one", () => {
  assert.deepEqual(fresh(answered("old"), [add(answered("one", "two"))]), [["one", "two"]]);
});

test("a node in place of a placeholder is the answer", () => {
  const swap = (/** @type {HTMLElement} */ body) => void (body.lastElementChild && (body.lastElementChild.outerHTML = answered("new")));
  assert.deepEqual(fresh(answered("old"), [add(answered("…")), swap]), [["…"], ["new"]]);
});

test("a list that is drawn anew has one more", () => {
  assert.deepEqual(fresh(answered("one", "two"), [draw(answered("one", "two")), draw(answered("one", "two", "two"))]), [[], ["two"]]);
});

test("a list that drops its oldest has another last one", () => {
  assert.deepEqual(fresh(answered("one", "two"), [draw(answered("two", "three"))]), [["three"]]);
});

test("one box for all answers is new when its text is", () => {
  assert.deepEqual(fresh(answered("old"), [draw(answered("")), draw(answered("new"))]), [[], ["new"]]);
  assert.deepEqual(fresh(answered(""), [nothing, draw(answered("first"))]), [[], ["first"]]);
});

test("an old answer that is decorated stays old", () => {
  assert.deepEqual(fresh(answered("old"), [draw(answered("old, 1 minute ago"))]), [[]]);
});

test("an answer in an answer is not counted", () => {
  assert.deepEqual(fresh("", [add('<div class="a">x<p class="a">y</p></div>')]), [["xy"]]);
});

test("with questions, the answers to the last new one are new", () => {
  const dom = { ...DOM, question: ".q" };
  const old = `<p class="q">?</p>${answered("old")}`;
  assert.deepEqual(fresh(old, [add(answered("late part of the old")), add('<p class="q">!</p>'), add(answered("new"))], dom), [
    [],
    [],
    ["new"],
  ]);
  assert.deepEqual(fresh("", [add(answered("greeting"))], dom), [[]]);
});

test("what looks like an answer and stands below them all is none", () => {
  const above = (/** @type {HTMLElement} */ body) => body.querySelector("footer")?.insertAdjacentHTML("beforebegin", '<i class="q">!</i><p class="a">new</p>');
  const dom = { ...DOM, question: ".q" };
  const page = `${answered("old")}<footer>${answered("made with a kit")}</footer>`;

  assert.deepEqual(fresh(page, [nothing, above]), [[], ["new"]]);
  assert.deepEqual(fresh(page, [nothing, above], dom), [[], ["new"]]);
});

test("nothing was said until something was asked, where that can be told", () => {
  const document = documentOf(answered("How can I help?"));
  const dom = { ...DOM, question: ".q" };

  assert.deepEqual([DOM, dom].map((each) => new Answers(document, each, () => "").none), [false, true]);
});

test("a new question is noticed", () => {
  const document = documentOf("<i>one</i>");
  const answers = new Answers(document, { ...DOM, question: "i" }, () => "");
  answers.remember();
  assert.deepEqual([answers.asked(), answers.none], [false, false]);
  document.body.append(document.createElement("i"));
  assert.equal(answers.asked(), true);
});

test("where questions are found like answers, what comes after the new question is new", () => {
  const dom = { ...DOM, question: ".a" };
  assert.deepEqual(fresh(answered("old?", "old"), [nothing, add(answered("?")), add(answered("new")), add(answered("more"))], dom), [
    [],
    [],
    ["new"],
    ["new", "more"],
  ]);
  assert.deepEqual(fresh("", [add(answered("?", "new"))], dom), [["new"]]);
});

test("a list may be drawn from its end to its beginning", () => {
  const first = (/** @type {string} */ html) => (/** @type {HTMLElement} */ body) => body.firstElementChild?.insertAdjacentHTML("afterbegin", html);
  const list = (/** @type {string} */ html) => `<div style="display: flex; flex-direction: column-reverse">${html}</div>`;
  const steps = [first('<p class="q">!</p>'), first(answered("new"))];
  const [dom, mixed] = [{ ...DOM, question: ".q" }, { ...DOM, question: ".a" }];

  assert.deepEqual(fresh(list(`${answered("old")}<p class="q">?</p>`), steps, dom), [[], ["new"]]);
  assert.deepEqual(fresh(list(answered("old")), steps), [[], ["new"]]);
  assert.deepEqual(fresh(list(answered("old", "?")), [first(answered("!")), first(answered("new"))], mixed), [[], ["new"]]);
});

test("questions and answers may stand in shadow roots of their own", () => {
  const say = (/** @type {string} */ name) => (/** @type {HTMLElement} */ body) => {
    const host = body.appendChild(body.ownerDocument.createElement("x-message"));
    host.attachShadow({ mode: "open" }).innerHTML = `<p class="${name}">${name}</p>`;
  };
  const dom = { composer: "textarea", answer: "x-message >>> .a", question: "x-message >>> .q" };

  assert.deepEqual(fresh("", [say("a"), say("q"), say("a")], dom), [[], [], ["a"]]);
});
