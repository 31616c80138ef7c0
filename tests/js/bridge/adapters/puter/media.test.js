import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { PuterAdapter } from "../../../../../extension/bridge/adapters/puter.js";
import { mediaModels } from "../../../../../extension/bridge/adapters/puter/media.js";
import { read, readFailing } from "../../../support/answers.js";
import { PuterService, TOKEN, fakePuter, json } from "../../../support/puter.js";

/** @typedef {import("../../../../../extension/bridge/frames.js").MediaAsked} MediaAsked */
/** @typedef {import("../../../../../extension/bridge/frames.js").Part} Part */

const PNG = Buffer.from("89504e470d0a1a0a", "hex");
const DATA_PNG = `data:image/png;base64,${PNG.toString("base64")}`;

/** @type {PuterService} */ let service;
/** @type {ReturnType<typeof fakePuter>} */ let puter;
let origin = "";

beforeEach(async () => {
  service = new PuterService();
  origin = await service.open();
  puter = fakePuter(origin);
});

afterEach(() => service.close());

/**
 * @param {MediaAsked} asked
 * @param {{way?: "auto" | "endpoint" | "sdk", signal?: AbortSignal}} [options]
 */
function run(asked, { way = "auto", signal = new AbortController().signal } = {}) {
  return new PuterAdapter({ puter, way }).media(asked, { signal });
}

/**
 * @param {string} type
 * @param {Buffer} body
 * @returns {import("../../../support/puter.js").Script}
 */
const bytes = (type, body) => (response) => void response.writeHead(200, { "Content-Type": type }).end(body);

/**
 * @param {Partial<import("../../../../../extension/bridge/frames.js").ImageRequest>} [fields]
 * @returns {MediaAsked}
 */
const image = (fields = {}) => ({ method: "image", request: { model: "paint-x", prompt: "a cat", ...fields } });
/**
 * @param {Partial<import("../../../../../extension/bridge/frames.js").SpeechRequest>} [fields]
 * @returns {MediaAsked}
 */
const speech = (fields = {}) => ({ method: "speech", request: { model: "tts-1", text: "Hello", ...fields } });
/**
 * @param {Partial<import("../../../../../extension/bridge/frames.js").TranscriptionRequest>} [fields]
 * @returns {MediaAsked}
 */
const transcription = (fields = {}) => ({
  method: "transcription",
  request: { model: "whisper-1", data: "AAAA", format: "wav", ...fields },
});

/** @param {Part[]} parts */
const sounds = (parts) => parts.map((part) => (part.type === "audio" ? Buffer.from(part.data, "base64") : ""));

test("a picture is made by the driver of txt2img, with the page's login", async () => {
  service.answer(bytes("image/png", PNG));
  const { parts, finish } = await read(run(image({ size: "1024x1536", quality: "high", images: [DATA_PNG] })));
  assert.deepEqual([parts, finish], [[{ type: "image", url: DATA_PNG }], { finish_reason: "stop" }]);
  assert.deepEqual(
    service.calls.map(({ body }) => body),
    [
      {
        interface: "puter-image-generation",
        driver: "ai-image",
        method: "generate",
        test_mode: false,
        args: {
          prompt: "a cat",
          model: "paint-x",
          ratio: { w: 1024, h: 1536 },
          width: 1024,
          height: 1536,
          quality: "high",
          input_images: [DATA_PNG],
          input_image: DATA_PNG,
        },
        auth_token: TOKEN,
      },
    ],
  );
});

test("several pictures are several calls", async () => {
  service.answer(json(200, { success: true, result: DATA_PNG }));
  const { parts } = await read(run(image({ n: 2, size: "auto", quality: "auto" })));
  assert.deepEqual(parts, [
    { type: "image", url: DATA_PNG },
    { type: "image", url: DATA_PNG },
  ]);
  assert.deepEqual(
    service.calls.map(({ body }) => body.args),
    [
      { prompt: "a cat", model: "paint-x" },
      { prompt: "a cat", model: "paint-x" },
    ],
  );
});

test("a picture that lies elsewhere is fetched", async () => {
  service.answer(json(200, { success: true, result: { asset_url: `${origin}/cat` } }));
  service.answers["/cat"] = bytes("image/webp", PNG);
  const { parts } = await read(run(image()));
  assert.deepEqual(parts, [{ type: "image", url: `data:image/webp;base64,${PNG.toString("base64")}` }]);
});

test("a picture that the page may not read is told by its address", async () => {
  service.answer(json(200, { success: true, result: { url: `${origin}/cat` } }));
  service.answers["/cat"] = json(403, {});
  assert.deepEqual((await read(run(image()))).parts, [{ type: "image", url: `${origin}/cat` }]);
});

