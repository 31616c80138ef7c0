/**
 * What Puter's error bodies mean. They are flat, `{error, message, code, …}`, or nested,
 * `{success: false, error: {code, message}}`; the SDK rejects with the same objects, without the HTTP status.
 */

import { AdapterError } from "../../adapter.js";

/** @typedef {import("../../frames.js").FailKind} FailKind */

/** @type {Map<string, FailKind>} */
const BY_CODE = new Map([
  ["moderation_flagged", "content_filtered"],
  ["token_missing", "login_required"],
  ["reauth_required", "login_required"],
  ["token_auth_failed", "login_required"],
  ["auth_canceled", "login_required"],
  ["unauthorized", "login_required"],
  ["insufficient_funds", "quota_exhausted"],
  ["subscription_required", "quota_exhausted"],
  ["too_many_requests", "rate_limited"],
  ["upstream_rate_limited", "rate_limited"],
  ["email_confirmation_required", "blocked"],
  ["phone_verification_required", "blocked"],
  ["card_verification_required", "blocked"],
  ["upstream_provider_unavailable", "upstream"],
  ["upstream_auth_failed", "upstream"],
  ["upstream_failed", "upstream"],
]);

/** @type {Map<number, FailKind>} */
const BY_STATUS = new Map([
  [400, "invalid_request"],
  [401, "login_required"],
  [402, "quota_exhausted"],
  [404, "site_changed"],
  [405, "site_changed"],
  [413, "invalid_request"],
  [422, "invalid_request"],
  [429, "rate_limited"],
]);

/** Words of the services behind Puter; they have no code for it in common. @type {[RegExp, FailKind][]} */
const BY_WORDS = [
  [/model not found/i, "model_not_found"],
  [
    /context.{0,12}(length|window|limit)|prompt is too long|maximum (context|prompt)|too many (input )?tokens/i,
    "context_length_exceeded",
  ],
  [/available to subscribers|no usage left/i, "quota_exhausted"],
];

const MESSAGES = /** @type {Record<string, string>} */ ({
  login_required: "Puter does not accept the login any more. Sign in again.",
  quota_exhausted: "The Puter account has used up its allowance.",
  rate_limited: "Puter asks to slow down.",
});

/**
 * @param {any} body
 * @param {{status?: number, retryAfter?: number | undefined}} [response]
 * @returns {AdapterError}
 */
export function errorOf(body, { status, retryAfter = body?.retry_after } = {}) {
  const nested = typeof body?.error === "object" && body.error !== null ? body.error : {};
  const code = String(body?.errorCode ?? body?.code ?? nested.code ?? "");
  const said =
    [body?.message, nested.message, body?.error, body?.msg].find((each) => typeof each === "string" && each) ?? "";
  const causes = Array.isArray(body?.attempts) ? body.attempts.map((/** @type {any} */ each) => each?.error ?? "") : [];
  const kind = kindOf({ code, words: [said, ...causes].join("\n"), status: status ?? body?.status });
  const detail = said && causes[0] && causes[0] !== said ? `${said} (${causes[0]})` : said;
  const message = detail || MESSAGES[kind] || `Puter answered with an error${status ? ` (HTTP ${status})` : ""}.`;
  return new AdapterError(kind, message, { retryAfter: Number.isFinite(retryAfter) ? Number(retryAfter) : undefined });
}

/**
 * @param {{code: string, words: string, status: number | undefined}} facts
 * @returns {FailKind}
 */
function kindOf({ code, words, status }) {
  const known = BY_CODE.get(code);
  if (known && known !== "upstream") return known;
  const told = BY_WORDS.find(([pattern]) => pattern.test(words));
  return (
    told?.[1] ??
    known ??
    (code.endsWith("_required") ? "blocked" : undefined) ??
    BY_STATUS.get(status ?? 0) ??
    "upstream"
  );
}

/**
 * Seconds to wait, of a `Retry-After` header (RFC 9110, 10.2.3).
 * @param {string | null} header
 * @param {number} now  milliseconds since the epoch
 */
export function retryAfterOf(header, now) {
  if (!header) return undefined;
  const seconds = /^\d+$/.test(header.trim()) ? Number(header) : (Date.parse(header) - now) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}
