import assert from "node:assert/strict";
import { test } from "node:test";

import { PARAMETERS, chatArguments, offersTools } from "../../../../../extension/bridge/adapters/puter/request.js";
import { ask } from "../../../support/answers.js";

/** @typedef {import("../../../../../extension/bridge/frames.js").Message} Message */

const text = (/** @type {string} */ value) => /** @type {const} */ ({ type: "text", text: value });
const image = /** @type {const} */ ({ type: "image", url: "data:image/png;base64,AAAA" });
const call = /** @type {const} */ ({ id: "call_1", name: "look", arguments: '{"at":"cat"}' });
const look = {
  name: "look",
  description: "Look.",
  parameters: { type: "object", properties: { at: { type: "string" } } },
  strict: true,
};

/** @param {...Message} messages */
const messagesOf = (...messages) => chatArguments({ model: "m", messages }, { stream: true }).messages;

test("a plain question", () => {
  assert.deepEqual(chatArguments(ask("Hi"), { stream: true }), {
    model: "m",
    messages: [{ role: "user", content: "Hi" }],
    stream: true,
  });
});

test("only parameters that reach the model are sent", () => {
  const request = ask("Hi", {
    temperature: 0,
    max_tokens: 10,
    reasoning_effort: "low",
    verbosity: "high",
    top_p: 0.5,
    seed: 1,
    stop: ["x"],
    user: "u",
  });
  const { model: _, messages, stream, ...rest } = chatArguments(request, { stream: false });
  assert.deepEqual(rest, { temperature: 0, max_tokens: 10, reasoning_effort: "low", verbosity: "high" });
  assert.deepEqual([stream, messages.length], [false, 1]);
  assert.deepEqual(Object.keys(rest).sort(), [...PARAMETERS].sort());
});

test("a provider is named when the call must stay there", () => {
  assert.equal(chatArguments(ask("Hi"), { stream: true, provider: "claude" }).provider, "claude");
});

test("system and developer messages are system messages", () => {
  assert.deepEqual(
    messagesOf(
      { role: "system", content: [text("a"), text("b")] },
      { role: "system", content: [text("c")], developer: true },
    ),
    [
      { role: "system", content: "a\n\nb" },
      { role: "system", content: "c" },
    ],
  );
});

test("images go next to the text of the user", () => {
  assert.deepEqual(
    messagesOf({
      role: "user",
      content: [text("What?"), image, { type: "image", url: "https://a.example/b.png", detail: "low" }],
    }),
    [
      {
        role: "user",
        content: [
          { type: "text", text: "What?" },
          { type: "image_url", image_url: { url: image.url } },
          { type: "image_url", image_url: { url: "https://a.example/b.png", detail: "low" } },
        ],
      },
    ],
  );
});

test("a tool call next to text keeps its arguments as text", () => {
  assert.deepEqual(
    messagesOf({ role: "assistant", content: [text("Let me look.")], reasoning: "Hm.", tool_calls: [call] }),
    [
      {
        role: "assistant",
        content: "Let me look.",
        tool_calls: [{ id: "call_1", type: "function", function: { name: "look", arguments: '{"at":"cat"}' } }],
      },
    ],
  );
});

test("a tool call without text is a block with parsed arguments", () => {
  assert.deepEqual(
    messagesOf({ role: "assistant", tool_calls: [call, { id: "call_2", name: "wait", arguments: "" }] }),
    [
      {
        role: "assistant",
        content: [
          { type: "tool_use", id: "call_1", name: "look", input: { at: "cat" } },
          { type: "tool_use", id: "call_2", name: "wait", input: {} },
        ],
      },
    ],
  );
});

test("arguments that are no object are kept as text", () => {
  for (const json of ["{broken", "[1]", "null", '"x"']) {
    const [turn] = messagesOf({ role: "assistant", tool_calls: [{ ...call, arguments: json }] });
    assert.deepEqual(/** @type {any} */ (turn).content[0].input, { arguments: json });
  }
});

test("an answer, a refusal, and an answer of nothing", () => {
  assert.deepEqual(
    messagesOf(
      { role: "assistant", content: [text("Yes.")] },
      { role: "assistant", refusal: "No." },
      { role: "assistant", reasoning: "Hm." },
    ),
    [
      { role: "assistant", content: "Yes." },
      { role: "assistant", content: "No." },
    ],
  );
});

