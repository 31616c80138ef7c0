/**
 * The frames of the bridge protocol, version 1: their types, and reading what relay sends.
 *
 * The contract is docs/reference/bridge-protocol.md. `tests/data/bridge/frames.json` holds examples that this module
 * and the relay's own both read.
 */

import { ShapeError, anyObject, flag, list, number, object, oneOf, optional, tagged, text, whole } from "./shape.js";

/** The protocol versions that this code speaks. */
export const PROTOCOL_VERSIONS = [1];

/**
 * What a page sends.
 * @typedef {{kind: "page" | "extension" | "headless", version: string, carried?: boolean}} Client
 *   `carried` if another program than the page holds the socket.
 * @typedef {{call: string, attempt: number, sent: number}} ResumeOffer
 * @typedef {{remaining: number, total?: number, unit?: string}} Allowance
 * @typedef {{id: string, label?: string, temporary?: boolean, allowance?: Allowance}} Account
 * @typedef {object} Capabilities  Everything is off unless said.
 * @property {boolean} [tools]
 * @property {boolean} [tool_choice]
 * @property {boolean} [parallel_tool_calls]
 * @property {boolean} [images]
 * @property {boolean} [files]
 * @property {boolean} [file_urls]  Takes files by their address too.
 * @property {boolean} [audio]
 * @property {boolean} [reasoning]
 * @property {boolean} [reasoning_history]  Wants its reasoning and the proofs of it back with the calls they led to.
 * @property {boolean} [system]
 * @property {boolean} [json_schema]
 * @property {boolean} [cancel]
 * @property {boolean} [single_prompt]  Takes one text for each call: relay makes one of the whole conversation.
 * @property {boolean} [reuse]  Can go on in a conversation of the site that is open.
 * @property {boolean} [prompt_file]  An over-long prompt may come as a file.
 * @property {Method[]} [methods]  What it can do besides chat.
 * @property {string[]} [parameters]  The optional request fields that are honoured; those of media as `image.size`.
 * @typedef {{concurrency?: number, max_prompt_chars?: number}} PageLimits
 * @typedef {object} Model
 * @property {string} id
 * @property {string} [name]
 * @property {string[]} [aliases]
 * @property {string} [owned_by]
 * @property {number} [context]
 * @property {number} [max_output]
 * @property {Method[]} [methods]  What it is for; chat unless said.
 * @typedef {"starting" | "ready" | "login_required" | "blocked" | "site_changed" | "unavailable"} SessionState
 * @typedef {"captcha" | "consent" | "limit" | "verification"} BlockReason
 * @typedef {object} PageState  A field left out keeps its last value.
 * @property {SessionState} state
 * @property {BlockReason} [reason]  With `blocked`: what the site asks the person for.
 * @property {string} [detail]
 * @property {Account} [account]
 * @property {Capabilities} [capabilities]
 * @property {PageLimits} [limits]
 * @property {Model[]} [models]
 *
 * @typedef {object} HelloFrame
 * @property {"hello"} type
 * @property {number[]} protocols
 * @property {Client} client
 * @property {string} adapter
 * @property {string} site
 * @property {string} [token]
 * @property {string} [code]
 * @property {string} [session]
 * @property {ResumeOffer[]} [resume]
 * @typedef {{type: "state"} & PageState} StateFrame
 * @typedef {{type: "accepted", call: string, attempt: number}} AcceptedFrame
 * @typedef {{type: "parts", call: string, attempt: number, seq: number, parts: Part[]}} PartsFrame
 * @typedef {"stop" | "length" | "tool_calls" | "content_filter"} FinishReason
 * @typedef {{input_tokens: number, output_tokens: number, cached_tokens?: number,
 *   cache_write_tokens?: number, reasoning_tokens?: number}} Usage
 * @typedef {object} DoneFrame
 * @property {"done"} type
 * @property {string} call
 * @property {number} attempt
 * @property {number} seq
 * @property {FinishReason} finish_reason
 * @property {Usage} [usage]
 * @property {string} [conversation]  The site's conversation that is open now and can be gone on with.
 * @typedef {"login_required" | "blocked" | "rate_limited" | "quota_exhausted" | "invalid_request" | "model_not_found"
 *   | "context_length_exceeded" | "content_filtered" | "unsupported" | "truncated" | "network" | "site_changed"
 *   | "again" | "upstream" | "internal"} FailKind
 * @typedef {object} FailFrame
 * @property {"fail"} type
 * @property {string} call
 * @property {number} attempt
 * @property {number} seq
 * @property {FailKind} kind
 * @property {string} message
 * @property {number} [retry_after]
 * @typedef {{type: "pong", t: number}} PongFrame
 * @typedef {HelloFrame | StateFrame | AcceptedFrame | PartsFrame | DoneFrame | FailFrame | PongFrame} PageFrame
 */

