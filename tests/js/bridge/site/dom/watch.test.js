import assert from "node:assert/strict";
import { test } from "node:test";

import { Watch, timer, windowOf } from "../../../../../extension/bridge/site/dom/watch.js";
import { documentOf } from "../../../support/page.js";

/** A sleep that never ends by itself. @type {import("../../../../../extension/bridge/site/dom/watch.js").Sleep} */
const never = (_, signal) => new Promise((resolve) => void signal?.addEventListener("abort", () => resolve()));

test("a change of the page ends a wait at once", async () => {
  const document = documentOf("<p></p>");
  const found = new Watch(document, never).until(() => document.querySelector("b"), { ms: 60_000 });
  document.body.innerHTML = "<b></b>";
  assert.equal((await found)?.localName, "b");
});

test("a change of an attribute, a text or an input does too", async () => {
  const document = documentOf("<p>a</p><input>");
  const watch = new Watch(document, never);
  const [paragraph, input] = /** @type {[HTMLElement, HTMLInputElement]} */ ([...document.body.children]);
  for (const change of [
    () => paragraph.setAttribute("class", "x"),
    () => void (/** @type {Text} */ (paragraph.firstChild).data = "b"),
    () => input.dispatchEvent(new (windowOf(document).Event)("input", { bubbles: true })),
  ]) {
    const waiting = watch.change(60_000);
    change();
    await waiting;
  }
});

test("what is true already waits for nothing", async () => {
  assert.equal(await new Watch(documentOf(), never).until(() => 7, { ms: 60_000 }), 7);
});

test("a wait ends with its time", async () => {
  assert.equal(await new Watch(documentOf()).until(() => false, { ms: 5 }), null);
});

test("an abort ends a wait with its reason", async () => {
  const controller = new AbortController();
  const watch = new Watch(documentOf(), never);
  const waiting = watch.until(() => null, { ms: 60_000, signal: controller.signal });
  controller.abort(new Error("enough"));
  await assert.rejects(waiting, { message: "enough" });
  await assert.rejects(watch.change(1, controller.signal), { message: "enough" });
});

test("shadow roots are watched once they are shown", async () => {
  const document = documentOf("<x-a></x-a>");
  const root = /** @type {Element} */ (document.querySelector("x-a")).attachShadow({ mode: "open" });
  const watch = new Watch(document, never);
  watch.through("x-a >>> p", null);
  for (let times = 0; times < 2; times += 1) {
    const waiting = watch.change(60_000);
    watch.add(root);
    root.append("text");
    await waiting;
  }
});

test("a root that is shown while somebody waits is watched at once, and one that is gone no more", async () => {
  const document = documentOf("<x-a></x-a>");
  const host = /** @type {Element} */ (document.querySelector("x-a"));
  const root = host.attachShadow({ mode: "open" });
  const watch = new Watch(document, never);
  const waiting = watch.change(60_000);
  watch.add(root);
  root.append("text");
  await waiting;
  host.remove();
  const later = watch.change(60_000);
  document.body.append("text");
  await later;
});

test("listeners get the records, until they end", async () => {
  const document = documentOf("<p></p>");
  const watch = new Watch(document, never);
  /** @type {number[]} */
  const heard = [];
  const end = watch.listen((records) => void heard.push(records.length));
  document.body.append("a");
  document.body.append("b");
  watch.flush();
  watch.flush();
  const waiting = watch.change(60_000);
  document.body.append("c");
  await waiting;
  end();
  document.body.append("d");
  await Promise.resolve();
  assert.deepEqual(heard, [2, 1]);
});

test("a page is still when nothing below a root changes", async () => {
  const document = documentOf("<p></p><i></i>");
  const [paragraph, other] = /** @type {[Element, Element]} */ ([...document.body.children]);
  const busy = setInterval(() => other.append("."), 2);
  const started = Date.now();
  await new Watch(document).still(paragraph, { ms: 20, atMost: 5000 });
  clearInterval(busy);
  assert.ok(Date.now() - started < 1000);
});

test("stillness is not awaited for ever", async () => {
  const { body } = documentOf();
  const busy = setInterval(() => body.append("."), 1);
  await new Watch(body.ownerDocument).still(body, { ms: 200, atMost: 20 });
  clearInterval(busy);
});

test("a timer ends early with its signal", async () => {
  await timer(60_000, AbortSignal.abort());
  const controller = new AbortController();
  const waiting = timer(60_000, controller.signal);
  controller.abort();
  await waiting;
  await timer(1);
});

test("a document without a window cannot be used", () => {
  const document = documentOf().implementation.createHTMLDocument();
  assert.throws(() => windowOf(document), TypeError);
});
