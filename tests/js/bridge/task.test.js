import assert from "node:assert/strict";
import { test } from "node:test";

import { taskQueue } from "../../../extension/bridge/task.js";
import { settled } from "../support/socket.js";

/** @param {() => boolean} done */
async function until(done) {
  while (!done()) await settled();
}

test("it runs once a task, however often it was asked for", async () => {
  let runs = 0;
  const queue = taskQueue(() => {
    runs += 1;
  });
  queue.schedule();
  queue.schedule();
  assert.equal(runs, 0);
  await until(() => runs > 0);
  assert.equal(runs, 1);
  queue.schedule();
  await until(() => runs > 1);
  queue.close();
  assert.equal(runs, 2);
});

test("after close it can be used again", async () => {
  let runs = 0;
  const queue = taskQueue(() => {
    runs += 1;
  });
  queue.close();
  queue.schedule();
  queue.close();
  queue.schedule();
  await until(() => runs > 0);
  assert.equal(runs, 1);
  queue.close();
});
