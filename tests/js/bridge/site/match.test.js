import assert from "node:assert/strict";
import { test } from "node:test";

import { faultOfPattern, globToRegExp, matchesAny } from "../../../../extension/bridge/site/match.js";

for (const [pattern, url, matches] of /** @type {[string, string, boolean][]} */ ([
  ["https://*/*", "https://a.example/b?c", true],
  ["https://*/*", "http://a.example/", false],
  ["*://*/*", "http://a.example/", true],
  ["*://*/*", "ftp://a.example/", false],
  ["https://*.a.example/*", "https://a.example/", true],
  ["https://*.a.example/*", "https://x.y.a.example/", true],
  ["https://*.a.example/*", "https://notaa.example/", false],
  ["https://a.example/*", "https://a.example:8443/", true],
  ["https://a.example:8443/*", "https://a.example:8443/x", true],
  ["https://a.example:8443/*", "https://a.example/x", false],
  ["https://a.example:443/*", "https://a.example/x", true],
  ["http://a.example:80/*", "http://a.example/x", true],
  ["http://a.example:*/*", "http://a.example:1/x", true],
  ["http://127.0.0.1/*", "http://127.0.0.1:7860/", true],
  ["http://[::1]/*", "http://[::1]:3000/", true],
  ["https://A.example/chat*", "https://a.example/chat/1?x=1#top", true],
  ["https://a.example/chat", "https://a.example/chat?x=1", false],
  ["https://a.example/*b.c", "https://a.example/aabxc", false],
  ["nonsense", "https://a.example/", false],
  ["https://*/*", "no address", false],
])) {
  test(`${pattern} ${matches ? "means" : "does not mean"} ${url}`, () => {
    assert.equal(matchesAny([pattern], url), matches);
  });
}

for (const [pattern, reason] of /** @type {[string, RegExp | null][]} */ ([
  ["https://a.example/*", null],
  ["<all_urls>", /must begin/],
  ["a.example/*", /must begin/],
  ["file:///x", /not file:/],
  ["https://a.example", /a path after the host/],
  ["https://a.*.example/*", /host/],
])) {
  test(`what is wrong with ${pattern}`, () => {
    const fault = faultOfPattern(pattern);
    if (reason) assert.match(String(fault), reason);
    else assert.equal(fault, null);
  });
}

test("globs, of whole addresses and of paths", () => {
  assert.equal(globToRegExp("*/api/chat*").test("https://a.example/api/chat?x=(1)"), true);
  assert.equal(globToRegExp("/api/c.at", "https://a.example").test("https://a.example/api/chat"), false);
  assert.equal(globToRegExp("/api/*", "https://a.example").test("https://a.example/api/x"), true);
  assert.equal(globToRegExp("/api/*", "https://a.example").test("https://b.example/api/x"), false);
});
