/**
 * Streams of the agent: items pile up for a reader who asks for them, and a page's iterator is read no faster than that.
 */

/**
 * @typedef {{items: unknown[], size: number, done: boolean, value?: unknown, error?: unknown, wake: () => void, room: () => void, stop: () => void}} Stream
 *
 * @typedef {object} Streams
 * @property {(stop: () => void) => Stream} makeStream
 * @property {(stream: Stream, item: unknown) => void} push
 * @property {(stream: Stream, result?: {value?: unknown, error?: unknown}) => void} finish
 * @property {(stream: Stream, iterator: AsyncIterator<unknown> | Iterator<unknown>) => Promise<void>} pump
 * @property {(value: any) => AsyncIterator<unknown> | Iterator<unknown> | undefined} iteratorOf
 */

(() => {
  /** @type {import("./values.js").Pieces | true | undefined} */
  const pieces = /** @type {any} */ (window)[Symbol.for("relay.agent")];
  if (typeof pieces !== "object") return;
  const { plain } = pieces.values;

  /** How far a page's iterator may be ahead of the reader (items, characters). */
  const AHEAD_ITEMS = 64;
  const AHEAD_CHARACTERS = 256 * 1024;

  /**
   * @param {() => void} stop
   * @returns {Stream}
   */
  function makeStream(stop) {
    return { items: [], size: 0, done: false, wake: () => {}, room: () => {}, stop };
  }

  /**
   * @param {Stream} stream
   * @param {unknown} item
   */
  function push(stream, item) {
    if (stream.done) return;
    stream.items.push(item);
    stream.size += typeof item === "string" ? item.length : (/** @type {any} */ (item)?.text?.length ?? 0) + 100;
    stream.wake();
  }

  /**
   * @param {Stream} stream
   * @param {{value?: unknown, error?: unknown}} [result]
   */
  function finish(stream, result = {}) {
    if (stream.done) return;
    Object.assign(stream, result, { done: true });
    stream.wake();
  }

  /**
   * Read an iterator of the page into a stream, never far ahead of who reads that.
   * @param {Stream} stream
   * @param {AsyncIterator<unknown> | Iterator<unknown>} iterator
   */
  async function pump(stream, iterator) {
    stream.stop = ((stop) => () => {
      stop();
      // A generator that hangs must not hold up anything.
      void Promise.resolve(iterator.return?.()).catch(() => {});
    })(stream.stop);
    try {
      while (!stream.done) {
        const next = await iterator.next();
        if (next.done) finish(stream, { value: plain(next.value) });
        else push(stream, plain(next.value));
        while (!stream.done && (stream.items.length >= AHEAD_ITEMS || stream.size >= AHEAD_CHARACTERS)) {
          await new Promise((resolve) => {
            stream.room = () => resolve(undefined);
          });
        }
      }
    } catch (error) {
      finish(stream, { error });
    }
  }

  /**
   * @param {any} value
   * @returns {AsyncIterator<unknown> | Iterator<unknown> | undefined}
   */
  function iteratorOf(value) {
    if (typeof value !== "object" || value === null) return undefined;
    if (typeof value[Symbol.asyncIterator] === "function") return value[Symbol.asyncIterator]();
    if (!Array.isArray(value) && typeof value[Symbol.iterator] === "function") return value[Symbol.iterator]();
    return typeof value.next === "function" ? value : undefined;
  }

  pieces.streams = { makeStream, push, finish, pump, iteratorOf };
})();