/**
 * The pieces of an answer. `arguments` of a tool call is (a piece of) JSON text; only the first piece has the `name`.
 * @typedef {{type: "text", text: string}} TextPart
 * @typedef {{type: "reasoning", text: string, kind?: "raw" | "summary"}} ReasoningPart  `raw` unless said.
 * @typedef {{type: "proof", kind: string, data: string, call?: string}} ProofPart  Of the reasoning before it, or of the
 *   tool call with that id, which is still open.
 * @typedef {{type: "tool_call", id: string, name?: string, arguments: string}} ToolCallPart
 * @typedef {{type: "image", url: string, partial?: number}} ImagePart  With `partial` an unfinished one, counted from 0.
 * @typedef {{type: "audio", data: string, format: string}} AudioPart  The next bytes of the speech, in base64.
 * @typedef {{type: "segment", text: string, start: number, end: number}} SegmentPart  When a piece of the transcript was
 *   said, in seconds; its text is in a text part too.
 * @typedef {{type: "recording", language?: string, duration?: number}} RecordingPart  What was heard as a whole.
 * @typedef {{type: "embedding", index: number, values: number[]}} EmbeddingPart
 * @typedef {AudioPart | SegmentPart | RecordingPart | EmbeddingPart} MediaPart
 * @typedef {TextPart | ReasoningPart | ProofPart | ToolCallPart | ImagePart | MediaPart} Part
 */

/**
 * What a call asks for.
 * @typedef {{type: "text", text: string}} TextContent
 * @typedef {{type: "image", url: string, detail?: string}} ImageContent
 * @typedef {{type: "audio", data: string, format: string}} AudioContent
 * @typedef {{type: "file", name?: string, data?: string, url?: string, id?: string}} FileContent
 * @typedef {TextContent | ImageContent | AudioContent | FileContent} Content
 * @typedef {{id: string, name: string, arguments: string}} ToolCall
 * @typedef {{kind: string, data: string, call_id?: string}} Proof
 * @typedef {{role: "system", content: Content[], developer?: boolean}} SystemMessage
 * @typedef {{role: "user", content: Content[], name?: string}} UserMessage
 * @typedef {object} AssistantMessage
 * @property {"assistant"} role
 * @property {Content[]} [content]
 * @property {string} [reasoning]
 * @property {Proof[]} [proofs]
 * @property {string} [refusal]
 * @property {ToolCall[]} [tool_calls]
 * @typedef {{role: "tool", call_id: string, content: Content[], name?: string, is_error?: boolean}} ToolMessage
 * @typedef {SystemMessage | UserMessage | AssistantMessage | ToolMessage} Message
 * @typedef {object} Tool
 * @property {string} name
 * @property {string} [description]
 * @property {Record<string, unknown>} [parameters]
 * @property {boolean} [strict]
 * @property {boolean} [freeform]
 * @typedef {{mode?: "auto" | "none" | "required", names?: string[]}} ToolChoice
 * @typedef {object} ResponseFormat
 * @property {"text" | "json_object" | "json_schema"} type
 * @property {string} [name]
 * @property {string} [description]
 * @property {Record<string, unknown>} [schema]
 * @property {boolean} [strict]
 * @typedef {object} ChatRequest
 * @property {string} model
 * @property {Message[]} messages
 * @property {Tool[]} [tools]
 * @property {ToolChoice} [tool_choice]
 * @property {boolean} [parallel_tool_calls]
 * @property {ResponseFormat} [response_format]
 * @property {number} [max_tokens]
 * @property {string[]} [stop]
 * @property {number} [temperature]
 * @property {number} [top_p]
 * @property {number} [top_k]
 * @property {number} [presence_penalty]
 * @property {number} [frequency_penalty]
 * @property {number} [seed]
 * @property {string} [reasoning_effort]
 * @property {number} [reasoning_budget]  Tokens; only for a page that lists it in its parameters.
 * @property {string} [verbosity]
 * @property {string} [user]
 * @property {string} [conversation]  Go on in this conversation of the site; absent: a new one.
 */

