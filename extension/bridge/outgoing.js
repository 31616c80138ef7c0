/**
 * The parts of one call on their way to relay: numbered, cut to size, kept until relay has them. No I/O.
 *
 * Rules: docs/reference/bridge-protocol.md, "Flow control" and "Losing and resuming the socket".
 */

/** @typedef {import("./frames.js").Part} Part */
/** @typedef {{frame_bytes: number, unacked_bytes: number}} Limits */

/** One UTF-16 unit of JSON is at most 3 bytes of UTF-8. One of a text is at most 6, where JSON escapes it: 8 is safe. */
const BYTES_PER_UNIT = 3;
const SPARE_BYTES_PER_UNIT = 8;
/** Room for the fields around the parts of a frame. */
const ENVELOPE_BYTES = 1024;

/** A single part that cannot be cut is larger than a frame may be. */
export class PartTooLarge extends Error {}

/** The parts of one call. */
export class Outgoing {
  /** @param {{upto: number, limits: Limits}} options */
  constructor({ upto, limits }) {
    this.limits = limits;
    /** Parts below this number may be sent. */
    this.upto = upto;
    /** Parts as JSON. @type {string[]} */
    this.kept = [];
    /** Number of the first kept part: relay has all before it. */
    this.base = 0;
    /** Number of the next part to send. */
    this.next = 0;
    this.keptBytes = 0;
    this.unackedBytes = 0;
    /** Half a surrogate pair that waits for its other half. @type {Part | null} */
    this.held = null;
  }

  /** How many parts there are so far. */
  get produced() {
    return this.base + this.kept.length;
  }

  /** Whether a further part would find room. */
  get writable() {
    return this.produced < this.upto && this.keptBytes < this.limits.unacked_bytes;
  }

