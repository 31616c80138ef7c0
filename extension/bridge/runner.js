/**
 * Runs calls: pulls parts out of the adapter as fast as relay takes them, one ahead at most, and sees that every call
 * has one honest end.
 */

import { AdapterError } from "./adapter.js";
import { PartTooLarge } from "./outgoing.js";

/**
 * @typedef {import("./adapter.js").Adapter} Adapter
 * @typedef {import("./adapter.js").Answer} Answer
 * @typedef {import("./protocol.js").PageProtocol} PageProtocol
 *
 * @typedef {object} CallView  A call as the page shows it. It holds nothing of what was asked or answered.
 * @property {string} call
 * @property {number} attempt
 * @property {string} model
 * @property {number} startedAt  Milliseconds since the epoch.
 * @property {number} ms  How long it ran, up to the last part or its end.
 * @property {number} parts
 * @property {number} characters
 * @property {number} tokens  Estimated from the characters until the site says.
 * @property {"running" | "done" | "failed" | "cancelled"} outcome
 * @property {string} [kind]  With `failed`: the kind; with `cancelled`: the reason.
 * @property {string} [message]
 *
 * @typedef {object} Run
 * @property {CallView} view
 * @property {AbortController} controller
 * @property {() => void} wake
 *
 * @typedef {object} RunnerOptions
 * @property {Adapter} adapter
 * @property {PageProtocol} protocol
 * @property {() => void} flush  What the protocol has should be sent soon.
 * @property {(calls: readonly CallView[]) => void} [onchange]  After every change of a call; newest call last.
 * @property {(error: import("./adapter.js").AdapterError) => void} [onfailure]  E.g. to look whether the login is gone.
 * @property {(error: unknown) => void} [onbug]  An adapter threw what it should not; for the developer's eyes only.
 * @property {() => number} [now]
 */

const SHOWN_CALLS = 50;
const CHARACTERS_PER_TOKEN = 4;

/** Runs the calls of one session. */
export class CallRunner {
  /** @type {RunnerOptions} */ #options;
  /** @type {Map<string, Run>} */ #runs = new Map();
  /** @type {CallView[]} */ #views = [];
  /** @type {() => number} */ #now;

  /** @param {RunnerOptions} options */
  constructor(options) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /**
   * The calls that run and the last ones that ended; newest last.
   * @returns {readonly CallView[]}
   */
  get calls() {
    return this.#views;
  }

  /**
   * Start a call; hand this to the link as `onstart`.
   * @param {import("./protocol.js").StartEvent} event
   * @returns {Promise<void>}  when the call has ended; it never rejects
   */
  start = async ({ call, attempt, kind: _, ...asked }) => {
    const startedAt = this.#now();
    /** @type {CallView} */
    const view = {
      call,
      attempt,
      model: asked.request.model,
      startedAt,
      ms: 0,
      parts: 0,
      characters: 0,
      tokens: 0,
      outcome: "running",
    };
    const run = { view, controller: new AbortController(), wake: () => {} };
    this.#runs.set(call, run);
    this.#views = [...this.#views, view].slice(-SHOWN_CALLS);
    this.#changed(run);
    try {
      await this.#pump(run, asked);
    } catch (error) {
      if (!run.controller.signal.aborted) this.#fail(run, error);
    }
    if (this.#runs.get(call) === run) this.#runs.delete(call);
  };

  /**
   * Stop a call at once; hand this to the link as `onabort`.
   * @param {{call: string, reason: string}} event
   */
  abort = ({ call, reason }) => {
    const run = this.#runs.get(call);
    if (!run) return;
    this.#runs.delete(call);
    run.view.outcome = "cancelled";
    run.view.kind = reason;
    run.controller.abort();
    run.wake();
    this.#changed(run);
  };

  /**
   * A call that was held back may go on; hand this to the link as `onroom`.
   * @param {{call: string}} event
   */
  room = ({ call }) => {
    this.#runs.get(call)?.wake();
  };

  /**
   * @param {Run} run
   * @param {import("./frames.js").Asked} asked
   */
  async #pump(run, asked) {
    const { adapter, protocol, flush } = this.#options;
    const { signal } = run.controller;
    const answer = answerOf(adapter, asked, signal);
    for (;;) {
      const next = await this.#next(run, answer);
      // Room is for parts: an end needs none, so it is not made to wait.
      if (next && !next.done) await this.#hasRoom(run);
      if (signal.aborted || !next) {
        // Not awaited: an adapter that hangs must not hold up anything, and what it throws now tells nobody anything.
        answer.return(/** @type {any} */ (undefined)).catch(() => {});
        return;
      }
      if (next.done) protocol.finish(run.view.call, next.value);
      else protocol.emit(run.view.call, [next.value]);
      this.#count(run.view, next);
      this.#changed(run);
      flush();
      if (next.done) return;
    }
  }

