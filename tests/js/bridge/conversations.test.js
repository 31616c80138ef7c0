// Plays the golden conversations to the page's protocol; the relay's tests play the other side of the same files.
import assert from "node:assert/strict";
import { test } from "node:test";

import { PageProtocol } from "../../../extension/bridge/protocol.js";
import { conversations } from "../support/data.js";
import { decodePageFrame } from "../support/page_frames.js";

/** @type {Record<string, (protocol: PageProtocol, argument: any) => void>} */
const ACTIONS = {
  open: (protocol, fields) => protocol.open(fields),
  state: (protocol, state) => protocol.setState(state),
  emit: (protocol, { call, parts }) => protocol.emit(call, parts),
  finish: (protocol, { call, ...finish }) => protocol.finish(call, finish),
  fail: (protocol, { call, ...failure }) => protocol.fail(call, failure),
};

/** @param {{steps: any[]}} conversation */
function play({ steps }) {
  const protocol = new PageProtocol();
  /** @type {string[]} */
  let sent = [];
  for (const step of steps) {
    if (step.page) {
      if (!sent.length) sent = protocol.drain();
      assert.deepEqual(decodePageFrame(sent.shift() ?? "null"), step.page);
    } else if (step.page_does) {
      const [[name, argument]] = /** @type {[[string, any]]} */ (Object.entries(step.page_does));
      ACTIONS[name]?.(protocol, argument);
    } else if (step.cut) {
      assert.deepEqual(sent, []);
      protocol.closed(step.cut);
    } else if (step.relay) {
      assert.deepEqual([...sent, ...protocol.drain()], []);
      if (!step.lost) protocol.receive(JSON.stringify(step.relay));
    } else assert.ok(step.relay_does, `unknown step ${JSON.stringify(step)}`);
  }
  assert.deepEqual([...sent, ...protocol.drain()], []);
}

for (const conversation of conversations()) {
  test(`${conversation.name}: ${conversation.about}`, () => play(conversation));
}