test("results of tools are text, and say when they are errors", () => {
  assert.deepEqual(
    messagesOf(
      { role: "tool", call_id: "call_1", content: [text("a cat")] },
      { role: "tool", call_id: "call_2", content: [text("no")], is_error: true },
    ),
    [
      { role: "tool", tool_call_id: "call_1", content: "a cat" },
      { role: "tool", tool_call_id: "call_2", content: "Error: no" },
    ],
  );
});

test("images in results follow as a message of the user, after all results", () => {
  assert.deepEqual(
    messagesOf(
      { role: "tool", call_id: "call_1", content: [text("shot"), image] },
      { role: "tool", call_id: "call_2", content: [image, image] },
      { role: "user", content: [text("Well?")] },
    ),
    [
      { role: "tool", tool_call_id: "call_1", content: "shot\n[The image follows in the next message.]" },
      { role: "tool", tool_call_id: "call_2", content: "[2 images follow in the next message.]" },
      { role: "user", content: [1, 2, 3].map(() => ({ type: "image_url", image_url: { url: image.url } })) },
      { role: "user", content: "Well?" },
    ],
  );
  assert.equal(messagesOf({ role: "tool", call_id: "call_1", content: [image] }).length, 2);
});

test("what cannot be carried is refused", () => {
  /** @type {Message[]} */
  const refused = [
    { role: "user", content: [{ type: "audio", data: "AAAA", format: "wav" }] },
    { role: "user", content: [{ type: "file", id: "f" }] },
    { role: "system", content: [image] },
  ];
  for (const message of refused) assert.throws(() => messagesOf(message), { kind: "unsupported" });
});

test("tools are declared without what is not understood", () => {
  assert.deepEqual(chatArguments(ask("Hi", { tools: [look, { name: "wait" }] }), { stream: true }).tools, [
    { type: "function", function: { name: "look", description: "Look.", parameters: look.parameters } },
    { type: "function", function: { name: "wait", parameters: { type: "object", properties: {} } } },
  ]);
});

test("a choice among tools narrows what is declared", () => {
  const tools = [look, { name: "wait" }];
  const names = (/** @type {any} */ choice) =>
    /** @type {any} */ (chatArguments(ask("Hi", { tools, tool_choice: choice }), { stream: true }).tools)?.map(
      (/** @type {any} */ tool) => tool.function.name,
    );
  assert.deepEqual(names({ mode: "required", names: ["wait"] }), ["wait"]);
  assert.deepEqual(names({ mode: "auto" }), ["look", "wait"]);
  assert.equal(names({ mode: "none" }), undefined);
  assert.equal(offersTools(ask("Hi", { tools, tool_choice: { mode: "none" } })), false);
  assert.equal(offersTools(ask("Hi", { tools })), true);
  assert.equal(offersTools(ask("Hi")), false);
});

test("the highest effort is the service's highest", () => {
  assert.equal(chatArguments(ask("Hi", { reasoning_effort: "max" }), { stream: true }).reasoning_effort, "xhigh");
});

test("what came with a call goes back with it", () => {
  const proofs = [
    { kind: "anthropic.signature", data: "s" },
    { kind: "gemini.signature", data: "c2ln", call_id: "call_1" },
    { kind: "puter.extra_content", data: '{"a":1}', call_id: "call_2" },
  ];
  const tool_calls = [call, { ...call, id: "call_2" }, { ...call, id: "call_3" }];
  const extra = [{ extra_content: { google: { thought_signature: "c2ln" } } }, { extra_content: { a: 1 } }, {}];
  assert.deepEqual(messagesOf({ role: "assistant", tool_calls, proofs }), [
    {
      role: "assistant",
      content: tool_calls.map(({ id }, at) => ({ type: "tool_use", id, name: "look", input: { at: "cat" }, ...extra[at] })),
    },
  ]);
  assert.deepEqual(messagesOf({ role: "assistant", content: [text("a")], tool_calls: [call], proofs }), [
    {
      role: "assistant",
      content: "a",
      tool_calls: [{ id: "call_1", type: "function", function: { name: "look", arguments: call.arguments }, ...extra[0] }],
    },
  ]);
});

test("reasoning goes with the calls it led to, where that is wanted", () => {
  /** @type {Message[]} */
  const messages = [
    { role: "assistant", content: [text("a")], reasoning: "no call" },
    { role: "assistant", tool_calls: [call], reasoning: "why" },
    { role: "assistant", content: [text("b")], tool_calls: [call] },
  ];
  const told = (/** @type {boolean} */ reasoning) =>
    chatArguments({ model: "m", messages }, { stream: true, reasoning }).messages.map((each) => each.reasoning_content);
  assert.deepEqual([told(true), told(false)], [[undefined, "why", ""], [undefined, undefined, undefined]]);
});
