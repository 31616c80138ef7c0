import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 } from "node:zlib";

import { DemoAdapter } from "../../../../extension/bridge/adapters/demo.js";
import { read } from "../../support/answers.js";

const demo = new DemoAdapter({ pause: async () => {} });

/** @param {import("../../../../extension/bridge/frames.js").MediaAsked} asked */
const made = (asked) => read(demo.media(asked, { signal: new AbortController().signal }));

test("it offers everything under its one model", async () => {
  const { models, capabilities } = await demo.status();
  const methods = ["image", "speech", "transcription", "embedding"];
  assert.deepEqual([models?.[0]?.methods, capabilities?.methods], [["chat", ...methods], methods]);
});

test("as many pictures as asked for, each a whole PNG", async () => {
  const { parts, finish } = await made({ method: "image", request: { model: "demo", prompt: "a cat", n: 2 } });
  assert.deepEqual([parts.length, finish], [2, { finish_reason: "stop" }]);
  const [part] = parts;
  assert.ok(part?.type === "image");
  const png = Buffer.from(part.url.slice("data:image/png;base64,".length), "base64");
  const checked = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    const end = at + 8 + png.readUInt32BE(at);
    checked.push(png.subarray(at + 4, at + 8).toString(), crc32(png.subarray(at + 4, end)) === png.readUInt32BE(end));
  }
  assert.deepEqual(checked, ["IHDR", true, "IDAT", true, "IEND", true]);
  assert.equal((await made({ method: "image", request: { model: "demo", prompt: "a cat" } })).parts.length, 1);
});

test("a tone as a WAV file whose head tells the truth", async () => {
  const { parts } = await made({ method: "speech", request: { model: "demo", text: "Hello" } });
  const [part] = parts;
  assert.ok(part?.type === "audio" && part.format === "wav");
  const wav = Buffer.from(part.data, "base64");
  assert.equal(wav.subarray(0, 4).toString() + wav.subarray(8, 16).toString(), "RIFFWAVEfmt ");
  assert.deepEqual(
    [wav.readUInt32LE(4), wav.readUInt16LE(20), wav.readUInt16LE(22), wav.readUInt32LE(24), wav.readUInt16LE(34)],
    [wav.length - 8, 1, 1, 8000, 8],
  );
  assert.deepEqual([wav.subarray(36, 40).toString(), wav.readUInt32LE(40)], ["data", wav.length - 44]);
});

test("a transcript that tells what it is", async () => {
  const request = { model: "demo", data: "AAAA", format: "wav" };
  const { parts } = await made({ method: "transcription", request });
  assert.deepEqual(
    parts.map(({ type }) => type),
    ["text", "segment", "recording"],
  );
});

test("embeddings of length 1, the same for the same text", async () => {
  const { parts } = await made({ method: "embedding", request: { model: "demo", texts: ["a", "b", "a"], dimensions: 3 } });
  const [a, b, again] = parts.map((part) => (part.type === "embedding" ? part.values : []));
  assert.deepEqual([a, a?.length], [again, 3]);
  assert.notDeepEqual(a, b);
  assert.ok(Math.abs(Math.hypot(...(a ?? [])) - 1) < 1e-9);
  const plain = await made({ method: "embedding", request: { model: "demo", texts: ["a"] } });
  assert.equal(plain.parts[0]?.type === "embedding" && plain.parts[0].values.length, 8);
  assert.deepEqual((await made({ method: "embedding", request: { model: "demo" } })).parts, []);
});