  /** @param {Run} run */
  async #hasRoom(run) {
    while (!run.controller.signal.aborted && !this.#options.protocol.writable(run.view.call)) {
      await new Promise((resolve) => {
        run.wake = () => resolve(undefined);
      });
    }
  }

  /**
   * What the adapter yields next, or null once the call is aborted, whatever the adapter does.
   * @param {Run} run
   * @param {Answer} answer
   * @returns {Promise<Awaited<ReturnType<Answer["next"]>> | null>}
   */
  #next(run, answer) {
    return new Promise((resolve, reject) => {
      const { signal } = run.controller;
      run.wake = () => {
        if (signal.aborted) resolve(null);
      };
      if (signal.aborted) resolve(null);
      else answer.next().then(resolve, reject);
    });
  }

  /**
   * @param {CallView} view
   * @param {Awaited<ReturnType<Answer["next"]>>} next
   */
  #count(view, next) {
    if (next.done) {
      view.outcome = "done";
      view.tokens = next.value.usage?.output_tokens ?? view.tokens;
      return;
    }
    const part = next.value;
    view.parts += 1;
    if (part.type === "tool_call") view.characters += part.arguments.length;
    else if (part.type === "text" || part.type === "reasoning") view.characters += part.text.length;
    view.tokens = Math.ceil(view.characters / CHARACTERS_PER_TOKEN);
  }

  /**
   * @param {Run} run
   * @param {unknown} error
   */
  #fail(run, error) {
    const { protocol, flush, onfailure, onbug } = this.#options;
    const failure = asAdapterError(error);
    if (failure !== error) onbug?.(error);
    protocol.fail(run.view.call, { kind: failure.kind, message: failure.message, retry_after: failure.retryAfter });
    run.view.outcome = "failed";
    run.view.kind = failure.kind;
    run.view.message = failure.message;
    this.#changed(run);
    flush();
    onfailure?.(failure);
  }

  /** @param {Run} run */
  #changed(run) {
    run.view.ms = this.#now() - run.view.startedAt;
    this.#options.onchange?.(this.#views);
  }
}

/**
 * @param {Adapter} adapter
 * @param {import("./frames.js").Asked} asked
 * @param {AbortSignal} signal
 * @returns {Answer}
 */
function answerOf(adapter, asked, signal) {
  if (asked.method === "chat") return adapter.chat(asked.request, { signal });
  if (!adapter.media) throw new AdapterError("unsupported", `this page knows no method ${asked.method}`);
  return adapter.media(asked, { signal });
}

/**
 * What relay is told. The message of an unexpected error stays here: it may quote the prompt.
 * @param {unknown} error
 * @returns {AdapterError}
 */
function asAdapterError(error) {
  if (error instanceof AdapterError) return error;
  if (error instanceof PartTooLarge)
    return new AdapterError("unsupported", `the answer has ${error.message}, more than the bridge carries`);
  return new AdapterError("internal", `the adapter failed with ${error instanceof Error ? error.name : typeof error}`);
}
