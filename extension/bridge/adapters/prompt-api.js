/**
 * The adapter for the model that is built into the browser. Nothing leaves the computer.
 *
 * The Prompt API: https://webmachinelearning.github.io/prompt-api/, https://developer.chrome.com/docs/ai/prompt-api.
 */

import { AdapterError } from "../adapter.js";

/**
 * @typedef {"unavailable" | "downloadable" | "downloading" | "available"} Availability
 * @typedef {{type: "text", value: string} | {type: "image", value: Blob}} ModelContent
 * @typedef {{role: "system" | "user" | "assistant", content: ModelContent[], prefix?: boolean}} ModelMessage
 * @typedef {{responseConstraint?: object, signal: AbortSignal}} PromptOptions
 *
 * @typedef {object} ModelSession
 * @property {(prompt: ModelMessage[], options: PromptOptions) => ReadableStream<string>} promptStreaming
 * @property {(type: string, listener: () => void) => void} addEventListener
 * @property {() => void} destroy
 *
 * @typedef {object} CreateOptions
 * @property {{type: string}[]} [expectedInputs]
 * @property {ModelMessage[]} [initialPrompts]
 * @property {AbortSignal} [signal]
 * @property {(monitor: EventTarget) => void} [monitor]
 *
 * @typedef {object} LanguageModelStatic
 * @property {(options?: {expectedInputs?: {type: string}[]}) => Promise<Availability>} availability
 * @property {(options?: CreateOptions) => Promise<ModelSession>} create
 *
 * @typedef {import("../adapter.js").AdapterStatus} AdapterStatus
 * @typedef {import("../frames.js").ChatRequest} ChatRequest
 * @typedef {import("../frames.js").Content} Content
 * @typedef {import("../frames.js").Message} Message
 */

const MODEL = "built-in";
const WITH_IMAGES = { expectedInputs: [{ type: "image" }] };

/** @type {Record<Exclude<Availability, "available">, AdapterStatus>} */
const NOT_YET = {
  unavailable: {
    state: "unavailable",
    detail: "This browser's built-in model does not run on this computer or is switched off.",
  },
  downloadable: {
    state: "unavailable",
    detail: "The built-in model is not downloaded yet. It takes some gigabytes; start it on relay's page.",
  },
  downloading: { state: "starting", detail: "The browser is downloading its built-in model." },
};
const ABSENT =
  "This browser has no built-in model. Some versions of Chrome and Edge do, on computers that are strong enough.";

/** What the errors of the API mean, by name. @type {Map<string, [import("../frames.js").FailKind, string]>} */
const ERRORS = new Map([
  ["QuotaExceededError", ["context_length_exceeded", "The prompt is longer than the built-in model can take."]],
  ["NotSupportedError", ["unsupported", "The built-in model cannot do what the request needs."]],
  ["EncodingError", ["invalid_request", "An image cannot be read."]],
  ["NotReadableError", ["content_filtered", "The browser held back the model's answer."]],
  ["NotAllowedError", ["blocked", "The browser does not let this page use its built-in model."]],
]);

/** Answers calls with the browser's own model. */
export class PromptApiAdapter {
  id = "prompt-api";
  /** Whether the model is still to be downloaded. */
  downloadable = false;
  #model;
  /** @type {number | null} */ #progress = null;
  /** @type {((status: AdapterStatus) => void)[]} */ #listeners = [];

  /** @param {{languageModel?: LanguageModelStatic | undefined}} [options]  the browser's, unless given */
  constructor({ languageModel = /** @type {any} */ (globalThis).LanguageModel } = {}) {
    /** @type {LanguageModelStatic | undefined} */
    this.#model = languageModel;
  }

  matches() {
    return this.#model !== undefined;
  }

  /** @param {(status: AdapterStatus) => void} listener */
  onstatus(listener) {
    this.#listeners.push(listener);
  }

