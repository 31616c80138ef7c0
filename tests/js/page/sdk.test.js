import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { SdkUnavailable, followLogin, isSignedIn, loadSdk, signIn, signInProblem, signOut } from "../../../static/js/sdk.js";

const scope = /** @type {import("../../../static/js/sdk.js").SdkScope} */ (globalThis);

afterEach(() => {
  delete scope.puter;
});

/**
 * Stand in for a loaded puter.js.
 *
 * @param {() => Promise<unknown>} [outcome] Of a sign-in.
 */
function fakeSdk(outcome = async () => ({ success: true })) {
  /** @type {unknown[][]} */
  const calls = [];
  /** @type {import("../../../static/js/sdk.js").PuterSdk} */
  const sdk = {
    authToken: "old",
    APIOrigin: "http://api",
    ai: { chat: async () => undefined, listModels: async () => [] },
    auth: {
      signIn: (...options) => {
        calls.push(["signIn", ...options]);
        return outcome();
      },
      signOut: () => void calls.push(["signOut"]),
      isSignedIn: () => true,
    },
    setAuthToken: (token) => void calls.push(["setAuthToken", token]),
    resetAuthToken: () => void calls.push(["resetAuthToken"]),
  };
  scope.puter = sdk;
  return { sdk, calls };
}

test("the easy choice asks for a temporary account", async () => {
  const { calls } = fakeSdk();
  assert.equal(await signIn({ temporary: true }), undefined);
  assert.equal(await signIn({ temporary: false }), undefined);
  assert.deepEqual(calls, [["signIn", { attempt_temp_user_creation: true }], ["signIn"]]);
});

test("a failed sign-in is explained", async () => {
  fakeSdk(() => Promise.reject({ error: "popup_blocked", msg: "…" }));
  assert.equal(
    await signIn({ temporary: true }),
    "The browser blocked the sign-in window. Allow pop-ups for this page, then try again.",
  );
});

test("every form of refusal has words", () => {
  const closed = "The sign-in window was closed before it was done. Try again.";
  assert.deepEqual(
    [
      { error: "auth_window_closed" },
      { error: { code: "auth_canceled", message: "…" } },
      { error: "other", msg: "no such user" },
      new Error("broken"),
      { error: null },
      undefined,
    ].map(signInProblem),
    [closed, closed, "Signing in failed: no such user", "Signing in failed: broken", "Signing in failed. Try again.", "Signing in failed. Try again."],
  );
});

test("a sign-out or sign-in of another tab is followed, an echo of one's own is not", () => {
  const { calls } = fakeSdk();
  followLogin("old");
  followLogin("new");
  followLogin(null);
  assert.deepEqual(calls, [["setAuthToken", "new"], ["resetAuthToken"]]);
});

test("signing out is for the login that there is", () => {
  const { calls } = fakeSdk();
  assert.equal(isSignedIn(), true);
  signOut();
  assert.deepEqual(calls, [["signOut"]]);
});

test("before puter.js is loaded nobody is signed in, and nothing is lost by trying", async () => {
  signOut();
  followLogin(null);
  assert.equal(isSignedIn(), false);
  assert.equal(await signIn({ temporary: true }), "puter.js is not loaded yet. Try again.");
});

const CONFIG = { sdk: "/puter.js", api_origin: "http://api", gui_origin: "http://gui", way: /** @type {const} */ ("auto") };

/**
 * A document that can hold scripts.
 *
 * @param {import("node:test").TestContext} context
 */
function fakeDocument(context) {
  /** @type {{src: string, onload: () => void, onerror: () => void, remove: () => void}[]} */
  const scripts = [];
  const document = {
    createElement: () => ({ remove: () => {} }),
    head: { append: (/** @type {any} */ script) => void scripts.push(script) },
  };
  Object.defineProperty(globalThis, "document", { value: document, configurable: true });
  context.after(() => Reflect.deleteProperty(globalThis, "document"));
  return scripts;
}

test("puter.js that is there already is not loaded again", async () => {
  const { sdk } = fakeSdk();
  assert.equal(await loadSdk(CONFIG), sdk);
});

test("puter.js is loaded once, with relay's origins, and without retries of its own", async (context) => {
  const scripts = fakeDocument(context);
  const asked = [loadSdk(CONFIG), loadSdk(CONFIG)];
  assert.deepEqual(
    [scripts.map(({ src }) => src), scope.PUTER_API_ORIGIN, scope.PUTER_ORIGIN, scope.puter_socket_enabled],
    [["/puter.js"], "http://api", "http://gui", false],
  );
  const { sdk } = fakeSdk();
  scripts[0]?.onload();
  assert.deepEqual(await Promise.all(asked), [sdk, sdk]);
  assert.deepEqual(sdk.config, { autoRetry: false });
});

test("loading that failed is explained and can be tried again", async (context) => {
  const scripts = fakeDocument(context);
  const first = loadSdk(CONFIG);
  scripts[0]?.onerror();
  await assert.rejects(first, (error) => error instanceof SdkUnavailable && error.message.includes("from /puter.js"));
  const second = loadSdk(CONFIG);
  scripts[1]?.onload();
  await assert.rejects(second, { message: "/puter.js was loaded, but it is not puter.js." });
});
