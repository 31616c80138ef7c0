import assert from "node:assert/strict";
import { test } from "node:test";

import { begin } from "../../../extension/content/headless.js";

/**
 * Begin with a binding that keeps what is said.
 * @param {(environment: import("../../../extension/content/main.js").Environment) => unknown} run
 */
function begun(run) {
  /** @type {any[]} */
  const said = [];
  /** @type {import("../../../extension/content/headless.js").Scope} */
  const scope = { relayPost: (text) => said.push(JSON.parse(text)) };
  begin(scope, run);
  return { said, scope };
}

test("what is said within a task is one call of the binding", async () => {
  const { said } = begun(({ connect }) => {
    const port = connect();
    port?.postMessage({ type: "open", socket: 1 });
    port?.postMessage({ type: "view" });
  });
  await Promise.resolve();
  const messages = [{ type: "connect" }, { type: "open", socket: 1 }, { type: "view" }];
  assert.deepEqual(said, [{ port: 1, messages }]);
});

test("each port hears its own", async () => {
  /** @type {any[]} */
  const heard = [];
  const { scope } = begun(({ connect }) => {
    for (const name of ["first", "second"]) {
      const port = connect();
      port?.onMessage((message) => heard.push([name, message.type]));
      port?.onDisconnect(() => heard.push([name, "gone"]));
    }
  });
  scope.relayDeliver?.(2, [{ type: "setup" }, { type: "opened" }]);
  scope.relayDeliver?.(1, [{ type: "stop" }]);
  scope.relayGone?.(2);
  scope.relayDeliver?.(2, [{ type: "late" }]);
  scope.relayGone?.(3);
  assert.deepEqual(heard, [
    ["second", "setup"],
    ["second", "opened"],
    ["first", "stop"],
    ["second", "gone"],
  ]);
});

test("a port that this end leaves says so and hears nothing more", async () => {
  let heard = 0;
  const { said, scope } = begun(({ connect }) => {
    const port = connect();
    port?.onMessage(() => (heard += 1));
    port?.onDisconnect(() => (heard += 1));
    port?.disconnect();
  });
  scope.relayDeliver?.(1, [{ type: "setup" }]);
  scope.relayGone?.(1);
  await Promise.resolve();
  assert.equal(heard, 0);
  assert.deepEqual(said, [{ port: 1, messages: [{ type: "connect" }, { type: "disconnect" }] }]);
});

test("nothing begins where relay put no binding", () => {
  begin({}, () => assert.fail("begun"));
});