test("speech comes as bytes while they come", async () => {
  /** @type {import("node:http").ServerResponse | undefined} */
  let open;
  service.answer((response) => {
    open = response;
    response.writeHead(200, { "Content-Type": "audio/mpeg" }).write("ab");
  });
  const answer = run(speech({ voice: "alloy", format: "mp3", instructions: "Calm." }));
  assert.deepEqual((await answer.next()).value, { type: "audio", data: btoa("ab"), format: "mp3" });
  open?.end("cd");
  assert.deepEqual((await read(answer)).parts, [{ type: "audio", data: btoa("cd"), format: "mp3" }]);
  assert.deepEqual(
    service.calls.map(({ body: { interface: iface, driver, method, args } }) => [iface, driver, method, args]),
    [
      [
        "puter-tts",
        "ai-tts",
        "synthesize",
        {
          text: "Hello",
          provider: "openai",
          model: "tts-1",
          voice: "alloy",
          response_format: "mp3",
          instructions: "Calm.",
        },
      ],
    ],
  );
});

test("long speech is cut into pieces that a frame holds", async () => {
  const sound = Buffer.alloc(1_000_000, "relay");
  service.answer(bytes("audio/wav", sound));
  const { parts } = await read(run(speech()));
  assert.equal(Buffer.compare(Buffer.concat(/** @type {Buffer[]} */ (sounds(parts))), sound), 0);
  assert.ok(parts.every((part) => part.type === "audio" && part.format === "wav" && part.data.length < 600_000));
});

for (const [type, wish, format] of /** @type {const} */ ([
  ["audio/mpeg", undefined, "mp3"],
  ["audio/ogg; codecs=opus", undefined, "opus"],
  ["audio/flac", undefined, "flac"],
  ["application/octet-stream", "pcm", "pcm"],
  ["application/octet-stream", undefined, "mp3"],
])) {
  test(`speech of type ${type}, where ${wish} was wished for, is ${format}`, async () => {
    service.answer(bytes(type, PNG));
    const { parts } = await read(run(speech(wish ? { format: wish } : {})));
    assert.deepEqual(parts, [{ type: "audio", data: PNG.toString("base64"), format }]);
  });
}

test("a transcript with its segments", async () => {
  service.answer(
    json(200, {
      success: true,
      result: {
        text: "Hello there",
        language: "english",
        duration: 1.5,
        segments: [{ id: 0, text: "Hello there", start: 0, end: 1.5 }, { text: "no time" }, null],
      },
    }),
  );
  const asked = { segments: true, language: "en", prompt: "Names: Ada.", temperature: 0 };
  const { parts } = await read(run(transcription(asked)));
  assert.deepEqual(parts, [
    { type: "text", text: "Hello there" },
    { type: "segment", text: "Hello there", start: 0, end: 1.5 },
    { type: "recording", language: "english", duration: 1.5 },
  ]);
  const [{ body }] = /** @type {[any]} */ (service.calls);
  assert.deepEqual([body.interface, body.driver, body.method], ["puter-speech2txt", "ai-speech2txt", "transcribe"]);
  assert.deepEqual(body.args, {
    file: "data:audio/wav;base64,AAAA",
    model: "whisper-1",
    language: "en",
    prompt: "Names: Ada.",
    temperature: 0,
    response_format: "verbose_json",
    timestamp_granularities: ["segment"],
  });
});

test("a translation is another method of the same driver", async () => {
  service.answer(json(200, { success: true, result: "Hello" }));
  assert.deepEqual((await read(run(transcription({ translate: true })))).parts, [{ type: "text", text: "Hello" }]);
  assert.equal(service.calls[0]?.body.method, "translate");
});

test("the same by puter.js", async () => {
  /** @type {any[][]} */
  const calls = [];
  const answers = (/** @type {string} */ name, /** @type {unknown} */ result) => {
    return async (/** @type {any[]} */ ...args) => {
      calls.push([name, ...args]);
      return result;
    };
  };
  Object.assign(puter.ai, {
    txt2img: answers("txt2img", { src: DATA_PNG }),
    txt2speech: answers("txt2speech", { src: `data:audio/mpeg;base64,${btoa("ab")}` }),
    speech2txt: answers("speech2txt", { text: "Hello" }),
  });
  const running = [image(), speech(), transcription({ translate: true })].map((asked) => run(asked, { way: "sdk" }));
  const told = [];
  for (const answer of running) told.push(...(await read(answer)).parts);
  assert.deepEqual(told, [
    { type: "image", url: DATA_PNG },
    { type: "audio", data: btoa("ab"), format: "mp3" },
    { type: "text", text: "Hello" },
  ]);
  assert.deepEqual(calls, [
    ["txt2img", "a cat", { model: "paint-x" }],
    ["txt2speech", "Hello", { provider: "openai", model: "tts-1" }],
    ["speech2txt", { file: "data:audio/wav;base64,AAAA", model: "whisper-1", translate: true }],
  ]);
  assert.deepEqual([puter.config, service.calls], [{ keep: "this", autoRetry: false }, []]);
});

test("puter.js is used where the endpoint is not known", async () => {
  service.answer(json(404, { code: "not_found", message: "Not found" }));
  Object.assign(puter.ai, { speech2txt: async () => ({ text: "Hello" }) });
  assert.deepEqual((await read(run(transcription()))).parts, [{ type: "text", text: "Hello" }]);
  assert.equal((await readFailing(run(transcription(), { way: "endpoint" }))).error.kind, "site_changed");
});