/**
 * What a call of another method asks for. Optional fields come only to pages that list them in their parameters.
 * @typedef {"chat" | "image" | "speech" | "transcription" | "embedding"} Method
 * @typedef {object} ImageRequest
 * @property {string} model
 * @property {string} prompt
 * @property {number} [n]
 * @property {string} [size]  `1024x1536`, or a word of the model.
 * @property {string} [quality]
 * @property {string} [style]
 * @property {string} [background]
 * @property {string} [moderation]
 * @property {string} [output_format]  `png`, `jpeg`, `webp`
 * @property {number} [output_compression]
 * @property {string} [input_fidelity]
 * @property {number} [partial_images]  How many unfinished pictures are welcome meanwhile.
 * @property {string[]} [images]  Pictures to change, as `data:` URLs.
 * @property {string} [mask]
 * @property {string} [user]
 * @typedef {object} SpeechRequest
 * @property {string} model
 * @property {string} text
 * @property {string} [voice]
 * @property {string} [format]  A wish: `mp3`, `opus`, `aac`, `flac`, `wav`, `pcm`.
 * @property {string} [instructions]
 * @property {number} [speed]
 * @property {string} [user]
 * @typedef {object} TranscriptionRequest
 * @property {string} model
 * @property {string} data  The recording, in base64.
 * @property {string} format  `wav`, `mp3`, `webm`, …
 * @property {boolean} [translate]  Write it down in English.
 * @property {boolean} [segments]  Say when each piece was said.
 * @property {string} [language]
 * @property {string} [prompt]
 * @property {number} [temperature]
 * @property {string} [user]
 * @typedef {object} EmbeddingRequest
 * @property {string} model
 * @property {string[]} [texts]
 * @property {number[][]} [tokens]  Instead of texts.
 * @property {number} [dimensions]
 * @property {string} [user]
 * @typedef {{method: "chat", request: ChatRequest}} ChatAsked
 * @typedef {{method: "image", request: ImageRequest} | {method: "speech", request: SpeechRequest}
 *   | {method: "transcription", request: TranscriptionRequest}
 *   | {method: "embedding", request: EmbeddingRequest}} MediaAsked
 * @typedef {ChatAsked | MediaAsked} Asked
 */

/**
 * What relay sends.
 * @typedef {{frame_bytes: number, unacked_bytes: number}} RelayLimits
 * @typedef {{call: string, attempt: number, next: number, upto: number}} ResumeWanted
 * @typedef {{base_url: string, model: string, key?: string}} ClientSettings
 * @typedef {object} WelcomeFrame
 * @property {"welcome"} type
 * @property {number} protocol
 * @property {string} session
 * @property {boolean} resumed
 * @property {number} heartbeat_ms
 * @property {number} grace_ms
 * @property {RelayLimits} limits
 * @property {ResumeWanted[]} resume
 * @property {string} [token]
 * @property {ClientSettings} [settings]
 * @typedef {object} CallFrame
 * @property {"call"} type
 * @property {string} call
 * @property {number} attempt
 * @property {string} method
 * @property {Asked["request"]} request
 * @property {number} credit
 * @typedef {{type: "credit", call: string, attempt: number, ack: number, upto: number}} CreditFrame
 * @typedef {{type: "cancel", call: string, attempt: number, reason: string}} CancelFrame
 * @typedef {{type: "ping", t: number}} PingFrame
 * @typedef {{type: "bye", reason: string, message: string, retry_after?: number}} ByeFrame
 * @typedef {WelcomeFrame | CallFrame | CreditFrame | CancelFrame | PingFrame | ByeFrame} RelayFrame
 */

/** What relay sent is not a frame of the protocol. */
export class MalformedFrame extends Error {}

const of = { call: text({ min: 1 }), attempt: whole(1) };

const content = list(
  tagged("type", {
    text: object({ text: text() }),
    image: object({ url: text(), detail: optional(text()) }),
    audio: object({ data: text(), format: text() }),
    file: object({ name: optional(text()), data: optional(text()), url: optional(text()), id: optional(text()) }),
  }),
);

const message = tagged(
  "role",
  {
    system: object({ content, developer: optional(flag) }),
    user: object({ content, name: optional(text()) }),
    assistant: object({
      content: optional(content),
      reasoning: optional(text()),
      proofs: optional(list(object({ kind: text(), data: text(), call_id: optional(text()) }))),
      refusal: optional(text()),
      tool_calls: optional(list(object({ id: text(), name: text(), arguments: text() }))),
    }),
    tool: object({ call_id: text(), content, name: optional(text()), is_error: optional(flag) }),
  },
  { closed: true },
);

