/**
 * Pictures, speech and transcripts by Puter: https://docs.puter.com/AI/txt2img/, /AI/txt2speech/, /AI/speech2txt/.
 *
 * Like chat, a call goes to the endpoint that those functions of puter.js use, or through the functions themselves.
 */

import { AdapterError } from "../../adapter.js";
import { callDriver } from "./endpoint.js";
import { errorOf } from "./errors.js";

/**
 * @typedef {import("../../adapter.js").Answer} Answer
 * @typedef {import("../../frames.js").MediaAsked} MediaAsked
 * @typedef {import("../../frames.js").Method} Method
 * @typedef {import("../../frames.js").Model} Model
 * @typedef {import("../../frames.js").Part} Part
 * @typedef {import("./endpoint.js").Driver} Driver
 *
 * @typedef {{bytes: Response} | {result: any}} Outcome  As `callDriver` has it.
 * @typedef {object} Task  One call to Puter.
 * @property {Driver} driver
 * @property {Record<string, unknown>} args
 * @property {["txt2img" | "txt2speech" | "speech2txt", ...any[]]} sdk  The same by puter.js: function and arguments.
 * @property {(outcome: Outcome, tools: Tools) => AsyncGenerator<Part>} read
 * @typedef {{fetch: typeof globalThis.fetch, signal: AbortSignal}} Tools
 */

/** @type {Method[]} */
export const METHODS = ["image", "speech", "transcription"];

/** The optional fields that reach the models. */
export const MEDIA_PARAMETERS = [
  ...["image.n", "image.size", "image.quality", "image.images"],
  ...["speech.voice", "speech.format", "speech.instructions"],
  ...["transcription.translate", "transcription.segments", "transcription.language", "transcription.prompt"],
  "transcription.temperature",
];

/** The models of OpenAI that Puter documents for sound; there is no list to ask for. @type {Model[]} */
const SOUND_MODELS = [
  ...["gpt-4o-mini-tts", "tts-1", "tts-1-hd"].map((id) => soundModel(id, "speech")),
  ...["gpt-4o-mini-transcribe", "gpt-4o-transcribe", "whisper-1"].map((id) => soundModel(id, "transcription")),
];

/** What `txt2img` uses if nothing is said. @type {Model} */
const DEFAULT_IMAGE_MODEL = { id: "gpt-image-1-mini", owned_by: "openai", methods: ["image"] };

const MOST_MODELS = 1000;
const LONGEST_SPEECH = 3000;
/** How many bytes of sound are sent on in one piece. */
const PIECE_BYTES = 384 * 1024;

/** @type {Record<string, string>} */
const FORMATS = { mpeg: "mp3", mp3: "mp3", wav: "wav", "x-wav": "wav", wave: "wav", ogg: "opus", opus: "opus" };

/**
 * The models that are for something else than chat.
 * @param {any[]} details  Puter's list of image models
 * @returns {Model[]}
 */
export function mediaModels(details) {
  const ids = new Set(details.map((each) => each?.id).filter((id) => typeof id === "string" && id && id.length <= 128));
  const listed = [...ids].slice(0, MOST_MODELS).map((id) => {
    const provider = details.find((each) => each?.id === id).provider;
    return /** @type {Model} */ ({ id, ...(typeof provider === "string" ? { owned_by: provider } : {}), methods: ["image"] });
  });
  return [...(listed.length ? listed : [DEFAULT_IMAGE_MODEL]), ...SOUND_MODELS];
}

/**
 * The calls to Puter that make up one call of relay.
 * @param {MediaAsked} asked
 * @returns {Task[]}
 * @throws {AdapterError}
 */
export function tasksOf(asked) {
  switch (asked.method) {
    case "image":
      return Array.from({ length: asked.request.n ?? 1 }, () => imageTask(asked.request));
    case "speech":
      return [speechTask(asked.request)];
    case "transcription":
      return [transcriptionTask(asked.request)];
    default:
      throw new AdapterError("unsupported", "Puter makes no embeddings");
  }
}

/**
 * Run a task by the endpoint.
 * @param {Task} task
 * @param {import("./endpoint.js").Endpoint} endpoint
 * @param {AbortSignal} signal
 */
export async function* byEndpoint({ driver, args, read }, endpoint, signal) {
  yield* read(await callDriver(endpoint, driver, args, signal), { fetch: endpoint.fetch, signal });
}

