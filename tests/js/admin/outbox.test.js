import assert from "node:assert/strict";
import { test } from "node:test";

import { Outbox } from "../../../static/admin/js/outbox.js";

/** @typedef {import("../../../static/admin/js/gestures.js").Gesture} Gesture */

const settled = () => new Promise((resolve) => void setImmediate(resolve));

/** An outbox whose requests the test answers. */
function office() {
  /** @type {Gesture[][]} */
  const sent = [];
  /** @type {unknown[]} */
  const errors = [];
  /** @type {PromiseWithResolvers<void>[]} */
  const answers = [];
  const outbox = new Outbox(
    (events) => {
      sent.push(events);
      const answer = /** @type {PromiseWithResolvers<void>} */ (Promise.withResolvers());
      answers.push(answer);
      return answer.promise;
    },
    (error) => void errors.push(error),
  );
  return { outbox, sent, errors, answers };
}

/**
 * @param {number} x
 * @param {"move" | "down"} action
 * @returns {Gesture}
 */
function mouse(x, action = "move") {
  return { type: "mouse", action, x, y: 0, button: "none", buttons: 0, clicks: 0, modifiers: 0 };
}

/** @type {(dy: number, modifiers?: number) => Gesture} */
const wheel = (dy, modifiers = 0) => ({ type: "wheel", x: 0, y: 0, dx: 1, dy, modifiers });
/** @type {(action: "move" | "start", x: number) => Gesture} */
const touch = (action, x) => ({ type: "touch", action, points: [{ id: 0, x, y: 0 }], modifiers: 0 });
/** @type {(text: string) => Gesture} */
const paste = (text) => ({ type: "paste", text });

test("the first goes at once, the others when it has arrived", async () => {
  const { outbox, sent, answers } = office();
  for (const text of ["a", "b", "c"]) outbox.push(paste(text));
  assert.deepEqual(sent, [[paste("a")]]);
  answers[0]?.resolve();
  await settled();
  assert.deepEqual(sent.slice(1), [[paste("b"), paste("c")]]);
});

test("what the last of its kind makes pointless is not sent", async () => {
  const { outbox, sent, answers } = office();
  outbox.push(paste("first"));
  for (const gesture of [mouse(1), mouse(2), mouse(3, "down"), mouse(4), wheel(1), wheel(2), wheel(3, 2)]) outbox.push(gesture);
  for (const gesture of [touch("start", 1), touch("move", 2), touch("move", 3)]) outbox.push(gesture);
  outbox.push({ type: "resize", width: 300, height: 300 });
  outbox.push({ type: "resize", width: 400, height: 300 });
  answers[0]?.resolve();
  await settled();
  assert.deepEqual(sent[1], [
    mouse(2),
    mouse(3, "down"),
    mouse(4),
    { ...wheel(3), dx: 2 },
    wheel(3, 2),
    touch("start", 1),
    touch("move", 3),
    { type: "resize", width: 400, height: 300 },
  ]);
});

test("a request that fails is told of and does not stop the next", async () => {
  const { outbox, sent, answers, errors } = office();
  outbox.push(paste("a"));
  outbox.push(paste("b"));
  answers[0]?.reject(new Error("no"));
  await settled();
  assert.deepEqual(errors, [new Error("no")]);
  assert.deepEqual(sent, [[paste("a")], [paste("b")]]);
  answers[1]?.resolve();
  await settled();
  outbox.push(paste("c"));
  assert.equal(sent.length, 3);
});

test("a relay that does not answer is not buried", async () => {
  const { outbox, sent, answers } = office();
  for (let n = 0; n < 1000; n += 1) outbox.push(paste(String(n)));
  answers[0]?.resolve();
  await settled();
  assert.equal(sent[1]?.length, 200);
});
