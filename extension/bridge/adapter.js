/**
 * What the code for one site must offer, and how it reports failure.
 *
 * An adapter has no knowledge of the bridge: it answers requests. The runner (runner.js) takes its parts no faster
 * than they can be sent, so an adapter just yields.
 */

/**
 * What a site can do at this moment; it becomes the `state` frame.
 * @typedef {import("./frames.js").PageState} AdapterStatus
 */

/**
 * How an answer ended. Without usage relay estimates it. `conversation` is the site's own that is open now and that a
 * later request may go on with (capability `reuse`).
 * @typedef {object} Finish
 * @property {import("./frames.js").FinishReason} finish_reason
 * @property {import("./frames.js").Usage} [usage]
 * @property {string} [conversation]
 */

/** @typedef {AsyncGenerator<import("./frames.js").Part, Finish, void>} Answer */

/**
 * @typedef {object} Adapter
 * @property {string} id  The name in `hello.adapter`.
 * @property {(url: string) => boolean} matches  Whether this adapter serves the page at `url`.
 * @property {() => Promise<AdapterStatus>} status  Never rejects for a reason a person could mend: it says so instead.
 * @property {(request: import("./frames.js").ChatRequest, options: {signal: AbortSignal}) => Answer} chat
 *   Run one request. Throws {@link AdapterError}; an abort of `signal` stops the site's work at once.
 * @property {(asked: import("./frames.js").MediaAsked, options: {signal: AbortSignal}) => Answer} [media]
 *   The same for a request of another method; only those that the status lists are asked for.
 * @property {(listener: (status: AdapterStatus) => void) => void} [onstatus]  Calls `listener` when the status changed
 *   by itself, e.g. because a model finished downloading.
 * @property {boolean} [downloadable]  Whether `download` is what the site lacks now; it changes with the status.
 * @property {() => Promise<void>} [download]  Fetch what is lacking, on a click of the person. Throws {@link AdapterError}.
 */

/** A failure of the site that relay's client should hear about, in the words of the protocol. */
export class AdapterError extends Error {
  /**
   * @param {import("./frames.js").FailKind} kind
   * @param {string} message  for a person; no prompt, no secret
   * @param {{retryAfter?: number | undefined, cause?: unknown}} [options]  `retryAfter` in seconds
   */
  constructor(kind, message, { retryAfter, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "AdapterError";
    this.kind = kind;
    this.retryAfter = retryAfter;
  }
}