  /** @returns {Promise<AdapterStatus>} */
  async status() {
    if (!this.#model) return { state: "unavailable", detail: ABSENT };
    const availability = await this.#model.availability();
    this.downloadable = availability === "downloadable" && this.#progress === null;
    if (availability !== "available") return this.#waiting(NOT_YET[availability]);
    const images = (await this.#model.availability(WITH_IMAGES)) === "available";
    return {
      state: "ready",
      detail: "Answers come from the browser itself; nothing leaves this computer.",
      account: { id: "browser", label: "This browser" },
      capabilities: { images, system: true, json_schema: true, cancel: true },
      limits: { concurrency: 1 },
      models: [{ id: MODEL, name: "The browser's built-in model", owned_by: "browser" }],
    };
  }

  /**
   * Download the model; the browser wants a click of the person for it. Listeners of `onstatus` hear of the progress.
   * @throws {AdapterError}
   */
  async download() {
    if (!this.#model) throw new AdapterError("unsupported", ABSENT);
    try {
      const session = await this.#model.create({ monitor: (monitor) => this.#follow(monitor) });
      session.destroy();
    } catch (error) {
      throw asAdapterError(error);
    } finally {
      this.#progress = null;
      await this.#announce();
    }
  }

  /**
   * @param {ChatRequest} request
   * @param {{signal: AbortSignal}} options
   * @returns {import("../adapter.js").Answer}
   */
  async *chat(request, { signal }) {
    const { history, prompt } = conversation(request.messages);
    const constraint = constraintOf(request);
    let overflow = false;
    try {
      const session = await this.#open(history, prompt, signal);
      session.addEventListener("contextoverflow", () => {
        overflow = true;
      });
      try {
        for await (const text of session.promptStreaming(prompt, { signal, ...constraint })) {
          // What does not fit is forgotten from the start of the conversation, and the answer is about something else.
          if (overflow) throw new DOMException("the conversation does not fit", "QuotaExceededError");
          yield { type: "text", text };
        }
      } finally {
        session.destroy();
      }
    } catch (error) {
      if (signal.aborted) throw error;
      throw asAdapterError(error);
    }
    return { finish_reason: "stop" };
  }

  /**
   * @param {ModelMessage[]} history
   * @param {ModelMessage[]} prompt
   * @param {AbortSignal} signal
   */
  async #open(history, prompt, signal) {
    if (!this.#model || (await this.#model.availability()) !== "available") {
      throw new AdapterError("unsupported", "The browser's built-in model is not available.");
    }
    const images = [...history, ...prompt].some(({ content }) => content.some(({ type }) => type === "image"));
    return this.#model.create({ initialPrompts: history, signal, ...(images ? WITH_IMAGES : {}) });
  }

  /**
   * @param {AdapterStatus} status
   * @returns {AdapterStatus}
   */
  #waiting(status) {
    if (this.#progress === null) return status;
    return {
      state: "starting",
      detail: `${NOT_YET.downloading.detail} ${Math.round(this.#progress * 100)} % are here.`,
    };
  }

  /** @param {EventTarget} monitor */
  #follow(monitor) {
    monitor.addEventListener("downloadprogress", (event) => {
      this.#progress = /** @type {ProgressEvent} */ (event).loaded;
      void this.#announce();
    });
  }

  async #announce() {
    const status = await this.status();
    for (const listener of this.#listeners) listener(status);
  }
}

/**
 * The API takes one system prompt, as the very first message, and answers what comes last.
 * @param {Message[]} messages
 * @returns {{history: ModelMessage[], prompt: ModelMessage[]}}
 */
function conversation(messages) {
  const system = messages.flatMap((each) => (each.role === "system" ? each.content : []));
  const turns = messages.flatMap(toTurn);
  const lastAnswer = turns.findLastIndex(({ role }) => role === "assistant");
  // An answer at the very end is one to go on with.
  const cut = lastAnswer === turns.length - 1 ? lastAnswer : lastAnswer + 1;
  const prompt = turns.slice(cut).map((turn) => (turn.role === "assistant" ? { ...turn, prefix: true } : turn));
  const head = system.length ? [{ role: /** @type {const} */ ("system"), content: system.map(toModelContent) }] : [];
  return { history: [...head, ...turns.slice(0, Math.max(0, cut))], prompt };
}

/**
 * @param {Message} message
 * @returns {ModelMessage[]}
 */
function toTurn(message) {
  if (message.role === "system") return [];
  if (message.role === "tool") throw new AdapterError("unsupported", "The built-in model has no tools.");
  return [{ role: message.role, content: (message.content ?? []).map(toModelContent) }];
}

/**
 * @param {Content} part
 * @returns {ModelContent}
 */
function toModelContent(part) {
  if (part.type === "text") return { type: "text", value: part.text };
  if (part.type === "image") return { type: "image", value: imageOf(part.url) };
  throw new AdapterError("unsupported", `The built-in model takes no ${part.type} parts.`);
}

/**
 * Decoded here and not with `fetch`: a page's CSP may forbid that.
 * @param {string} url
 */
function imageOf(url) {
  const [, type, data] = /^data:([\w/+.-]+);base64,(.*)$/s.exec(url) ?? [];
  if (type === undefined || data === undefined) {
    throw new AdapterError("unsupported", "The built-in model takes images as base64 data: URLs only.");
  }
  try {
    return new Blob([Uint8Array.from(atob(data), (character) => character.charCodeAt(0))], { type });
  } catch (error) {
    throw new AdapterError("invalid_request", "An image is not valid base64.", { cause: error });
  }
}

/** @param {ChatRequest} request */
function constraintOf({ response_format: format }) {
  if (!format || format.type === "text") return {};
  return { responseConstraint: (format.type === "json_schema" && format.schema) || { type: "object" } };
}

/**
 * @param {unknown} error
 * @returns {AdapterError}
 */
function asAdapterError(error) {
  if (error instanceof AdapterError) return error;
  const name = error instanceof Error || error instanceof DOMException ? error.name : typeof error;
  const [kind, message] = ERRORS.get(name) ?? ["upstream", `The built-in model failed with ${name}.`];
  return new AdapterError(kind, message, { cause: error });
}
