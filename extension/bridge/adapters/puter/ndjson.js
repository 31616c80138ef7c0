/**
 * JSON objects out of a stream of bytes, one a line (https://github.com/ndjson/ndjson-spec).
 */

/** The bytes are not lines of JSON objects, or stop inside one. */
export class BrokenLine extends Error {}

/** Bytes in, objects out. Bytes may be cut anywhere, also inside a character; the last line needs no end. */
export class LineDecoder {
  #decoder = new TextDecoder();
  #rest = "";

  /**
   * @param {Uint8Array} bytes
   * @returns {Record<string, any>[]}  the objects whose lines are complete now
   * @throws {BrokenLine}
   */
  feed(bytes) {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split("\n");
    this.#rest = /** @type {string} */ (lines.pop());
    return lines.flatMap(parse);
  }

  /**
   * The stream has ended.
   * @returns {Record<string, any>[]}
   * @throws {BrokenLine}
   */
  flush() {
    const rest = this.#rest + this.#decoder.decode();
    this.#rest = "";
    return parse(rest);
  }
}

/**
 * @param {string} line
 * @returns {Record<string, any>[]}
 */
function parse(line) {
  if (!line.trim()) return [];
  let value;
  try {
    value = JSON.parse(line);
  } catch {
    throw new BrokenLine("a line is not JSON");
  }
  if (typeof value !== "object" || value === null) throw new BrokenLine("a line is not an object");
  return [value];
}
