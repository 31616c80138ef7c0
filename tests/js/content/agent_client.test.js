import assert from "node:assert/strict";
import { test } from "node:test";

import { AgentClient, connectAgent } from "../../../extension/content/agent_client.js";

/**
 * A client, and the page's end of its port: `answer` says what the page replies to a command, if anything.
 * @param {import("node:test").TestContext} context
 * @param {(command: any) => unknown} answer
 */
function connected(context, answer) {
  const { port1, port2 } = new MessageChannel();
  /** @type {any[]} */
  const commands = [];
  /** @type {() => void} */
  let told = () => {};
  port2.onmessage = ({ data }) => {
    commands.push(data);
    told();
    const reply = answer(data);
    if (reply !== undefined) port2.postMessage(reply);
  };
  /** @type {Map<number, () => void>} */
  const timers = new Map();
  const agent = new AgentClient(port1, {
    origin: "https://a.example",
    timers: /** @type {any} */ ({
      setTimeout: (/** @type {() => void} */ run, /** @type {number} */ ms) => {
        timers.set(ms, run);
        return ms;
      },
      clearTimeout: (/** @type {number} */ ms) => void timers.delete(ms),
    }),
  });
  context.after(() => {
    agent.close();
    port2.close();
  });
  /** @param {number} count */
  const heard = async (count) => {
    while (commands.length < count) {
      await new Promise((resolve) => {
        told = () => resolve(undefined);
      });
    }
    return commands;
  };
  return { agent, commands, heard, timers };
}

const ok = (/** @type {any} */ { id }, /** @type {unknown} */ value) => ({ id, ok: true, value });

test("nobody in the page answers", async () => {
  const window = /** @type {any} */ ({ location: { origin: "https://a.example" }, postMessage() {} });
  await assert.rejects(connectAgent({ window, timeout: 1 }), { name: "AgentMissing" });
});

test("a page that does not answer in time, and one that does", async (context) => {
  let silent = true;
  const { agent, timers } = connected(context, (command) => (silent ? undefined : ok(command, 1)));
  const late = agent.read("a");
  timers.get(10_000)?.();
  await assert.rejects(late, { name: "TimeoutError" });
  silent = false;
  assert.equal(await agent.read("a"), 1);
  assert.deepEqual([...timers], []);
});

test("a signal ends what waits, also before it was asked", async (context) => {
  const { agent, heard } = connected(context, () => undefined);
  const controller = new AbortController();
  const call = agent.call("a", [], { signal: controller.signal });
  controller.abort(new Error("enough"));
  await assert.rejects(call, /enough/);
  await assert.rejects(agent.call("a", [], { signal: controller.signal }), /enough/);
  assert.deepEqual(await heard(2), [
    { id: 1, op: "call", path: "a", args: [] },
    { id: 2, op: "cancel", call: 1 },
  ]);
});

test("globs go over as expressions, of the page's origin when they are paths", async (context) => {
  const { agent, commands } = connected(context, (command) => ok(command, { stream: 1 }));
  await agent.socketSend("/ws*", "x");
  await agent.capture({ url: "*/api", kinds: ["fetch"] });
  assert.deepEqual(commands, [
    { id: 1, op: "socket_send", url: /^https:\/\/a\.example\/ws.*$/s, data: "x" },
    { id: 2, op: "capture", url: /^.*\/api$/s, kinds: ["fetch"] },
  ]);
});

test("what is no item of a capture is passed over", async (context) => {
  const request = { id: 1, url: "u" };
  const items = [
    null,
    { kind: "odd", request },
    { kind: "text", request: {} },
    { kind: "text", request: { id: 1 } },
    { kind: "text", request, text: 7 },
    { kind: "text", request, text: "a" },
    { kind: "end", request },
  ];
  const { agent } = connected(context, (command) =>
    ok(command, command.op === "pull" ? { items, done: true } : { stream: 1 }),
  );
  const seen = [];
  for await (const item of await agent.capture({ url: "*" })) seen.push(item);
  assert.deepEqual(seen, items.slice(-2));
});

for (const [name, reply] of /** @type {[string, unknown][]} */ ([
  ["no stream", {}],
  ["no items", { stream: 1 }],
])) {
  test(`nonsense of the page: ${name}`, async (context) => {
    const { agent } = connected(context, (command) => ok(command, reply));
    await assert.rejects(agent.iterate("a").next(), { name: "AgentBroken" });
  });
}

test("errors are cut to size, and have a name", async (context) => {
  const { agent } = connected(context, ({ id, path }) => ({
    id,
    error: path === "long" ? { name: "x".repeat(99), message: "m".repeat(2000) } : undefined,
  }));
  await assert.rejects(agent.read("long"), { name: "x".repeat(64), message: "m".repeat(1000) });
  await assert.rejects(agent.read("none"), { name: "Error", message: "the page failed" });
});

test("replies to nothing are passed over, and a closed client asks nobody", async (context) => {
  const { agent } = connected(context, (command) => (command.path === "a" ? { id: 99, ok: true } : ok(command, 2)));
  const waiting = agent.read("a");
  assert.equal(await agent.read("b"), 2);
  agent.close();
  await assert.rejects(waiting, { name: "AgentGone" });
  await assert.rejects(agent.read("a"), { name: "AgentGone" });
});

test("leaving a stream that waits tells the page", async (context) => {
  const { agent, heard } = connected(context, (command) => {
    if (command.op === "iterate") return ok(command, { stream: 5 });
    return command.op === "pull" && command.id === 2 ? ok(command, { items: ["a", "b"], done: false }) : undefined;
  });
  const answer = agent.iterate("a");
  assert.equal((await answer.next()).value, "a");
  await answer.return(undefined);
  assert.deepEqual((await heard(3)).at(-1), { id: 3, op: "cancel", stream: 5 });
});
