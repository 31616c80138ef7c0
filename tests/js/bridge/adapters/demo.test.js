import assert from "node:assert/strict";
import { test } from "node:test";

import { DemoAdapter } from "../../../../extension/bridge/adapters/demo.js";
import { ask, read } from "../../support/answers.js";
import { settled } from "../../support/socket.js";

/** @typedef {import("../../../../extension/bridge/frames.js").ChatRequest} ChatRequest */
/** @typedef {import("../../../../extension/bridge/frames.js").Part} Part */

const WRITE = {
  name: "write_to_file",
  parameters: {
    type: "object",
    properties: { path: { type: "string" }, content: { type: "string" }, mode: { enum: ["new", "old"] } },
    required: ["path", "content"],
  },
};
const LOOK = {
  name: "look-at",
  parameters: {
    type: "object",
    properties: {
      word: { type: ["string", "null"] },
      deep: { type: "boolean" },
      depth: { type: "integer", minimum: 3 },
      width: { type: "number" },
      list: { type: "array" },
      options: { type: "object" },
      mode: { enum: ["a", "b"] },
      spare: { type: "string" },
    },
    required: ["word", "deep", "depth", "width", "list", "options", "mode"],
  },
};

const demo = new DemoAdapter({ pause: async () => {} });

/** @param {ChatRequest} request */
const answer = (request) => read(demo.chat(request, { signal: new AbortController().signal }));

/**
 * @param {Part[]} parts
 * @param {string} type
 */
const joined = (parts, type) => parts.map((part) => (part.type === type && "text" in part ? part.text : "")).join("");

/** @param {ChatRequest} request */
async function callOf(request) {
  const part = (await answer(request)).parts.at(-1);
  return part?.type === "tool_call" ? { name: part.name, input: JSON.parse(part.arguments) } : null;
}

test("it says that it is a demo, word by word, reasoning first", async () => {
  const { parts, finish } = await answer(ask("Hello there"));
  assert.equal(parts[0]?.type, "reasoning");
  assert.match(joined(parts, "reasoning"), /I am a demo/);
  assert.match(joined(parts, "text"), /^This is relay's demo, not a model: .* You said: Hello there\n\nSign in/s);
  assert.ok(parts.length > 20);
  assert.equal(finish.finish_reason, "stop");
  assert.ok(Number(finish.usage?.output_tokens) > 10);
});

test("a long question is not repeated in full", async () => {
  const { parts } = await answer(ask("x".repeat(500)));
  assert.match(joined(parts, "text"), /x{200}…\n/);
});

test("it makes the file that was asked for with the tool that can", async () => {
  const request = ask("Please create hello.py with a greeting", { tools: [LOOK, WRITE] });
  assert.deepEqual(await callOf(request), {
    name: "write_to_file",
    input: { path: "hello.py", content: "Written by relay's demo. The loop works.\n" },
  });
  const { parts, finish } = await answer(request);
  assert.equal(finish.finish_reason, "tool_calls");
  assert.match(joined(parts, "text"), /relay's demo, not a model/);
});

test("a file without a name gets one", async () => {
  assert.equal((await callOf(ask("Write a file for me", { tools: [WRITE] })))?.input.path, "relay-demo.txt");
});

test("it never writes over a file that is only talked about", async () => {
  const tools = [WRITE];
  assert.equal((await callOf(ask("Write a docstring in main.py", { tools })))?.input.path, "relay-demo.txt");
  assert.equal(await callOf(ask("Explain main.py", { tools })), null);
  const details = "<environment_details>\nCreate files: main.py\nwrite_to_file\n</environment_details>";
  assert.equal(await callOf(ask(`Explain this. ${details}`, { tools })), null);
});

test("it uses a tool that is named, with plausible values for what it needs", async () => {
  assert.deepEqual(await callOf(ask("Use look-at now", { tools: [WRITE, LOOK] })), {
    name: "look-at",
    input: { word: "relay demo", deep: false, depth: 3, width: 1, list: [], options: {}, mode: "a" },
  });
});

test("a tool without parameters", async () => {
  assert.deepEqual(await callOf(ask("ping", { tools: [{ name: "ping" }] })), { name: "ping", input: {} });
});

test("without a reason it calls nothing", async () => {
  assert.equal(await callOf(ask("Hello", { tools: [WRITE, LOOK] })), null);
  assert.equal(await callOf(ask("Create a file", { tools: [LOOK] })), null);
  assert.equal(await callOf(ask("Create a file", { tools: [WRITE], tool_choice: { mode: "none" } })), null);
});

test("a choice of the client is kept", async () => {
  assert.equal(
    (await callOf(ask("Hello", { tools: [WRITE, LOOK], tool_choice: { mode: "required" } })))?.name,
    "write_to_file",
  );
  assert.equal(
    (
      await callOf(
        ask("Create a file", { tools: [WRITE, LOOK], tool_choice: { mode: "required", names: ["look-at"] } }),
      )
    )?.name,
    "look-at",
  );
});

test("after a result it ends with words", async () => {
  for (const [isError, words] of /** @type {const} */ ([
    [false, /it worked/],
    [true, /reported an error/],
  ])) {
    const { parts, finish } = await answer({
      ...ask("Create a file", { tools: [WRITE] }),
      messages: [{ role: "tool", call_id: "c", content: [], is_error: isError }],
    });
    assert.match(joined(parts, "text"), words);
    assert.match(joined(parts, "text"), /the demo does/);
    assert.equal(finish.finish_reason, "stop");
  }
});

test("a conversation without words of a user", async () => {
  const { parts } = await answer({
    model: "demo",
    messages: [{ role: "user", content: [{ type: "image", url: "data:," }] }],
  });
  assert.match(joined(parts, "text"), /You said: \[image\]/);
  assert.match(joined((await answer({ model: "demo", messages: [] })).parts, "text"), /You said:/);
});

test("it stops when it is told to", async () => {
  const controller = new AbortController();
  const answering = demo.chat(ask("Hi"), { signal: controller.signal });
  await answering.next();
  controller.abort();
  await assert.rejects(answering.next(), { name: "AbortError" });
});

test("its state names it a demo", async () => {
  const { state, models, detail } = await demo.status();
  assert.deepEqual([state, models?.[0]?.id, demo.matches()], ["ready", "demo", true]);
  assert.match(`${detail} ${models?.[0]?.name}`, /no model.*not a model/);
});

test("unless told otherwise it takes its time", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const slow = new DemoAdapter().chat(ask("Hi"), { signal: new AbortController().signal });
  await slow.next();
  let came = false;
  const second = slow.next().then(() => {
    came = true;
  });
  context.mock.timers.tick(19);
  await settled();
  assert.equal(came, false);
  context.mock.timers.tick(1);
  await second;
});
