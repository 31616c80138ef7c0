/**
 * JSON objects out of a stream of bytes, one a line (https://github.com/ndjson/ndjson-spec).
 */

import { LinesDecoder } from "../../site/stream.js";

/** The bytes are not lines of JSON objects, or stop inside one. */
export class BrokenLine extends Error {}

/** Bytes in, objects out. Bytes may be cut anywhere, also inside a character; the last line needs no end. */
export class LineDecoder {
  #decoder = new TextDecoder();
  #lines = new LinesDecoder();

  /**
   * @param {Uint8Array} bytes
   * @returns {Record<string, any>[]}  the objects whose lines are complete now
   * @throws {BrokenLine}
   */
  feed(bytes) {
    return this.#lines.feed(this.#decoder.decode(bytes, { stream: true })).map(({ data }) => parse(data));
  }

  /**
   * The stream has ended.
   * @returns {Record<string, any>[]}
   * @throws {BrokenLine}
   */
  flush() {
    const last = [...this.#lines.feed(this.#decoder.decode()), ...this.#lines.flush()];
    return last.map(({ data }) => parse(data));
  }
}

/**
 * @param {string} line
 * @returns {Record<string, any>}
 */
function parse(line) {
  let value;
  try {
    value = JSON.parse(line);
  } catch {
    throw new BrokenLine("a line is not JSON");
  }
  if (typeof value !== "object" || value === null) throw new BrokenLine("a line is not an object");
  return value;
}
