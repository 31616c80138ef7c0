/**
 * Requests that a description tells of, and what a site's refusal means.
 */

import { AdapterError } from "../adapter.js";
import { wordsOf } from "./answer.js";
import { globToRegExp } from "./match.js";
import { MissingValue, fill, fillUrl } from "./template.js";

/**
 * @typedef {import("../frames.js").FailKind} FailKind
 * @typedef {import("./description.js").Request} Request
 * @typedef {import("./template.js").Scope} Scope
 *
 * @typedef {object} Http
 * @property {typeof globalThis.fetch} fetch
 * @property {string} origin  Of the page.
 * @property {readonly string[]} origins  Where else requests may go.
 * @property {() => number} now
 * @property {string | undefined} [loginUrl]  A glob: an answer from there means that the login is gone.
 */

/** @type {Map<number, FailKind>} */
const BY_STATUS = new Map([
  [400, "invalid_request"],
  [401, "login_required"],
  [402, "quota_exhausted"],
  [403, "login_required"],
  [413, "context_length_exceeded"],
  [422, "invalid_request"],
  [429, "rate_limited"],
]);
const CLEAR = 500;

/** @type {Partial<Record<FailKind, string>>} */
const MESSAGES = {
  login_required: "The site does not accept the login any more. Sign in again.",
  rate_limited: "The site asks to slow down.",
  quota_exhausted: "The account's allowance is used up.",
  context_length_exceeded: "The prompt is too long for the site.",
};

/**
 * Send a request; its answer is a good one.
 * @param {Http} http
 * @param {Request} request
 * @param {Scope} scope
 * @param {{signal?: AbortSignal, keepalive?: boolean}} [options]
 * @returns {Promise<Response>}
 * @throws {AdapterError}
 */
export async function send(http, request, scope, { signal, keepalive = false } = {}) {
  const { url, init } = filled(http, request, scope);
  let response;
  try {
    response = await http.fetch(url, { ...init, keepalive, ...(signal ? { signal } : {}) });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new AdapterError("network", "The site cannot be reached.", { cause: error });
  }
  if (leadsToLogin(http, response)) throw new AdapterError("login_required", String(MESSAGES.login_required));
  if (!response.ok) throw await errorOf(response, http.now());
  return response;
}

/**
 * A request that ends at another place, with a page: that is how sites ask to sign in.
 * @param {Http} http
 * @param {Response} response
 */
function leadsToLogin({ loginUrl, origin }, { headers, ok, redirected, url }) {
  if (!redirected) return false;
  const isPage = ok && /text\/html/i.test(headers.get("content-type") ?? "");
  return isPage || (loginUrl !== undefined && globToRegExp(loginUrl, origin).test(url));
}

/**
 * What an answer tells as JSON.
 * @param {Response} response
 * @param {AbortSignal} [signal]
 * @returns {Promise<unknown>}
 * @throws {AdapterError}
 */
export async function jsonOf(response, signal) {
  let text;
  try {
    text = await response.text();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new AdapterError("truncated", "The site's answer was cut.", { cause: error });
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new AdapterError("site_changed", `${pathOf(response.url)} answered with something else than JSON.`);
  }
}

/**
 * Whether after an error there is nothing left to stop: the site itself has ended the call, or it goes on elsewhere.
 * @param {unknown} error
 */
export function isOver(error) {
  return error instanceof AdapterError && error.kind !== "truncated";
}

/**
 * A template without a value, as what it means for a person.
 * @template T
 * @param {() => T} work
 * @returns {T}
 */
export function withValues(work) {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof MissingValue)) throw error;
    const stored = /^(localStorage|sessionStorage|cookie)\./.test(error.template);
    throw stored
      ? new AdapterError("login_required", "The page holds no login. Sign in there.", { cause: error })
      : new AdapterError("site_changed", `The site did not give what the next step needs: ${error.message}.`);
  }
}

/**
 * @param {Http} http
 * @param {Request} request
 * @param {Scope} scope
 */
function filled({ origin, origins }, { url, method, headers = {}, body }, scope) {
  return withValues(() => {
    const address = new URL(fillUrl(url, scope), origin);
    mustBeNamed(address.origin, [origin, ...origins]);
    const content = body === undefined ? undefined : fill(body, scope);
    const json = content !== undefined && typeof content !== "string";
    /** @type {RequestCredentials} */
    const credentials = address.origin === origin ? "same-origin" : "include";
    return {
      url: address.href,
      init: {
        method: method ?? (body === undefined ? "GET" : "POST"),
        headers: { ...(json ? { "content-type": "application/json" } : {}), ...fill(headers, scope) },
        credentials,
        ...(content === undefined ? {} : { body: json ? JSON.stringify(content) : content }),
      },
    };
  });
}

/**
 * Requests hold what the page stores, so a description cannot send them anywhere that it does not name openly.
 * @param {string} address
 * @param {readonly string[]} named
 */
function mustBeNamed(address, named) {
  if (named.includes(address)) return;
  throw new AdapterError("site_changed", `The description asks ${address}, which it does not name among its "origins".`);
}

/**
 * @param {Response} response
 * @param {number} now
 * @returns {Promise<AdapterError>}
 */
async function errorOf(response, now) {
  const said = await response.text().catch(() => "");
  return errorOfStatus(response.status, { said, url: response.url, retryAfter: response.headers.get("retry-after"), now });
}

/**
 * What a refusal means.
 * @param {number} status
 * @param {{said?: string, url?: string, retryAfter?: string | null, now?: number}} [more]
 * @returns {AdapterError}
 */
export function errorOfStatus(status, { said = "", url = "", retryAfter = null, now = 0 } = {}) {
  const kind = BY_STATUS.get(status) ?? (status >= 500 ? "upstream" : "site_changed");
  const words = kind === "login_required" ? "" : clear(said);
  const plain = MESSAGES[kind] ?? `${pathOf(url)} answered with HTTP ${status}.`;
  return new AdapterError(kind, words || plain, { retryAfter: secondsOf(retryAfter, now) });
}

/**
 * The site's own words, if there are any to show: no page of HTML.
 * @param {string} said
 */
function clear(said) {
  try {
    return wordsOf(JSON.parse(said));
  } catch {
    return /^\s*</.test(said) || said.length > CLEAR ? "" : said.trim();
  }
}

/**
 * Seconds to wait, of a `Retry-After` header (RFC 9110, 10.2.3).
 * @param {string | null} header
 * @param {number} now  milliseconds since the epoch
 */
function secondsOf(header, now) {
  if (!header) return undefined;
  const seconds = /^\d+$/.test(header.trim()) ? Number(header) : (Date.parse(header) - now) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}

/** @param {string} url */
function pathOf(url) {
  return URL.canParse(url) ? new URL(url).pathname : "The site";
}
