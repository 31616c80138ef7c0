/**
 * The words of the table of calls. Pure.
 */

import { named } from "./numbers.js";

/** @typedef {import("../../extension/bridge/runner.js").CallView} CallView */

const SHOWN = 20;

/** @type {Record<CallView["outcome"], string>} */
const STATES = { running: "Running", done: "Done", failed: "Failed", cancelled: "Cancelled" };

/** Relay cancels so when it wants no more of an answer, which is thereby complete. */
const COMPLETE = "stop";

/** Why relay cancels: docs/reference/bridge-protocol.md. @type {Record<string, string>} */
const REASONS = {
  client_gone: "The client went away.",
  [COMPLETE]: "The answer reached a stop word or its greatest length.",
  timeout: "It took too long.",
  shutdown: "relay was stopped.",
  protocol: "relay and this page misunderstood each other.",
  gone: "relay no longer wanted it.",
};

/**
 * @typedef {object} CallWords
 * @property {string} key Names the call and its attempt.
 * @property {CallView["outcome"]} state
 * @property {string} model
 * @property {string} word
 * @property {string} message
 * @property {string} parts
 * @property {string} partsUnit
 * @property {string} tokens
 * @property {string} tokensUnit
 * @property {string} time
 */

/**
 * @param {readonly CallView[]} calls Newest last.
 * @param {number} now
 * @returns {CallWords[]} the last ones, newest first
 */
export function callWords(calls, now) {
  return calls
    .slice(-SHOWN)
    .reverse()
    .map((call) => ({
      key: `${call.call}/${call.attempt}`,
      state: endOf(call),
      model: call.model,
      word: STATES[endOf(call)],
      message: messageOf(call),
      parts: call.parts.toLocaleString("en"),
      partsUnit: named(call.parts, "part"),
      // Only an answer that the site finished brings the site's own count.
      tokens: `${call.outcome === "done" ? "" : "~"}${call.tokens.toLocaleString("en")}`,
      tokensUnit: named(call.tokens, "token"),
      time: secondsOf(call.outcome === "running" ? now - call.startedAt : call.ms),
    }));
}

/**
 * @param {readonly CallView[]} calls
 * @returns {number}
 */
export function runningOf(calls) {
  return calls.filter(({ outcome }) => outcome === "running").length;
}

/**
 * The calls at one look: how many run, and what the last one did.
 *
 * @param {readonly CallWords[]} calls Newest first.
 * @param {number} running
 * @returns {{now: string, last: string}}
 */
export function glance([newest], running) {
  if (newest === undefined) return { now: "None yet", last: "" };
  const { model, word, parts, partsUnit, tokens, tokensUnit, time } = newest;
  return {
    now: running > 0 ? `${running} running` : "Idle",
    last: `Last: ${model}, ${word.toLowerCase()}, ${parts} ${partsUnit}, ${tokens} ${tokensUnit}, ${time}`,
  };
}

/** @param {CallView} call */
function endOf({ outcome, kind }) {
  return outcome === "cancelled" && kind === COMPLETE ? "done" : outcome;
}

/** @param {CallView} call */
function messageOf({ outcome, kind = "", message = "" }) {
  if (outcome === "cancelled") return REASONS[kind] ?? kind;
  return outcome === "failed" ? message || kind : "";
}

/** @param {number} ms */
function secondsOf(ms) {
  const seconds = Math.max(0, ms) / 1000;
  return `${seconds.toFixed(seconds < 100 ? 1 : 0)} s`;
}
