/**
 * Pairing: from relay's address and a one-time code to a lasting credential, which never leaves the worker.
 */

import { PROTOCOL_VERSIONS } from "../bridge/frames.js";

/**
 * @typedef {object} Pairing
 * @property {string} address  As the person knows it.
 * @property {string} bridge  `ws://…/`
 * @property {string} token
 *
 * @typedef {object} Seams
 * @property {typeof fetch} [fetch]
 * @property {new (url: string) => WebSocket} [WebSocket]
 * @property {number} [patience]
 */

/** The person must do something; the message says what. */
export class PairingError extends Error {}

export const DEFAULT_ADDRESS = "http://localhost:3000";
const HOSTS = new Set(["localhost", "127.0.0.1", "[::1]"]);
const CLOSE_UNKNOWN = 4401;
const CLOSE_VERSION = 4409;
const PATIENCE_MS = 10_000;

/**
 * Read what a person typed: `localhost:3000`, `http://localhost:3000/`, or the bridge itself, `ws://localhost:3001`.
 *
 * `[::1]` becomes `localhost`, which a browser looks for there first: an extension's policy cannot name it
 * (https://www.w3.org/TR/CSP3/#grammardef-host-source).
 * @param {string} text
 * @returns {URL}
 */
export function addressOf(text) {
  const trimmed = text.trim();
  const whole = /^[a-z][a-z\d+.-]*:\/\//i.test(trimmed) ? trimmed : `http://${trimmed}`;
  const url = URL.canParse(whole) ? new URL(whole) : null;
  if (!url || !/^(http|ws):$/.test(url.protocol)) throw new PairingError(`An address looks like ${DEFAULT_ADDRESS}.`);
  if (!HOSTS.has(url.hostname)) throw new PairingError("relay must run on this computer: localhost, 127.0.0.1 or [::1].");
  if (url.hostname === "[::1]") url.hostname = "localhost";
  return url;
}

/**
 * Where the bridge is. relay's own page tells; what cannot be read is the next port, relay's default.
 * @param {URL} address
 * @param {typeof fetch} get
 * @returns {Promise<string>}
 */
export async function bridgeOf(address, get) {
  if (address.protocol === "ws:") return `ws://${address.host}/`;
  try {
    const { bridge_url: told } = await (await get(`${address.origin}/page.json`)).json();
    return `ws://${addressOf(String(told)).host}/`;
  } catch {
    return `ws://${address.hostname}:${Number(address.port || 80) + 1}/`;
  }
}

/**
 * @param {string} text  the address
 * @param {string} code
 * @param {string} version  the extension's
 * @param {Seams} [seams]
 * @returns {Promise<Pairing>}
 * @throws {PairingError}
 */
export async function pair(text, code, version, { fetch: get = fetch, WebSocket: Socket = globalThis.WebSocket, patience = PATIENCE_MS } = {}) {
  const address = addressOf(text);
  // Who pastes the whole link that relay prints means the code in it.
  const secret = (/[#&?]code=([^&\s]+)/.exec(code)?.[1] ?? code).trim();
  if (!secret) throw new PairingError("Enter the code that this prints: relay pair");
  const bridge = await bridgeOf(address, get);
  const outcome = await redeem(new Socket(bridge), secret, version, patience);
  if (outcome.token) return { address: address.host, bridge, token: outcome.token };
  throw new PairingError(await reasonOf(outcome, address, get));
}

/**
 * @typedef {{token?: string, code?: number, message?: string}} Outcome
 *
 * @param {WebSocket} socket
 * @param {string} code
 * @param {string} version
 * @param {number} patience
 * @returns {Promise<Outcome>}
 */
function redeem(socket, code, version, patience) {
  return new Promise((resolve) => {
    /** @type {string | undefined} */ let message;
    const end = (/** @type {Outcome} */ outcome) => {
      clearTimeout(timer);
      socket.onclose = null;
      socket.close(1000, "paired");
      resolve(outcome);
    };
    const timer = setTimeout(() => end({}), patience);
    socket.onopen = () => {
      const client = { kind: "extension", version };
      socket.send(JSON.stringify({ type: "hello", protocols: PROTOCOL_VERSIONS, code, client, adapter: "pairing", site: "extension" }));
    };
    socket.onmessage = ({ data }) => {
      const frame = JSON.parse(data);
      if (frame.type === "welcome") end({ token: frame.token });
      else if (frame.type === "bye") message = frame.message;
    };
    socket.onclose = (event) => end({ code: event.code, ...(message ? { message } : {}) });
  });
}

/**
 * @param {Outcome} outcome
 * @param {URL} address
 * @param {typeof fetch} get
 */
async function reasonOf({ code, message }, address, get) {
  if (code === CLOSE_UNKNOWN) return "The code was used already, is too old or was mistyped. This makes another: relay pair";
  if (code === CLOSE_VERSION) return whatToUpdate(message ?? "");
  if (await isThere(address.host, get)) return "relay runs, but lets nobody in now. Make a new code: relay pair";
  return `No relay answers at ${address.host}. Start it: relay serve`;
}

/**
 * Who is behind when relay and this extension have no version of the bridge protocol in common.
 * @param {string} message  relay's, which names the versions that it speaks
 */
export function whatToUpdate(message) {
  const theirs = (/protocol ([\d, ]+)/.exec(message)?.[1] ?? "").split(",").map(Number);
  const behind = Math.max(...theirs) > Math.max(...PROTOCOL_VERSIONS) ? "this extension" : "relay";
  return `relay and this extension speak different versions of their protocol. Update ${behind}.`;
}

/**
 * Whether anything answers at an address; what it says cannot be read from here.
 * @param {string} host
 * @param {typeof fetch} get
 */
export async function isThere(host, get) {
  return get(`http://${host}/health`, { mode: "no-cors", cache: "no-store" }).then(
    () => true,
    () => false,
  );
}
