/**
 * What the worker changes in the frames it carries, so that no secret of relay reaches a page and no page lies to relay.
 *
 * The page-side program says hello with a placeholder; who it is, and the credential, come from here. relay's welcome
 * goes on without the credential and without what is for a person's eyes.
 */

/**
 * @typedef {object} Papers  Who a page is to relay.
 * @property {string} version  The extension's.
 * @property {string} adapter
 * @property {string} site
 * @property {string | null} session  The id that relay gave last.
 * @property {{token: string} | {code: string}} credential
 */

/** What the page-side program may say after hello. */
const SAYABLE = new Set(["state", "accepted", "parts", "done", "fail", "pong"]);

/**
 * The page's hello with everything in it that the page cannot be asked for; null if it is none.
 * @param {string} text
 * @param {Papers} papers
 * @returns {string | null}
 */
export function helloOf(text, { version, adapter, site, session, credential }) {
  const frame = objectOf(text);
  if (frame?.type !== "hello") return null;
  for (const name of ["token", "code", "session"]) delete frame[name];
  const client = { kind: "extension", version, carried: true };
  return JSON.stringify({ ...frame, client, adapter, site, ...credential, ...(session ? { session } : {}) });
}

/**
 * Whether a later frame of a page is one that it may send.
 * @param {string} text
 */
export function isSayable(text) {
  return SAYABLE.has(objectOf(text)?.type);
}

/**
 * relay's first frame, as the page may see it, and what is for the worker.
 * @param {string} text
 * @returns {{shown: string, welcome: Record<string, any> | null}}
 */
export function welcomeOf(text) {
  const frame = objectOf(text);
  if (frame?.type !== "welcome") return { shown: text, welcome: null };
  const shown = { ...frame };
  for (const name of ["token", "settings"]) delete shown[name];
  return { shown: JSON.stringify(shown), welcome: frame };
}

/**
 * @param {unknown} text
 * @returns {Record<string, any> | null}
 */
function objectOf(text) {
  try {
    const value = JSON.parse(String(text));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}
