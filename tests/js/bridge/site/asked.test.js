import assert from "node:assert/strict";
import { test } from "node:test";

import {
  filesOf,
  openAiMessages,
  openAiResponseFormat,
  openAiToolChoice,
  openAiTools,
  promptOf,
} from "../../../../extension/bridge/site/asked.js";
import { ask } from "../../support/answers.js";

const text = (/** @type {string} */ value) => /** @type {const} */ ({ type: "text", text: value });
const IMAGE = /** @type {const} */ ({ type: "image", url: "data:image/png;base64,AQ==" });

/** @param {import("../../../../extension/bridge/frames.js").Message[]} messages */
const asking = (...messages) => ask("", { messages });

test("one text of everything that was said, and its files", () => {
  const request = asking(
    { role: "system", content: [text("Be terse.")] },
    { role: "assistant" },
    { role: "user", content: [text("What"), IMAGE, { type: "file", name: "a.txt", data: "data:text/plain,hi" }] },
  );
  assert.equal(promptOf(request), "Be terse.\n\nWhat");
  assert.deepEqual(filesOf(request), [
    { name: "image.png", type: "image/png", bytes: new Uint8Array([1]) },
    { name: "a.txt", type: "text/plain", bytes: new Uint8Array([104, 105]) },
  ]);
});

test("messages in OpenAI's form", () => {
  const request = asking(
    { role: "system", content: [text("a"), text("b")] },
    {
      role: "user",
      content: [
        text("c"),
        IMAGE,
        { ...IMAGE, detail: "low" },
        { type: "audio", data: "AA", format: "wav" },
        { type: "file", name: "f", data: "data:,x" },
      ],
    },
    { role: "assistant", content: [text("d")], tool_calls: [{ id: "1", name: "look", arguments: "{}" }] },
    { role: "assistant", refusal: "no" },
    { role: "assistant" },
    { role: "tool", call_id: "1", content: [text("e")] },
  );
  assert.deepEqual(openAiMessages(request), [
    { role: "system", content: "a\n\nb" },
    {
      role: "user",
      content: [
        { type: "text", text: "c" },
        { type: "image_url", image_url: { url: IMAGE.url } },
        { type: "image_url", image_url: { url: IMAGE.url, detail: "low" } },
        { type: "input_audio", input_audio: { data: "AA", format: "wav" } },
        { type: "file", file: { filename: "f", file_data: "data:,x", file_id: undefined } },
      ],
    },
    {
      role: "assistant",
      content: "d",
      tool_calls: [{ id: "1", type: "function", function: { name: "look", arguments: "{}" } }],
    },
    { role: "assistant", content: "no" },
    { role: "assistant", content: "" },
    { role: "tool", tool_call_id: "1", content: "e" },
  ]);
});

test("tools in OpenAI's form", () => {
  assert.equal(openAiTools(ask("")), undefined);
  assert.deepEqual(openAiTools(ask("", { tools: [{ name: "a" }, { name: "b", description: "B", parameters: {} }] })), [
    { type: "function", function: { name: "a", parameters: { type: "object", properties: {} } } },
    { type: "function", function: { name: "b", description: "B", parameters: {} } },
  ]);
});

for (const [choice, told] of /** @type {[any, unknown][]} */ ([
  [undefined, undefined],
  [{ mode: "none" }, "none"],
  [{ mode: "required" }, "required"],
  [{ mode: "required", names: ["a"] }, { type: "function", function: { name: "a" } }],
  [{ mode: "required", names: ["a", "b"] }, "required"],
])) {
  test(`the choice ${JSON.stringify(choice)}`, () => {
    assert.deepEqual(openAiToolChoice(ask("", choice ? { tool_choice: choice } : {})), told);
  });
}

for (const [format, told] of /** @type {[any, unknown][]} */ ([
  [undefined, undefined],
  [{ type: "json_object" }, { type: "json_object" }],
  [{ type: "json_schema" }, { type: "json_schema", json_schema: { name: "answer", schema: {} } }],
  [
    { type: "json_schema", name: "n", description: "d", schema: { type: "object" }, strict: true },
    { type: "json_schema", json_schema: { name: "n", description: "d", schema: { type: "object" }, strict: true } },
  ],
])) {
  test(`the format ${JSON.stringify(format)}`, () => {
    assert.deepEqual(openAiResponseFormat(ask("", format ? { response_format: format } : {})), told);
  });
}