/**
 * Run a task by puter.js, which cannot be stopped.
 * @param {Task} task
 * @param {import("../puter.js").Puter} puter
 * @param {Tools} tools
 */
export async function* bySdk({ sdk, read }, puter, tools) {
  puter.config = { ...puter.config, autoRetry: false };
  const [name, ...args] = sdk;
  if (!puter.ai[name]) throw new AdapterError("unsupported", `This page's puter.js has no ${name}`);
  let result;
  try {
    result = await /** @type {any} */ (puter.ai)[name](...args);
  } catch (error) {
    if (error instanceof Error) throw new AdapterError("network", "Puter cannot be reached", { cause: error });
    throw errorOf(error);
  }
  yield* read({ result }, tools);
}

/**
 * @param {import("../../frames.js").ImageRequest} request
 * @returns {Task}
 */
function imageTask({ model, prompt, size, quality, images }) {
  const [, w, h] = /^(\d+)x(\d+)$/.exec(size ?? "")?.map(Number) ?? [];
  const options = {
    model,
    ...(w && h ? { ratio: { w, h }, width: w, height: h } : {}),
    ...(quality && quality !== "auto" ? { quality } : {}),
    ...(images?.length ? { input_images: images, input_image: images[0] } : {}),
  };
  return {
    driver: { interface: "puter-image-generation", driver: "ai-image", method: "generate" },
    args: { prompt, ...options },
    sdk: ["txt2img", prompt, options],
    async *read(outcome, tools) {
      yield { type: "image", url: await imageUrl(outcome, tools) };
    },
  };
}

/**
 * @param {import("../../frames.js").SpeechRequest} request
 * @returns {Task}
 */
function speechTask({ model, text, voice, format, instructions }) {
  if (text.length > LONGEST_SPEECH) {
    throw new AdapterError("invalid_request", `Puter says at most ${LONGEST_SPEECH} characters at a time`);
  }
  const options = {
    provider: "openai",
    model,
    ...(voice ? { voice } : {}),
    ...(format ? { response_format: format } : {}),
    ...(instructions ? { instructions } : {}),
  };
  return {
    driver: { interface: "puter-tts", driver: "ai-tts", method: "synthesize" },
    args: { text, ...options },
    sdk: ["txt2speech", text, options],
    async *read(outcome, tools) {
      yield* sound("bytes" in outcome ? outcome.bytes : await mediaAt(urlOf(outcome.result), tools), format, tools);
    },
  };
}

/**
 * @param {import("../../frames.js").TranscriptionRequest} request
 * @returns {Task}
 */
function transcriptionTask({ model, data, format, translate, segments, language, prompt, temperature }) {
  const options = {
    model,
    ...(language ? { language } : {}),
    ...(prompt ? { prompt } : {}),
    ...(temperature === undefined ? {} : { temperature }),
    ...(segments ? { response_format: "verbose_json", timestamp_granularities: ["segment"] } : {}),
  };
  const file = `data:audio/${format};base64,${data}`;
  return {
    driver: {
      interface: "puter-speech2txt",
      driver: "ai-speech2txt",
      method: translate ? "translate" : "transcribe",
    },
    args: { file, ...options },
    sdk: ["speech2txt", { file, ...options, ...(translate ? { translate } : {}) }],
    async *read(outcome) {
      yield* transcript("result" in outcome ? outcome.result : undefined);
    },
  };
}

/**
 * @param {any} result
 * @returns {Generator<Part>}
 */
function* transcript(result) {
  const text = typeof result === "string" ? result : result?.text;
  if (typeof text !== "string") throw new AdapterError("site_changed", "Puter's transcript has no text");
  yield { type: "text", text };
  for (const each of Array.isArray(result.segments) ? result.segments : []) {
    const { text: said, start, end } = each ?? {};
    if (typeof said !== "string" || !isTime(start) || !isTime(end)) continue;
    yield { type: "segment", text: said.toWellFormed(), start, end };
  }
  const known = {
    ...(typeof result.language === "string" && result.language ? { language: result.language.slice(0, 100) } : {}),
    ...(isTime(result.duration) ? { duration: result.duration } : {}),
  };
  if (Object.keys(known).length) yield { type: "recording", ...known };
}

