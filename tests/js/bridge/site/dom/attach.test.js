import assert from "node:assert/strict";
import { test } from "node:test";

import { attachmentOf } from "../../../../../extension/bridge/site/dom/attach.js";

/** @param {Parameters<typeof attachmentOf>[0]} content */
function shown(content) {
  const { name, type, bytes } = attachmentOf(content);
  return [name, type, new TextDecoder().decode(bytes)];
}

test("files of a request become files of a page", () => {
  assert.deepEqual(shown({ type: "file", name: "a.md", data: "data:text/markdown;charset=utf-8;base64,IyBIw6k=" }), [
    "a.md",
    "text/markdown",
    "# Hé",
  ]);
  assert.deepEqual(shown({ type: "file", data: "data:,H%C3%A9%2C" }), ["file.bin", "text/plain", "Hé,"]);
  assert.deepEqual(shown({ type: "file", data: "data:text/plain,x" }), ["file.txt", "text/plain", "x"]);
  assert.deepEqual(shown({ type: "image", url: "data:image/png;base64,eA==" }), ["image.png", "image/png", "x"]);
});

test("a file that is elsewhere cannot be attached", () => {
  for (const content of /** @type {const} */ ([
    { type: "image", url: "https://i.example/a.png" },
    { type: "file", id: "file-1" },
  ])) {
    assert.throws(() => attachmentOf(content), { name: "AdapterError", kind: "unsupported" });
  }
});
