/**
 * What Puter gives with a tool call for the model to see again: `extra_content`, which goes through it unread. Of
 * Gemini's it is the signature of the thought behind the call
 * (https://ai.google.dev/gemini-api/docs/thought-signatures), which other APIs have a place for as well.
 */

/** @typedef {import("../../frames.js").ProofPart} ProofPart */
/** @typedef {import("../../frames.js").Proof} Proof */

const SIGNATURE = "gemini.signature";
const EXTRA = "puter.extra_content";

/**
 * @param {any} extra
 * @param {string} call  the id of the call that it came with
 * @returns {ProofPart[]}
 */
export function proofOf(extra, call) {
  if (typeof extra !== "object" || extra === null) return [];
  const { google, ...others } = extra;
  const { thought_signature: signature, ...more } = google ?? {};
  const simple = typeof signature === "string" && !Object.keys(others).length && !Object.keys(more).length;
  if (simple) return [{ type: "proof", kind: SIGNATURE, data: signature, call }];
  return [{ type: "proof", kind: EXTRA, data: JSON.stringify(extra), call }];
}

/**
 * The fields that a call has in the history because of what it came with.
 * @param {Proof[]} proofs
 * @param {string} call
 * @returns {{extra_content?: unknown}}
 */
export function extraOf(proofs, call) {
  const own = proofs.find(({ kind, call_id: id }) => id === call && (kind === SIGNATURE || kind === EXTRA));
  if (!own) return {};
  return { extra_content: own.kind === EXTRA ? JSON.parse(own.data) : { google: { thought_signature: own.data } } };
}