/** @param {unknown} value */
function isTime(value) {
  return Number.isFinite(value) && Number(value) >= 0;
}

/**
 * A picture as a `data:` URL where its bytes can be had, else its address.
 * @param {Outcome} outcome
 * @param {Tools} tools
 */
async function imageUrl(outcome, tools) {
  if ("bytes" in outcome) return dataUrl(outcome.bytes, "image/png", tools);
  const url = urlOf(outcome.result);
  if (url.startsWith("data:")) return url;
  try {
    return await dataUrl(await mediaAt(url, tools), "image/png", tools);
  } catch (error) {
    if (tools.signal.aborted) throw error;
    return url; // another origin need not let this page read it
  }
}

/**
 * @param {any} result  A URL, an element of a page that shows one, or an object that names one.
 * @returns {string}
 */
function urlOf(result) {
  const url = [result, result?.src, result?.asset_url, result?.url, result?.href].find(
    (each) => typeof each === "string" && /^(data:|blob:|https?:)/.test(each),
  );
  if (url === undefined) throw new AdapterError("site_changed", "Puter's answer has no media");
  return url;
}

/**
 * @param {string} url
 * @param {Tools} tools
 */
async function mediaAt(url, { fetch, signal }) {
  if (url.startsWith("data:")) return fromDataUrl(url);
  let response;
  try {
    response = await fetch(url, { credentials: "omit", signal });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new AdapterError("network", "What Puter made cannot be fetched", { cause: error });
  }
  if (!response.ok) throw new AdapterError("upstream", `What Puter made answers with HTTP ${response.status}`);
  return response;
}

/**
 * The page's policy need not allow to fetch such a URL.
 * @param {string} url
 */
function fromDataUrl(url) {
  const [, type, , data] = /^data:([^;,]*)([^,]*;base64)?,([^]*)$/.exec(url) ?? [];
  try {
    const bytes = Uint8Array.from(atob(data ?? ""), (character) => character.charCodeAt(0));
    return new Response(bytes, { headers: { "Content-Type": type || "application/octet-stream" } });
  } catch (error) {
    throw new AdapterError("site_changed", "Puter's answer is no media", { cause: error });
  }
}

/**
 * @param {Response} response
 * @param {string} fallback
 * @param {Tools} tools
 */
async function dataUrl(response, fallback, tools) {
  const pieces = [];
  for await (const piece of bytesOf(response, tools)) pieces.push(piece);
  const type = response.headers.get("content-type")?.split(";")[0] ?? "";
  return `data:${type.startsWith("image/") ? type : fallback};base64,${base64(joined(pieces))}`;
}

/**
 * @param {Response} response
 * @param {string | undefined} wish
 * @param {Tools} tools
 * @returns {AsyncGenerator<Part>}
 */
async function* sound(response, wish, tools) {
  const type = /^audio\/([\w.+-]+)/.exec(response.headers.get("content-type") ?? "")?.[1] ?? "";
  const format = FORMATS[type] ?? (type || (wish ?? "mp3"));
  for await (const bytes of bytesOf(response, tools)) {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      yield { type: "audio", data: base64(bytes.subarray(at, at + PIECE_BYTES)), format };
    }
  }
}

/**
 * The body of a response as it comes.
 * @param {Response} response
 * @param {Tools} tools
 * @returns {AsyncGenerator<Uint8Array>}
 */
async function* bytesOf(response, { signal }) {
  const body = /** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */ (response.body).getReader();
  try {
    for (;;) {
      const { value, done } = await body.read();
      if (done) return;
      yield value;
    }
  } catch (error) {
    if (signal.aborted) throw error;
    throw new AdapterError("truncated", "What Puter made was cut", { cause: error });
  } finally {
    body.cancel().catch(() => {});
  }
}

/** @param {Uint8Array[]} pieces */
function joined(pieces) {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** @param {Uint8Array} bytes */
function base64(bytes) {
  let binary = "";
  for (let at = 0; at < bytes.length; at += 32_768) binary += String.fromCharCode(...bytes.subarray(at, at + 32_768));
  return btoa(binary);
}

/**
 * @param {string} id
 * @param {Method} method
 * @returns {Model}
 */
function soundModel(id, method) {
  return { id, owned_by: "openai", methods: [method] };
}