for (const [name, make, kind] of /** @type {[string, () => import("../../../../../extension/bridge/adapter.js").Answer,
  string][]} */ ([
  ["speech that is too long", () => run(speech({ text: "a".repeat(3001) })), "invalid_request"],
  ["embeddings", () => run({ method: "embedding", request: { model: "e", texts: ["a"] } }), "unsupported"],
  ["a picture of nothing", () => answering(json(200, { success: true, result: {} }), image()), "site_changed"],
  ["a transcript without text", () => answering(json(200, { success: true, result: {} }), transcription()), "site_changed"],
  ["a transcript in bytes", () => answering(bytes("audio/wav", PNG), transcription()), "site_changed"],
  ["sound that is no base64", () => answering(json(200, { result: "data:audio/mpeg;base64,%" }), speech()), "site_changed"],
  ["sound that is gone", () => answering(json(200, { result: { url: `${origin}/gone` } }), speech()), "upstream"],
  ["sound nowhere", () => answering(json(200, { result: { url: "http://127.0.0.1:1/" } }), speech()), "network"],
  ["no allowance", () => answering(json(402, { code: "insufficient_funds" }), image()), "quota_exhausted"],
  ["a puter.js without pictures", () => run(image(), { way: "sdk" }), "unsupported"],
  ["a puter.js that refuses", () => refusing({ code: "moderation_flagged" }), "content_filtered"],
  ["a puter.js that breaks", () => refusing(new TypeError("fetch failed")), "network"],
])) {
  test(`refused: ${name}`, async () => assert.equal((await readFailing(make())).error.kind, kind));
}

test("without a login nothing is made", async () => {
  puter.auth.isSignedIn = () => false;
  assert.equal((await readFailing(run(image()))).error.kind, "login_required");
  assert.deepEqual(service.calls, []);
});

test("a login that was refused is remembered", async () => {
  service.answer(json(401, { code: "reauth_required" }));
  const adapter = new PuterAdapter({ puter });
  await readFailing(adapter.media(image(), { signal: new AbortController().signal }));
  assert.equal((await adapter.status()).state, "login_required");
});

test("sound that breaks off is told", async () => {
  service.answer((response) => {
    response.writeHead(200, { "Content-Type": "audio/mpeg", "Content-Length": "10" }).write("ab");
    setImmediate(() => response.destroy());
  });
  assert.equal((await readFailing(run(speech()))).error.kind, "truncated");
});

test("an abort closes the connection, whatever is on its way", async () => {
  for (const answered of ["/drivers/call", "/cat"]) {
    const controller = new AbortController();
    service.answer(json(200, { success: true, result: { url: `${origin}/cat` } }));
    const gone = new Promise((resolve) => {
      service.answers[answered] = (response) => {
        response.on("close", () => resolve(true));
        if (answered === "/cat") response.writeHead(200, { "Content-Type": "image/png" }).write("a");
        setImmediate(() => controller.abort());
      };
    });
    await assert.rejects(run(image(), { signal: controller.signal }).next(), { name: "AbortError" });
    assert.equal(await gone, true);
  }
});

test("an abort before what was made is fetched", async () => {
  const controller = new AbortController();
  service.answer(json(200, { success: true, result: { url: `${origin}/cat` } }));
  service.answers["/cat"] = () => controller.abort();
  await assert.rejects(run(speech(), { signal: controller.signal }).next(), { name: "AbortError" });
});

test("models for pictures come from Puter's list, else there is the one that it takes by default", () => {
  const images = (/** @type {any[]} */ details) =>
    mediaModels(details).filter(({ methods }) => methods?.includes("image"));
  assert.deepEqual(images([{ id: "a", provider: "p" }, { id: "a" }, { id: "" }, { id: "b" }, null]), [
    { id: "a", owned_by: "p", methods: ["image"] },
    { id: "b", methods: ["image"] },
  ]);
  assert.deepEqual(images([]), [{ id: "gpt-image-1-mini", owned_by: "openai", methods: ["image"] }]);
});

for (const [name, answer] of /** @type {const} */ ([
  ["as a bare list", json(200, [{ id: "gpt-x" }])],
  ["of another form", json(200, { images: [] })],
  ["that cannot be read", json(500, "no")],
])) {
  test(`the list of image models ${name}`, async () => {
    service.answers["/puterai/image/models/details"] = answer;
    const { models } = await new PuterAdapter({ puter }).status();
    const made = models?.filter(({ methods }) => methods?.includes("image"));
    assert.deepEqual(
      made,
      name === "as a bare list"
        ? [{ id: "gpt-x", owned_by: "openai-completion", methods: ["chat", "image"] }]
        : [{ id: "gpt-image-1-mini", owned_by: "openai", methods: ["image"] }],
    );
  });
}

/**
 * @param {import("../../../support/puter.js").Script} script
 * @param {MediaAsked} asked
 */
function answering(script, asked) {
  service.answer(script);
  return run(asked);
}

/** @param {unknown} error */
function refusing(error) {
  Object.assign(puter.ai, { txt2img: () => Promise.reject(error) });
  return run(image(), { way: "sdk" });
}
