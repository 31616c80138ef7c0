/**
 * The answer that carries a screen: blocks after their length (four bytes, big-endian), a JSON head and, where that
 * announces one, a picture.
 */

const LENGTH_BYTES = 4;
/** No head or picture is larger; a stream that says so is not one of screens. */
const LARGEST = 32 * 2 ** 20;

/**
 * @typedef {object} Head
 * @property {string} [viewing] The name of this viewing; comes first.
 * @property {boolean} [picture]
 * @property {number} [width] Of the page, in its own pixels.
 * @property {number} [height]
 * @property {string} [url]
 * @property {string} [title]
 * @property {string} [end] Why no more comes.
 *
 * @typedef {{head: Head, picture: Uint8Array<ArrayBuffer> | undefined}} Shown
 */

/** Turns bytes, however they are cut, into what they carry. */
export class BlockReader {
  constructor() {
    this.held = new Uint8Array(0);
    /** @type {Head | undefined} One whose picture has not come yet. */
    this.head = undefined;
  }

  /**
   * @param {Uint8Array} bytes
   * @returns {Shown[]}
   */
  feed(bytes) {
    this.held = joined(this.held, bytes);
    /** @type {Shown[]} */
    const shown = [];
    for (let block = this.#take(); block !== undefined; block = this.#take()) {
      if (this.head !== undefined) {
        shown.push({ head: this.head, picture: block });
        this.head = undefined;
        continue;
      }
      /** @type {Head} */
      const head = JSON.parse(new TextDecoder().decode(block));
      if (head.picture === true) this.head = head;
      else shown.push({ head, picture: undefined });
    }
    return shown;
  }

  /** @returns {Uint8Array<ArrayBuffer> | undefined} the next whole block */
  #take() {
    if (this.held.length < LENGTH_BYTES) return undefined;
    const size = new DataView(this.held.buffer, this.held.byteOffset).getUint32(0);
    if (size > LARGEST) throw new RangeError("relay sent something else than a screen");
    const end = LENGTH_BYTES + size;
    if (this.held.length < end) return undefined;
    const block = this.held.slice(LENGTH_BYTES, end);
    this.held = this.held.slice(end);
    return block;
  }
}

/**
 * @param {Uint8Array} first
 * @param {Uint8Array} second
 */
function joined(first, second) {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
