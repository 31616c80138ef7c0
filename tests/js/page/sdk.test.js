import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { followLogin, isSignedIn, loadSdk, signIn, signInProblem, signOut } from "../../../static/js/sdk.js";

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

test("puter.js is loaded once", async () => {
  const { sdk } = fakeSdk();
  assert.equal(await loadSdk({ sdk: "x", api_origin: "x", gui_origin: "x", way: "auto" }), sdk);
});
