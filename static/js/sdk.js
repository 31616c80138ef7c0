/**
 * Loading puter.js and signing in with it. https://docs.puter.com/Auth/
 */

/**
 * @typedef {object} Login The part of puter.js that the page itself uses.
 * @property {PuterAuth} auth
 * @property {(token: string) => void} setAuthToken
 * @property {() => void} resetAuthToken
 *
 * @typedef {import("../../extension/bridge/adapters/puter.js").Puter & Login} PuterSdk
 *
 * @typedef {object} PuterAuth
 * @property {(options?: {attempt_temp_user_creation?: boolean}) => Promise<unknown>} signIn
 * @property {() => void} signOut
 * @property {() => boolean} isSignedIn
 *
 * @typedef {typeof globalThis & {
 *   PUTER_API_ORIGIN?: string, PUTER_ORIGIN?: string, PUTER_QUIET?: boolean, puter_socket_enabled?: boolean, puter?: PuterSdk
 * }} SdkScope
 */

/** Where puter.js keeps the login; a change by another tab is a sign-in or a sign-out there. */
export const LOGIN_KEY = "puter.auth.token.v2";

const LOAD_DEADLINE_MS = 30_000;

/** The loading in progress: a second puter.js in the page would have a login of its own. @type {Promise<PuterSdk> | undefined} */
let loading;

/** puter.js could not be loaded; the message is for a person. */
export class SdkUnavailable extends Error {}

/**
 * Load puter.js once; what failed may be tried again.
 *
 * @param {import("./config.js").PuterConfig} config
 * @returns {Promise<PuterSdk>}
 * @throws {SdkUnavailable}
 */
export async function loadSdk(config) {
  const before = loaded();
  if (before !== undefined) return before;
  loading ??= load(config).finally(() => {
    loading = undefined;
  });
  return loading;
}

/**
 * It reads its origins when it starts, so they are set before.
 *
 * @param {import("./config.js").PuterConfig} config
 * @returns {Promise<PuterSdk>}
 */
async function load(config) {
  const scope = /** @type {SdkScope} */ (globalThis);
  scope.PUTER_API_ORIGIN = config.api_origin;
  scope.PUTER_ORIGIN = config.gui_origin;
  scope.PUTER_QUIET = true;
  // The SDK's own socket carries file notifications, which nothing here needs.
  scope.puter_socket_enabled = false;
  await loadScript(config.sdk);
  const puter = loaded();
  if (puter === undefined) throw new SdkUnavailable(`${config.sdk} was loaded, but it is not puter.js.`);
  // relay owns retries: hidden ones would make a caller wait half a minute for an answer that is known at once.
  puter.config = { ...puter.config, autoRetry: false };
  return puter;
}

/**
 * @param {string} address
 * @returns {Promise<void>}
 */
function loadScript(address) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    /** @param {string} why */
    const giveUp = (why) => {
      clearTimeout(deadline);
      script.remove();
      reject(new SdkUnavailable(why));
    };
    const deadline = setTimeout(giveUp, LOAD_DEADLINE_MS, `${address} did not load in ${LOAD_DEADLINE_MS / 1000} s.`);
    script.onload = () => {
      clearTimeout(deadline);
      resolve();
    };
    script.onerror = () => {
      giveUp(
        `puter.js could not be loaded from ${address}. Are you offline, or does a blocker stop it? relay can also serve a copy of yours: see its setting puter.sdk.`,
      );
    };
    script.src = address;
    document.head.append(script);
  });
}

/** Whether there is a login to sign out of; it need not be valid any more. */
export function isSignedIn() {
  return loaded()?.auth.isSignedIn() === true;
}

/**
 * Open the sign-in window. Call it straight from a click: browsers block windows that nobody asked for.
 *
 * @param {{temporary: boolean}} options `temporary` makes a throw-away account where the site allows it.
 * @returns {Promise<string | undefined>} what went wrong, for a person
 */
export async function signIn({ temporary }) {
  const sdk = loaded();
  if (sdk === undefined) return "puter.js is not loaded yet. Try again.";
  try {
    await (temporary ? sdk.auth.signIn({ attempt_temp_user_creation: true }) : sdk.auth.signIn());
    return undefined;
  } catch (error) {
    return signInProblem(error);
  }
}

/** Forget the login in this browser. */
export function signOut() {
  loaded()?.auth.signOut();
}

/**
 * @param {unknown} error What puter.js rejects with: plain objects, seldom an `Error`.
 * @returns {string}
 */
export function signInProblem(error) {
  const { error: code, msg, message } = /** @type {{error?: unknown, msg?: unknown, message?: unknown}} */ (error ?? {});
  const word = typeof code === "object" ? /** @type {{code?: unknown} | null} */ (code)?.code : code;
  switch (word) {
    case "popup_blocked":
      return "The browser blocked the sign-in window. Allow pop-ups for this page, then try again.";
    case "auth_window_closed":
    case "auth_canceled":
      return "The sign-in window was closed before it was done. Try again.";
    default: {
      const said = [msg, message].find((text) => typeof text === "string" && text !== "");
      return said === undefined ? "Signing in failed. Try again." : `Signing in failed: ${said}`;
    }
  }
}

/**
 * Follow what another tab did to the login: puter.js reads its storage only when it starts.
 *
 * @param {string | null} token
 */
export function followLogin(token) {
  const sdk = loaded();
  if (sdk === undefined || token === (sdk.authToken ?? null)) return;
  if (token === null) sdk.resetAuthToken();
  else sdk.setAuthToken(token);
}

/** @returns {PuterSdk | undefined} */
function loaded() {
  return /** @type {SdkScope} */ (globalThis).puter;
}
