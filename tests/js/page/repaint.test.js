import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Clock, Repaint } from "../../../static/js/repaint.js";

/** @type {(() => void)[]} */
let frames = [];

/** A page that can be hidden. */
class FakeDocument extends EventTarget {
  hidden = false;

  /** @param {boolean} hidden */
  show(hidden) {
    this.hidden = hidden;
    this.dispatchEvent(new Event("visibilitychange"));
  }
}

/** @type {FakeDocument} */
let page;

beforeEach(() => {
  page = new FakeDocument();
  frames = [];
  Object.assign(globalThis, { document: page, requestAnimationFrame: (/** @type {() => void} */ paint) => frames.push(paint) });
  mock.timers.enable({ apis: ["setInterval"] });
});

afterEach(() => {
  mock.timers.reset();
  Reflect.deleteProperty(globalThis, "document");
  Reflect.deleteProperty(globalThis, "requestAnimationFrame");
});

/** The browser draws a frame. */
function frame() {
  for (const paint of frames.splice(0)) paint();
}

function counter() {
  const count = { times: 0, up: () => void (count.times += 1) };
  return count;
}

test("many changes are one painting a frame", () => {
  const painted = counter();
  const repaint = new Repaint(painted.up);
  repaint.request();
  repaint.request();
  frame();
  frame();
  assert.equal(painted.times, 1);
  repaint.request();
  frame();
  assert.equal(painted.times, 2);
});

test("a hidden page is not painted, and once when it is shown", () => {
  const painted = counter();
  const repaint = new Repaint(painted.up);
  page.show(true);
  repaint.request();
  assert.equal(frames.length, 0);
  page.show(false);
  frame();
  assert.equal(painted.times, 1);
});

test("a page shown again without a change is left alone", () => {
  const repaint = new Repaint(() => assert.fail("nothing has changed"));
  assert.equal(repaint.wanted, false);
  page.show(true);
  page.show(false);
  assert.equal(frames.length, 0);
});

test("the clock runs while it is needed and seen", () => {
  const ticks = counter();
  const clock = new Clock(ticks.up);
  mock.timers.tick(2000);
  clock.run(true);
  clock.run(true);
  mock.timers.tick(2000);
  assert.equal(ticks.times, 2);
  page.show(true);
  mock.timers.tick(5000);
  assert.equal(ticks.times, 2);
  page.show(false);
  mock.timers.tick(1000);
  assert.equal(ticks.times, 3);
  clock.run(false);
  mock.timers.tick(5000);
  assert.equal(ticks.times, 3);
});