const request = object({
  model: text(),
  messages: list(message),
  tools: optional(
    list(
      object({ name: text(), description: optional(text()), parameters: optional(anyObject), strict: optional(flag) }),
    ),
  ),
  tool_choice: optional(object({ mode: optional(oneOf("auto", "none", "required")), names: optional(list(text())) })),
  response_format: optional(
    object({ type: oneOf("text", "json_object", "json_schema"), name: optional(text()), schema: optional(anyObject) }),
  ),
  parallel_tool_calls: optional(flag),
  stop: optional(list(text())),
  max_tokens: optional(whole()),
  temperature: optional(number()),
  top_p: optional(number()),
  top_k: optional(whole()),
  presence_penalty: optional(number()),
  frequency_penalty: optional(number()),
  seed: optional(number()),
  reasoning_effort: optional(text()),
  reasoning_budget: optional(whole()),
  verbosity: optional(text()),
  user: optional(text()),
  conversation: optional(text({ min: 1 })),
});

const texts = (/** @type {string[]} */ ...names) => Object.fromEntries(names.map((name) => [name, optional(text())]));

/** What each method's request must be. @type {Record<string, import("./shape.js").Check>} */
const REQUESTS = {
  chat: request,
  image: object({
    model: text(),
    prompt: text(),
    ...texts("size", "quality", "style", "background", "moderation", "output_format", "input_fidelity", "mask", "user"),
    n: optional(whole(1)),
    output_compression: optional(whole()),
    partial_images: optional(whole()),
    images: optional(list(text())),
  }),
  speech: object({
    model: text(),
    text: text(),
    ...texts("voice", "format", "instructions", "user"),
    speed: optional(number()),
  }),
  transcription: object({
    model: text(),
    data: text(),
    format: text(),
    ...texts("language", "prompt", "user"),
    translate: optional(flag),
    segments: optional(flag),
    temperature: optional(number()),
  }),
  embedding: object({
    model: text(),
    texts: optional(list(text())),
    tokens: optional(list(list(whole()))),
    dimensions: optional(whole(1)),
    user: optional(text()),
  }),
};

/**
 * Whether this version knows a method.
 * @param {string} method
 * @returns {method is Method}
 */
export function isMethod(method) {
  return Object.hasOwn(REQUESTS, method);
}

/** @type {Record<string, import("./shape.js").Check>} */
const RELAY_FRAMES = {
  welcome: object({
    protocol: whole(1),
    session: text({ min: 1 }),
    resumed: flag,
    heartbeat_ms: whole(1),
    grace_ms: whole(),
    limits: object({ frame_bytes: whole(1), unacked_bytes: whole(1) }),
    resume: list(object({ ...of, next: whole(), upto: whole() })),
    token: optional(text({ min: 1 })),
    settings: optional(object({ base_url: text(), model: text(), key: optional(text()) })),
  }),
  call: object({ ...of, method: text(), request: anyObject, credit: whole() }),
  credit: object({ ...of, ack: whole(), upto: whole() }),
  cancel: object({ ...of, reason: text() }),
  ping: object({ t: number() }),
  bye: object({ reason: text(), message: text(), retry_after: optional(number(0)) }),
};

/**
 * Read a frame of relay.
 *
 * @param {string} data
 * @returns {RelayFrame | null}  null for a type that this version does not know
 * @throws {MalformedFrame} not JSON, or a known frame with wrong fields
 */
export function decode(data) {
  let frame;
  try {
    frame = JSON.parse(data);
  } catch {
    throw new MalformedFrame("a frame is not JSON");
  }
  try {
    object({ type: text({ min: 1 }) })(frame, "");
    if (!Object.hasOwn(RELAY_FRAMES, frame.type)) return null;
    RELAY_FRAMES[frame.type]?.(frame, frame.type);
    if (frame.type === "call" && isMethod(frame.method)) REQUESTS[frame.method]?.(frame.request, "call.request");
  } catch (error) {
    if (error instanceof ShapeError) throw new MalformedFrame(error.message);
    throw error;
  }
  return frame;
}

/**
 * The text of a frame.
 * @param {PageFrame} frame
 * @returns {string}
 */
export function encode(frame) {
  return JSON.stringify(frame);
}
