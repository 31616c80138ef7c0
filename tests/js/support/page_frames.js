// What relay demands of a page's frames, so that tests hold everything a page sends against it.
import {
  anyObject,
  flag,
  list,
  number,
  object,
  oneOf,
  optional,
  tagged,
  text,
  whole,
} from "../../../extension/bridge/shape.js";

const id = text({ min: 1, max: 128 });
const name = text({ max: 256 });
const sentence = text({ max: 4096 });
const attempt = whole(1, 2 ** 31);
const seconds = number(0);
/** https://webidl.spec.whatwg.org/#idl-float */
const FLOAT32 = 3.4028234663852886e38;
const of = { call: id, attempt, seq: whole() };
const flags = Object.fromEntries(
  [
    ...[
      "tools",
      "tool_choice",
      "parallel_tool_calls",
      "images",
      "files",
      "file_urls",
      "audio",
      "reasoning",
      "reasoning_history",
      "system",
      "json_schema",
    ],
    ...["cancel", "single_prompt", "reuse", "prompt_file"],
  ].map((each) => [each, optional(flag)]),
);

const part = tagged("type", {
  text: object({ text: text() }),
  reasoning: object({ text: text(), kind: optional(oneOf("raw", "summary")) }),
  proof: object({ kind: name, data: text(), call: optional(id) }),
  tool_call: object({ id, name: optional(name), arguments: optional(text()) }),
  image: object({ url: text(), partial: optional(whole(0, 64)) }),
  audio: object({ data: text(), format: name }),
  segment: object({ text: text(), start: seconds, end: seconds }),
  recording: object({ language: optional(name), duration: optional(seconds) }),
  embedding: object({ index: whole(), values: list(number(-FLOAT32, FLOAT32), { min: 1, max: 65_536 }) }),
});

/** @type {Record<string, import("../../../extension/bridge/shape.js").Check>} */
const FRAMES = {
  hello: object({
    protocols: list(whole(), { min: 1, max: 16 }),
    client: object({ kind: oneOf("page", "extension", "headless"), version: name, carried: optional(flag) }),
    adapter: name,
    site: name,
    token: optional(text({ max: 256 })),
    code: optional(text({ max: 64 })),
    session: optional(id),
    resume: optional(list(object({ call: id, attempt, sent: whole() }), { max: 256 })),
  }),
  state: object({
    state: oneOf("starting", "ready", "login_required", "blocked", "site_changed", "unavailable"),
    reason: optional(oneOf("captcha", "consent", "limit", "verification")),
    detail: optional(sentence),
    account: optional(
      object({
        id: name,
        label: optional(name),
        temporary: optional(flag),
        allowance: optional(object({ remaining: number(), total: optional(number()), unit: optional(name) })),
      }),
    ),
    capabilities: optional(object({ ...flags, parameters: optional(list(name, { max: 64 })), methods: optional(list(name, { max: 16 })) })),
    limits: optional(object({ concurrency: optional(whole(1, 64)), max_prompt_chars: optional(whole(1)) })),
    models: optional(
      list(
        object({
          id,
          name: optional(name),
          aliases: optional(list(id, { max: 64 })),
          owned_by: optional(name),
          context: optional(whole()),
          max_output: optional(whole()),
          methods: optional(list(name, { min: 1, max: 16 })),
        }),
        { max: 5000 },
      ),
    ),
  }),
  accepted: object({ call: id, attempt }),
  parts: object({ ...of, parts: list(part, { min: 1 }) }),
  done: object({
    ...of,
    finish_reason: oneOf("stop", "length", "tool_calls", "content_filter"),
    usage: optional(
      object({
        input_tokens: whole(),
        output_tokens: whole(),
        cached_tokens: optional(whole()),
        cache_write_tokens: optional(whole()),
        reasoning_tokens: optional(whole()),
      }),
    ),
    conversation: optional(id),
  }),
  fail: object({ ...of, kind: name, message: sentence, retry_after: optional(number(0)) }),
  pong: object({ t: number() }),
};

const HALF_PAIR = /\\ud[89a-f][0-9a-f]{2}/i;

/**
 * Read a frame as relay would.
 * @param {string} data
 * @returns {any}  the frame; null if its type is unknown
 * @throws {Error}
 */
export function decodePageFrame(data) {
  if (HALF_PAIR.test(data)) throw new Error("half a surrogate pair");
  const frame = JSON.parse(data);
  anyObject(frame, "frame");
  text({ min: 1 })(frame.type, "type");
  if (!Object.hasOwn(FRAMES, frame.type)) return null;
  FRAMES[frame.type]?.(frame, frame.type);
  return frame;
}
