import assert from "node:assert/strict";
import { test } from "node:test";

import { readLink, screenHash, shownAccount, takeLink } from "../../../static/admin/js/link.js";

/** @param {string} hash */
function opened(hash) {
  /** @type {string[]} */
  const replaced = [];
  const history = { replaceState: (/** @type {unknown} */ _, /** @type {string} */ __, /** @type {string | URL | null | undefined} */ url) => void replaced.push(String(url)) };
  return { link: takeLink({ hash, pathname: "/admin/", search: "" }, history), replaced };
}

test("the code leaves the address at once", () => {
  assert.deepEqual(opened("#code=7QK2M-0XW9T"), { link: { code: "7QK2M-0XW9T", account: undefined }, replaced: ["/admin/"] });
});

test("a link may lead to an account", () => {
  assert.deepEqual(opened("#code=7QK2M-0XW9T&account=my%20work").link, { code: "7QK2M-0XW9T", account: "my work" });
});

test("an address without a code stays", () => {
  assert.deepEqual(opened("#screen=work"), { link: undefined, replaced: [] });
  assert.deepEqual(opened(""), { link: undefined, replaced: [] });
  assert.deepEqual(opened("#code=<script>").link, undefined);
});

test("a person pastes a link, its end, or types the code", () => {
  const code = { code: "7QK2M-0XW9T", account: undefined };
  assert.deepEqual(readLink("http://127.0.0.1:3000/admin/#code=7QK2M-0XW9T"), code);
  assert.deepEqual(readLink("code=7QK2M-0XW9T"), code);
  assert.deepEqual(readLink("7qk2m-0xw9t"), code);
  assert.equal(readLink("http://127.0.0.1:3000/admin/"), undefined);
  assert.equal(readLink(""), undefined);
});

test("the address names the account whose screen is shown", () => {
  assert.equal(shownAccount(screenHash("my work")), "my work");
  assert.equal(shownAccount("#"), undefined);
  assert.equal(shownAccount(""), undefined);
});
