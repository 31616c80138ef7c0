// A Puter service on loopback that answers as the test says, and a puter.js that points to it.
import { createServer } from "node:http";

import { puterExchanges } from "./data.js";

/** @typedef {import("node:http").ServerResponse} ServerResponse */
/** @typedef {{method: string, path: string, headers: import("node:http").IncomingHttpHeaders, body: any}} Seen */
/** @typedef {(response: ServerResponse, seen: Seen) => void} Script */

export const TOKEN = "TOKEN";
export const USER = { uuid: "u-1", username: "ada", is_temp: false };
export const METERING = { allowanceInfo: { remaining: 12_500_000, monthUsageAllowance: 25_000_000 } };

/**
 * @param {number} status
 * @param {unknown} body
 * @param {Record<string, string>} [headers]
 * @returns {Script}
 */
export function json(status, body, headers = {}) {
  return (response) =>
    void response
      .writeHead(status, { "Content-Type": "application/json; charset=utf-8", ...headers })
      .end(JSON.stringify(body));
}

/**
 * @param {...string} lines
 * @returns {Script}
 */
export function stream(...lines) {
  return (response) => void response.writeHead(200, { "Content-Type": "application/x-ndjson" }).end(lines.join(""));
}

/**
 * What the real service answered.
 * @param {string} name
 * @returns {Script}
 */
export function recorded(name) {
  const { status, content_type: type, body } = /** @type {any} */ (puterExchanges()[name]);
  return (response) => void response.writeHead(status, { "Content-Type": type }).end(body);
}

/** The service; `answers` maps paths to what they answer. */
export class PuterService {
  /** @type {Seen[]} */ seen = [];
  /** @type {Record<string, Script>} */ answers = {
    "/whoami": json(200, USER),
    "/metering/usage": json(200, METERING),
    "/puterai/image/models/details": json(200, { models: [{ id: "paint-x", provider: "painter" }] }),
  };
  #server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8");
    request.on("data", (chunk) => {
      text += chunk;
    });
    request.on("end", () => {
      const path = String(request.url);
      const seen = {
        method: String(request.method),
        path,
        headers: request.headers,
        body: text ? JSON.parse(text) : undefined,
      };
      this.seen.push(seen);
      (this.answers[path] ?? json(404, { code: "not_found", message: "Not found" }))(response, seen);
    });
  });

  /** @returns {Promise<string>}  the origin */
  async open() {
    await new Promise((resolve) => void this.#server.listen(0, "127.0.0.1", () => resolve(undefined)));
    const { port } = /** @type {import("node:net").AddressInfo} */ (this.#server.address());
    return `http://127.0.0.1:${port}`;
  }

  close() {
    this.#server.closeAllConnections();
    return new Promise((resolve) => void this.#server.close(resolve));
  }

  /** The chat calls so far. */
  get calls() {
    return this.seen.filter(({ path }) => path === "/drivers/call");
  }

  /** @param {Script} script */
  answer(script) {
    this.answers["/drivers/call"] = script;
  }
}

/**
 * A puter.js as far as the adapter uses it.
 * @param {string} origin
 */
export function fakePuter(origin) {
  return {
    APIOrigin: origin,
    authToken: /** @type {string | null} */ (TOKEN),
    auth: { isSignedIn: () => true },
    config: { keep: "this" },
    ai: {
      /** @type {any[][]} */
      chats: [],
      /** @type {(messages: unknown, options: any) => Promise<unknown>} */
      answer: async () => ({ message: { content: "from the SDK" } }),
      async chat(/** @type {unknown} */ messages, /** @type {unknown} */ options) {
        this.chats.push([messages, options]);
        return this.answer(messages, options);
      },
      lists: 0,
      async listModels() {
        this.lists += 1;
        return [
          { id: "gpt-x", provider: "openai-completion" },
          { id: "claude-x", provider: "claude" },
          { id: "gpt-r", provider: "openai-responses" },
        ];
      },
    },
  };
}
