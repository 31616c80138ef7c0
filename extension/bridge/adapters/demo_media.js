/**
 * Pictures, sound and embeddings of the demo: made of a few bytes, of no model.
 */

/**
 * @typedef {import("../adapter.js").Answer} Answer
 * @typedef {import("../frames.js").MediaAsked} MediaAsked
 * @typedef {import("../frames.js").Method} Method
 * @typedef {import("../frames.js").Part} Part
 */

/** @type {Method[]} */
export const METHODS = ["image", "speech", "transcription", "embedding"];

/** The fields that it takes without being asked to. */
export const MEDIA_PARAMETERS = [
  ...["image.n", "image.images", "speech.voice", "speech.format"],
  ...["transcription.translate", "transcription.segments", "embedding.dimensions"],
];

/** 64 x 64 pixels of one colour: https://www.w3.org/TR/png-3/#5PNG-file-signature. */
const PICTURE = [
  "data:image/png;base64,",
  "iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAIAAAAlC+aJAAAAT0lEQVR42u3PQQkAAAgEsOtlKMsayAi+hcEKLNXzWgQEBAQEBAQE",
  "BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQELgthbOFaKMnatgAAAABJRU5ErkJggg==",
].join("");
const SAMPLES_PER_SECOND = 8000;
const TONE_HZ = 440;
const DIMENSIONS = 8;
const HEARD = "This is relay's demo, not a model: your recording reached this page.";

/**
 * @param {MediaAsked} asked
 * @returns {Part[]}
 */
export function media(asked) {
  switch (asked.method) {
    case "image":
      return Array.from({ length: asked.request.n ?? 1 }, () => ({ type: "image", url: PICTURE }));
    case "speech":
      return [{ type: "audio", data: btoa(tone(asked.request.text.length)), format: "wav" }];
    case "transcription":
      return [
        { type: "text", text: HEARD },
        { type: "segment", text: HEARD, start: 0, end: 1 },
        { type: "recording", language: "english", duration: 1 },
      ];
    case "embedding":
      return (asked.request.texts ?? []).map((text, index) => ({
        type: "embedding",
        index,
        values: direction(text, asked.request.dimensions ?? DIMENSIONS),
      }));
  }
}

/**
 * A tone as long as the text, of 8-bit samples: http://soundfile.sapp.org/doc/WaveFormat/.
 * @param {number} characters
 * @returns {string}  one character a byte
 */
function tone(characters) {
  const length = Math.min(10, 0.25 + characters / 20) * SAMPLES_PER_SECOND;
  const samples = Array.from({ length }, (_, at) =>
    String.fromCharCode(128 + Math.round(60 * Math.sin((2 * Math.PI * TONE_HZ * at) / SAMPLES_PER_SECOND))),
  ).join("");
  const head = [0, 36 + samples.length, 16, (1 << 16) | 1, SAMPLES_PER_SECOND, SAMPLES_PER_SECOND, (8 << 16) | 1];
  const [, size, format, ...rest] = head.map(bytes);
  return `RIFF${size}WAVEfmt ${format}${rest.join("")}data${bytes(samples.length)}${samples}`;
}

/**
 * @param {number} number
 * @returns {string}  its four bytes, the lowest first
 */
function bytes(number) {
  return String.fromCharCode(...[0, 8, 16, 24].map((shift) => (number >> shift) & 255));
}

/**
 * Numbers that are the same for the same text, of length 1.
 * @param {string} text
 * @param {number} dimensions
 */
function direction(text, dimensions) {
  const values = Array.from({ length: dimensions }, () => 1);
  [...text].forEach((character, at) => {
    values[at % dimensions] = Number(values[at % dimensions]) + /** @type {number} */ (character.codePointAt(0));
  });
  const norm = Math.hypot(...values);
  return values.map((value) => value / norm);
}
