import assert from "node:assert/strict";
import { test } from "node:test";

import { errorOf, retryAfterOf } from "../../../../../extension/bridge/adapters/puter/errors.js";
import { puterExchanges } from "../../../support/data.js";

const exchanges = puterExchanges();

for (const [name, kind, message] of /** @type {const} */ ([
  ["unknown_model_stream", "model_not_found", "Model not found: no-such-model"],
  ["no_model", "model_not_found", "Model not found: undefined"],
  ["upstream_429", "rate_limited", "AI provider rate limit exceeded (429 Rate limit reached)"],
  ["upstream_500", "upstream", "AI provider unavailable (500 internal server error)"],
])) {
  test(`recorded: ${name}`, () => {
    const { body, status } = /** @type {any} */ (exchanges[name]);
    const error = errorOf(JSON.parse(body), { status });
    assert.deepEqual([error.kind, error.message], [kind, message]);
  });
}

/** @type {[string, number | undefined, any, string][]} */
const CASES = [
  ["budget gone", 402, { error: "No usage left for request.", code: "insufficient_funds" }, "quota_exhausted"],
  ["budget gone, by status", 402, {}, "quota_exhausted"],
  [
    "for subscribers",
    403,
    { message: "The model x is only available to subscribers.", code: "permission_denied" },
    "quota_exhausted",
  ],
  ["plan too small", 402, { code: "subscription_required" }, "quota_exhausted"],
  ["token died", 401, { code: "reauth_required" }, "login_required"],
  ["no token, without a code", 401, {}, "login_required"],
  [
    "dialog was refused",
    undefined,
    { error: { code: "auth_canceled", message: "Authentication canceled" } },
    "login_required",
  ],
  ["status in the body", undefined, { status: 401, message: "Unauthorized" }, "login_required"],
  ["mail not confirmed", 403, { code: "email_confirmation_required" }, "blocked"],
  ["a confirmation that is new", 403, { code: "passport_required" }, "blocked"],
  ["too many", 429, { code: "too_many_requests" }, "rate_limited"],
  ["too many, by status", 429, {}, "rate_limited"],
  ["moderated", 400, { code: "bad_request", errorCode: "moderation_flagged" }, "content_filtered"],
  ["malformed", 400, { code: "bad_request", message: "`messages` must be an array" }, "invalid_request"],
  ["malformed upstream", 400, { code: "upstream_bad_request", message: "bad tool" }, "invalid_request"],
  [
    "too long",
    400,
    { code: "upstream_bad_request", message: "This model's maximum context length is 8192 tokens" },
    "context_length_exceeded",
  ],
  [
    "too long, deep inside",
    400,
    { code: "upstream_failed", message: "x", attempts: [{ error: "prompt is too long: 9 > 8" }] },
    "context_length_exceeded",
  ],
  ["too large", 413, {}, "invalid_request"],
  ["unprocessable", 422, {}, "invalid_request"],
  ["no such driver", 404, { code: "not_found" }, "site_changed"],
  ["no such method", 405, {}, "site_changed"],
  ["forbidden", 403, { code: "forbidden", message: "no" }, "upstream"],
  ["down", 503, { error: "x", message: "x", code: "y" }, "upstream"],
  ["no idea", undefined, undefined, "upstream"],
  ["driver said no", 200, { success: false, error: { code: "some_code", message: "driver said no" } }, "upstream"],
];

for (const [name, status, body, kind] of CASES) {
  test(name, () => assert.equal(errorOf(body, status === undefined ? {} : { status }).kind, kind));
}

test("without words of its own an error is explained", () => {
  assert.equal(errorOf({}, { status: 402 }).message, "The Puter account has used up its allowance.");
  assert.equal(errorOf(undefined, { status: 500 }).message, "Puter answered with an error (HTTP 500).");
  assert.equal(errorOf({}).message, "Puter answered with an error.");
  assert.equal(errorOf({ error: "auth_window_closed", msg: "closed" }).message, "auth_window_closed");
});

test("attempts without words add nothing", () => {
  assert.equal(errorOf({ message: "All AI providers failed", attempts: [{}] }).message, "All AI providers failed");
  assert.equal(errorOf({ message: "bad tool", attempts: [{ error: "bad tool" }] }).message, "bad tool");
});

test("the wait is kept", () => {
  assert.equal(errorOf({}, { status: 429, retryAfter: 7 }).retryAfter, 7);
  assert.equal(errorOf({ retry_after: 3 }, { status: 429 }).retryAfter, 3);
  assert.equal(errorOf({ retry_after: "soon" }, { status: 429 }).retryAfter, undefined);
});

test("Retry-After is seconds or a date", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  assert.equal(retryAfterOf(null, now), undefined);
  assert.equal(retryAfterOf("120", now), 120);
  assert.equal(retryAfterOf("Thu, 01 Jan 2026 00:00:30 GMT", now), 30);
  assert.equal(retryAfterOf("Wed, 31 Dec 2025 00:00:00 GMT", now), 0);
  assert.equal(retryAfterOf("soon", now), undefined);
});