  /**
   * Number a part. Pieces that are too long are cut; half a surrogate pair waits for the other half.
   * @param {Part} part
   * @throws {PartTooLarge}
   */
  add(part) {
    for (const whole of this.#joined(part)) {
      for (const piece of cut(whole, Math.floor(this.#room / SPARE_BYTES_PER_UNIT))) this.#pack(piece);
    }
  }

  /** No part follows: let go of what waited for one. */
  finish() {
    const held = this.held;
    this.held = null;
    if (held) this.#pack(wellFormed(held));
  }

  /**
   * The next parts that may be sent in one frame, as JSON; they count as sent.
   * @returns {{seq: number, parts: string} | null}
   */
  take() {
    const seq = this.next;
    const batch = [];
    let size = 0;
    while (this.next < Math.min(this.upto, this.produced)) {
      const json = /** @type {string} */ (this.kept[this.next - this.base]);
      if (this.unackedBytes && this.unackedBytes + json.length > this.limits.unacked_bytes) break;
      if (batch.length && size + json.length * BYTES_PER_UNIT > this.#room) break;
      batch.push(json);
      size += (json.length + 1) * BYTES_PER_UNIT;
      this.unackedBytes += json.length;
      this.next += 1;
    }
    return batch.length ? { seq, parts: `[${batch.join(",")}]` } : null;
  }

  /**
   * Relay has all parts below `ack`.
   * @param {number} ack
   */
  acknowledge(ack) {
    const gone = this.kept.splice(0, Math.max(0, Math.min(ack, this.next) - this.base));
    const bytes = gone.reduce((sum, json) => sum + json.length, 0);
    this.base += gone.length;
    this.keptBytes -= bytes;
    this.unackedBytes -= bytes;
  }

  /**
   * Parts below `upto` may be sent. Credit never shrinks.
   * @param {number} upto
   */
  grant(upto) {
    this.upto = Math.max(this.upto, upto);
  }

  /**
   * Go back to the first part that relay lacks.
   * @param {number} next
   * @returns {boolean}  false if that part is no longer here or was never made
   */
  rewind(next) {
    if (next < this.base || next > this.produced) return false;
    this.next = Math.max(this.next, next);
    this.acknowledge(next);
    this.next = next;
    this.unackedBytes = 0;
    return true;
  }

  /** Bytes that the parts of one frame may take. */
  get #room() {
    return this.limits.frame_bytes - ENVELOPE_BYTES;
  }

  /** @param {Part} piece */
  #pack(piece) {
    const json = JSON.stringify(piece);
    if (json.length * BYTES_PER_UNIT > this.#room) {
      const bytes = new TextEncoder().encode(json).length;
      if (bytes > this.#room) throw new PartTooLarge(`a part of ${bytes} bytes`);
    }
    this.kept.push(json);
    this.keptBytes += json.length;
  }

  /**
   * The parts that are whole now that `part` has come.
   * @param {Part} part
   * @returns {Part[]}
   */
  #joined(part) {
    const whole = [];
    let current = part;
    if (this.held && continues(this.held, part)) current = withPiece(part, pieceOf(this.held) + pieceOf(part));
    else if (this.held) whole.push(wellFormed(this.held));
    this.held = null;
    if (endsInHalf(current)) {
      const piece = pieceOf(current);
      this.held = unnamed(withPiece(current, piece.slice(-1)));
      current = withPiece(current, piece.slice(0, -1));
    }
    if (!isEmpty(current)) whole.push(wellFormed(current));
    return whole;
  }
}

/**
 * Whether a part is a piece of a text; images and proofs are whole.
 * @param {Part} part
 * @returns {part is Extract<Part, {text: string}>}
 */
function isSpoken(part) {
  return part.type === "text" || part.type === "reasoning";
}

/**
 * @param {Part} part
 * @returns {string}
 */
function pieceOf(part) {
  if (part.type === "tool_call") return part.arguments;
  return isSpoken(part) ? part.text : "";
}

/**
 * @template {Part} P
 * @param {P} part
 * @param {string} piece
 * @returns {P}
 */
function withPiece(part, piece) {
  if (part.type === "tool_call") return { ...part, arguments: piece };
  return isSpoken(part) ? { ...part, text: piece } : part;
}

/**
 * A later piece of the same part.
 * @param {Part} part
 * @returns {Part}
 */
function unnamed(part) {
  if (part.type !== "tool_call") return part;
  const { name: _, ...rest } = part;
  return rest;
}

/**
 * Whether `next` goes on where `part` stopped.
 * @param {Part} part
 * @param {Part} next
 */
function continues(part, next) {
  if (part.type === "tool_call") return next.type === "tool_call" && next.id === part.id && next.name === undefined;
  if (part.type === "reasoning") return next.type === "reasoning" && next.kind === part.kind;
  return part.type === next.type;
}

/** @param {Part} part */
function isEmpty(part) {
  if (part.type === "tool_call") return part.name === undefined && part.arguments === "";
  return isSpoken(part) && part.text === "";
}

/** @param {Part} part */
function endsInHalf(part) {
  const last = pieceOf(part).charCodeAt(pieceOf(part).length - 1);
  return last >= 0xd800 && last <= 0xdbff;
}

/**
 * Lone surrogates are not text: relay would refuse the frame.
 * @param {Part} part
 * @returns {Part}
 */
function wellFormed(part) {
  return withPiece(part, pieceOf(part).toWellFormed());
}

/**
 * @param {Part} part
 * @param {number} units  the most UTF-16 units a piece may have
 * @returns {Part[]}
 */
function cut(part, units) {
  const whole = pieceOf(part);
  if (whole.length <= units || units < 2) return [part];
  const pieces = [];
  for (let at = 0; at < whole.length;) {
    let end = Math.min(at + units, whole.length);
    if (end < whole.length && isLowSurrogate(whole, end)) end -= 1;
    pieces.push(withPiece(at ? unnamed(part) : part, whole.slice(at, end)));
    at = end;
  }
  return pieces;
}

/**
 * @param {string} string
 * @param {number} at
 */
function isLowSurrogate(string, at) {
  const unit = string.charCodeAt(at);
  return unit >= 0xdc00 && unit <= 0xdfff;
}
