/**
 * Streams of text cut into items: what a site sends while it answers. Texts may be cut anywhere between two calls.
 */

/**
 * @typedef {object} Item
 * @property {string} data
 * @property {string} [event]
 * @property {boolean} [cut]  The stream stopped inside this item.
 *
 * @typedef {object} ItemDecoder
 * @property {(text: string) => Item[]} feed  The items that are complete now.
 * @property {() => Item[]} flush  The stream has ended.
 */

const LONGEST_ITEM = 16 * 1024 * 1024;

/** An item is longer than any answer. */
export class ItemTooLong extends Error {}

/**
 * Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream). An event
 * that the end of the stream cuts off is none; it is handed out as `cut`.
 * @implements {ItemDecoder}
 */
export class SseDecoder {
  #rest = "";
  #started = false;
  /** @type {string[]} */ #data = [];
  #event = "";
  #length = 0;

  /**
   * @param {string} text
   * @returns {Item[]}
   */
  feed(text) {
    if (text === "") return [];
    const whole = this.#started ? this.#rest + text : text.replace(/^\uFEFF/, "");
    this.#started = true;
    // A CR at the very end may be half of a CRLF.
    const open = whole.endsWith("\r") ? whole.slice(0, -1) : whole;
    const lines = open.split(/\r\n|\r|\n/);
    this.#rest = lines.pop() + whole.slice(open.length);
    const items = lines.flatMap((line) => this.#line(line));
    if (this.#rest.length + this.#length > LONGEST_ITEM) throw new ItemTooLong();
    return items;
  }

  /** @returns {Item[]} */
  flush() {
    const items = this.#rest ? this.#line(this.#rest.replace(/\r$/, "")) : [];
    this.#rest = "";
    return this.#data.length ? [...items, { ...this.#take(), cut: true }] : items;
  }

  /**
   * @param {string} line
   * @returns {Item[]}
   */
  #line(line) {
    if (line === "") {
      const item = this.#take();
      return item.data === undefined ? [] : [/** @type {Item} */ (item)];
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") {
      this.#data.push(value);
      this.#length += value.length;
    } else if (field === "event") this.#event = value;
    return [];
  }

  /** @returns {any} */
  #take() {
    const item = this.#data.length
      ? { data: this.#data.join("\n"), ...(this.#event ? { event: this.#event } : {}) }
      : {};
    this.#data = [];
    this.#event = "";
    this.#length = 0;
    return item;
  }
}

/** One item a line; the last one needs no end. @implements {ItemDecoder} */
export class LinesDecoder {
  #rest = "";

  /**
   * @param {string} text
   * @returns {Item[]}
   */
  feed(text) {
    const lines = (this.#rest + text).split("\n");
    this.#rest = /** @type {string} */ (lines.pop());
    if (this.#rest.length > LONGEST_ITEM) throw new ItemTooLong();
    return lines.filter((line) => line.trim()).map((data) => ({ data }));
  }

  /** @returns {Item[]} */
  flush() {
    const data = this.#rest;
    this.#rest = "";
    return data.trim() ? [{ data }] : [];
  }
}

/** Everything is one item. @implements {ItemDecoder} */
export class WholeDecoder {
  /** @type {string[]} */ #texts = [];
  #length = 0;

  /**
   * @param {string} text
   * @returns {Item[]}
   */
  feed(text) {
    this.#texts.push(text);
    this.#length += text.length;
    if (this.#length > LONGEST_ITEM) throw new ItemTooLong();
    return [];
  }

  /** @returns {Item[]} */
  flush() {
    const data = this.#texts.join("");
    this.#texts = [];
    return data.trim() ? [{ data }] : [];
  }
}

/** Plain text: what came is an item, but a character is never halved. @implements {ItemDecoder} */
export class TextDecoding {
  #half = "";

  /**
   * @param {string} text
   * @returns {Item[]}
   */
  feed(text) {
    const whole = this.#half + text;
    this.#half = /[\uD800-\uDBFF]$/.test(whole) ? whole.slice(-1) : "";
    const data = this.#half ? whole.slice(0, -1) : whole;
    return data ? [{ data }] : [];
  }

  /** @returns {Item[]} */
  flush() {
    const data = this.#half;
    this.#half = "";
    return data ? [{ data: data.toWellFormed() }] : [];
  }
}

/** Frames of a socket: each text fed is an item. @implements {ItemDecoder} */
export class FrameDecoder {
  /**
   * @param {string} text
   * @returns {Item[]}
   */
  feed(text) {
    return [{ data: text }];
  }

  /** @returns {Item[]} */
  flush() {
    return [];
  }
}

/**
 * Frames of Socket.IO: the events in them (https://socket.io/docs/v4/socket-io-protocol/#packet-encoding), each with
 * its first argument as the data. Other packets are no items.
 * @implements {ItemDecoder}
 */
export class SocketIoDecoder {
  /**
   * @param {string} text
   * @returns {Item[]}
   */
  feed(text) {
    const json = /^42(?:\/[^,]*,)?\d*(\[[^]*)$/.exec(text)?.[1];
    if (json === undefined) return [];
    try {
      const [event, data] = JSON.parse(json);
      return [{ event: String(event), data: typeof data === "string" ? data : JSON.stringify(data ?? null) }];
    } catch {
      return [];
    }
  }

  /** @returns {Item[]} */
  flush() {
    return [];
  }
}

/** @type {Record<import("./description.js").AnswerDescription["format"], new () => ItemDecoder>} */
const DECODERS = {
  sse: SseDecoder,
  ndjson: LinesDecoder,
  json: WholeDecoder,
  text: TextDecoding,
  socket: FrameDecoder,
  "socket.io": SocketIoDecoder,
};

/**
 * @param {import("./description.js").AnswerDescription["format"]} format
 * @returns {ItemDecoder}
 */
export function decoderOf(format) {
  return new DECODERS[format]();
}
