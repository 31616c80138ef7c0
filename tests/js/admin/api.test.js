import assert from "node:assert/strict";
import { test } from "node:test";

import { Api, Refused } from "../../../static/admin/js/api.js";

/** @param {() => Response | Promise<Response>} answer */
function made(answer) {
  /** @type {Map<string, string>} */
  const kept = new Map();
  const store = {
    getItem: (/** @type {string} */ key) => kept.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => void kept.set(key, value),
    removeItem: (/** @type {string} */ key) => void kept.delete(key),
  };
  /** @type {{url: string, init: RequestInit}[]} */
  const asked = [];
  /** @type {typeof fetch} */
  const fetcher = async (url, init = {}) => {
    asked.push({ url: String(url), init });
    return answer();
  };
  return { api: new Api(fetcher, store), asked, kept };
}

/** @param {object} body */
const json = (body, status = 200) => Response.json(body, { status });

test("a code becomes a token, which goes with every request", async () => {
  const { api, asked } = made(() => json({ token: "radt-1", sessions: [] }));
  assert.equal(api.signedIn, false);
  await api.signIn("7QK2M-0XW9T");
  assert.equal(api.signedIn, true);
  assert.deepEqual(await api.sessions(), []);
  assert.deepEqual(
    asked.map(({ url, init }) => [init.method, url, init.headers, init.body]),
    [
      ["POST", "/api/admin/sign-in", { "x-relay-token": "", "content-type": "application/json" }, '{"code":"7QK2M-0XW9T"}'],
      ["GET", "/api/sessions", { "x-relay-token": "radt-1" }, undefined],
    ],
  );
});

test("accounts are named safely", async () => {
  const { api, asked } = made(() => json({ text: "words" }));
  await api.restart("a/b");
  await api.remove("a/b");
  await api.input("a/b", "v", [{ type: "paste", text: "x" }]);
  assert.equal(await api.copy("a/b", "v"), "words");
  assert.deepEqual(
    asked.map(({ url, init }) => `${init.method} ${url} ${init.body}`),
    [
      "POST /api/accounts/a%2Fb/restart {}",
      "DELETE /api/accounts/a%2Fb undefined",
      'POST /api/accounts/a%2Fb/input {"viewing":"v","events":[{"type":"paste","text":"x"}]}',
      'POST /api/accounts/a%2Fb/copy {"viewing":"v"}',
    ],
  );
});

test("signing out forgets, also when relay does not answer", async () => {
  const { api, kept } = made(() => Promise.reject(new TypeError("offline")));
  kept.set("relay.admin.token", "radt-1");
  await assert.rejects(api.signOut(), new Refused(0, "relay does not answer. Is it still running?"));
  assert.equal(api.signedIn, false);
});

test("relay says why it refuses", async () => {
  const { api } = made(() => json({ error: { message: "Too many wrong codes." } }, 429));
  await assert.rejects(api.signIn("x"), { name: "Refused", status: 429, message: "Too many wrong codes." });
  const broken = made(() => new Response("<html>", { status: 502 })).api;
  await assert.rejects(broken.sessions(), { name: "Refused", status: 502, message: "relay answered 502." });
});

test("a screen is read as it comes, until it is left", async () => {
  const { api, asked } = made(() => new Response("blocks"));
  const left = new AbortController();
  const stream = await api.screen("work", left.signal);
  assert.equal(await new Response(stream).text(), "blocks");
  assert.equal(asked[0]?.init.signal, left.signal);

  const silent = made(() => new Response(null)).api;
  await assert.rejects(silent.screen("work", left.signal), { message: "relay sent nothing." });

  left.abort(new Error("left"));
  const leaving = made(() => Promise.reject(left.signal.reason)).api;
  await assert.rejects(leaving.screen("work", left.signal), { message: "left" });
});
