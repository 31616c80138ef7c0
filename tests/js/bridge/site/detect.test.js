import assert from "node:assert/strict";
import { test } from "node:test";

import { detects } from "../../../../extension/bridge/site/detect.js";
import { description } from "../../support/site.js";

const metas = [{ getAttribute: (/** @type {string} */ name) => ({ name: "generator", content: "Chat" })[name] ?? null }];
const page = {
  document: /** @type {any} */ ({
    querySelector: (/** @type {string} */ selector) => (selector === "#chat" ? {} : null),
    querySelectorAll: () => metas,
  }),
  url: "https://b.example/",
  agent: async () => ({ read: async (/** @type {string} */ path) => (path === "app.chat" ? { callable: true } : undefined) }),
};

for (const [detect, found] of /** @type {[any, boolean][]} */ ([
  [undefined, false],
  [{ selector: "#chat" }, true],
  [{ selector: "#other" }, false],
  [{ meta: "generator" }, true],
  [{ meta: "generator", content: "Chat" }, true],
  [{ meta: "generator", content: "Blog" }, false],
  [{ meta: "author" }, false],
  [{ global: "app.chat" }, true],
  [{ global: "app.other" }, false],
])) {
  test(`${JSON.stringify(detect)} ${found ? "marks" : "does not mark"} the page`, async () => {
    assert.equal(await detects(description({ detect }), page), found);
  });
}

test("the address is enough", async () => {
  assert.equal(await detects(description(), { ...page, url: "https://a.example/x" }), true);
});
