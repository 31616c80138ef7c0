/**
 * Puter's driver endpoint by plain `fetch`: it can be aborted, shows the HTTP status, and never opens a dialog.
 */

import { AdapterError } from "../../adapter.js";
import { StreamReader, readAnswer } from "./answer.js";
import { errorOf, retryAfterOf } from "./errors.js";
import { BrokenLine, LineDecoder } from "./ndjson.js";

/** @typedef {import("../../adapter.js").Answer} Answer */

/** The endpoint does not answer the way this code knows. Nothing was answered yet. */
export class UnknownEndpoint extends AdapterError {
  /** @param {string} message */
  constructor(message) {
    super("site_changed", message);
  }
}

/**
 * @typedef {object} Endpoint
 * @property {string} origin  Of the API.
 * @property {string} token
 * @property {typeof globalThis.fetch} fetch
 * @property {() => number} now
 *
 * @typedef {{interface: string, driver: string, method: string}} Driver
 */

/** @type {Driver} */
const CHAT = { interface: "puter-chat-completion", driver: "ai-chat", method: "complete" };

/**
 * Run one chat call.
 * @param {Endpoint} endpoint
 * @param {import("./request.js").ChatArguments} args
 * @param {AbortSignal} signal
 * @returns {Answer}
 */
export async function* callEndpoint(endpoint, args, signal) {
  const response = await post(endpoint, CHAT, args, signal);
  const type = response.headers.get("content-type") ?? "";
  if (response.ok && type.includes("ndjson")) return yield* readStream(response, signal);
  const { parts, finish } = readAnswer(await readResult(endpoint, response, signal));
  yield* parts;
  return finish;
}

/**
 * Run one call of any driver.
 * @param {Endpoint} endpoint
 * @param {Driver} driver
 * @param {Record<string, unknown>} args
 * @param {AbortSignal} signal
 * @returns {Promise<{bytes: Response} | {result: any}>}  the bytes of media, or what the driver says in JSON
 * @throws {AdapterError}
 */
export async function callDriver(endpoint, driver, args, signal) {
  const response = await post(endpoint, driver, args, signal);
  const type = response.headers.get("content-type") ?? "";
  if (response.ok && /^(audio|image)\/|octet-stream/.test(type)) return { bytes: response };
  return { result: await readResult(endpoint, response, signal) };
}

/**
 * The `result` of a driver that answered in JSON.
 * @param {Endpoint} endpoint
 * @param {Response} response
 * @param {AbortSignal} signal
 */
async function readResult(endpoint, response, signal) {
  const type = response.headers.get("content-type") ?? "";
  const body = type.includes("json") ? await readJson(response, signal) : undefined;
  if (body === undefined) throw unknownOr(response, "with something else than JSON");
  if (!response.ok) {
    const retryAfter = retryAfterOf(response.headers.get("retry-after"), endpoint.now());
    const error = errorOf(body, { status: response.status, retryAfter });
    throw error.kind === "site_changed" ? unknownOr(response, `with HTTP ${response.status}`) : error;
  }
  if (body?.success === false) throw errorOf(body);
  return body?.result;
}

/**
 * Ask the API for something of the account; the token goes with it.
 * @param {Endpoint} endpoint
 * @param {string} path
 * @returns {Promise<any>}
 * @throws {AdapterError}
 */
export async function getJson({ origin, token, fetch, now }, path) {
  let response;
  let body;
  try {
    response = await fetch(`${origin}${path}`, { headers: { Authorization: `Bearer ${token}` }, credentials: "omit" });
    body = await response.json();
  } catch (error) {
    if (!response) throw new AdapterError("network", "Puter cannot be reached", { cause: error });
  }
  if (response.ok && body !== undefined) return body;
  const retryAfter = retryAfterOf(response.headers.get("retry-after"), now());
  throw errorOf(body, { status: response.status, retryAfter });
}

/**
 * The content type is a "simple" one, which spares the preflight; the SDK sends the same.
 * @param {Endpoint} endpoint
 * @param {Driver} driver
 * @param {object} args
 * @param {AbortSignal} signal
 */
async function post({ origin, token, fetch }, driver, args, signal) {
  try {
    return await fetch(`${origin}/drivers/call`, {
      method: "POST",
      headers: { "Content-Type": "text/plain;actually=json" },
      body: JSON.stringify({ ...driver, test_mode: false, args, auth_token: token }),
      credentials: "omit",
      signal,
    });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new AdapterError("network", "Puter cannot be reached", { cause: error });
  }
}

/**
 * @param {Response} response
 * @param {AbortSignal} signal
 * @returns {Answer}
 */
async function* readStream(response, signal) {
  const lines = new LineDecoder();
  const reader = new StreamReader();
  const body = /** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */ (response.body).getReader();
  try {
    for (;;) {
      const { value, done } = await body.read();
      for (const line of done ? lines.flush() : lines.feed(value)) yield* reader.feed(line);
      if (done) return reader.end();
    }
  } catch (error) {
    if (error instanceof AdapterError || signal.aborted) throw error;
    const what = error instanceof BrokenLine ? "broke inside a line" : "was cut";
    throw new AdapterError("truncated", `Puter's stream ${what}`, { cause: error });
  } finally {
    // Also when whoever reads this stops early: the service shall not go on sending.
    body.cancel().catch(() => {});
  }
}

/**
 * @param {Response} response
 * @param {AbortSignal} signal
 */
async function readJson(response, signal) {
  let text;
  try {
    text = await response.text();
  } catch (error) {
    if (signal.aborted) throw error;
    throw new AdapterError("truncated", "Puter's answer was cut", { cause: error });
  }
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * A page instead of JSON may be an overloaded proxy (5xx), or another service than the one this code knows.
 * @param {Response} response
 * @param {string} how
 */
function unknownOr(response, how) {
  if (response.status >= 500) return new AdapterError("upstream", `Puter answered with HTTP ${response.status}.`);
  return new UnknownEndpoint(`Puter's endpoint answered ${how}`);
}
