/**
 * relay's hand in the page's own world (MAIN): reads values, calls functions, watches the page's own traffic.
 *
 * The last of the files that files.js names, run at document_start, before the page's own scripts. It talks to
 * extension/content/agent_client.js over a MessagePort that came with the message `{relay: "agent"}`. Everything here is
 * in the page's reach, so nothing here is secret.
 */

/**
 * @typedef {import("./streams.js").Stream} Stream
 * @typedef {import("./traffic.js").Capture} Capture
 * @typedef {{id: number, op: string, [field: string]: any}} Command
 */

(() => {
  /** @type {import("./values.js").Pieces | true | undefined} */
  const pieces = /** @type {any} */ (window)[Symbol.for("relay.agent")];
  if (typeof pieces !== "object") return;
  const { find, invoke, plain, asError } = pieces.values;
  const { makeStream, finish, pump, iteratorOf } = pieces.streams;
  const { captures } = pieces.traffic;
  const { sockets } = pieces;
  Object.defineProperty(window, Symbol.for("relay.agent"), { value: true, configurable: false });

  /** Serves one client. */
  class Desk {
    /** @type {Map<number, Stream>} */ #streams = new Map();
    /** @type {Map<number, AbortController>} */ #calls = new Map();
    /** @type {(message: any) => void} */ #post;
    #last = 0;

    /** @param {MessagePort} port */
    constructor(port) {
      this.#post = (message) => port.postMessage(message);
      port.onmessage = ({ data }) => void this.#serve(data);
      port.addEventListener("close", () => this.#leave());
      this.#post({ ready: true });
    }

    /** Whoever asked is gone: nothing is watched or run for nobody. */
    #leave() {
      for (const controller of this.#calls.values()) controller.abort();
      for (const stream of this.#streams.keys()) this.#cancel({ id: 0, op: "cancel", stream });
    }

    /** @param {Command} command */
    async #serve(command) {
      const { id } = command;
      try {
        const value = await this.#run(command);
        this.#post({ id, ok: true, value });
      } catch (error) {
        this.#post({ id, error: asError(error) });
      }
    }

    /** @param {Command} command */
    #run(command) {
      switch (command.op) {
        case "read":
          return plain(find(command.path).value);
        case "call":
          return this.#call(command);
        case "iterate":
          return this.#iterate(command);
        case "pull":
          return this.#pull(command.stream);
        case "cancel":
          return this.#cancel(command);
        case "capture":
          return this.#capture(command);
        case "socket_send":
          return sockets.send(command.url, command.data);
        default:
          throw new TypeError(`the page's agent does not know ${command.op}`);
      }
    }

    /** @param {Command} command */
    async #call({ id, path, args }) {
      const controller = new AbortController();
      this.#calls.set(id, controller);
      try {
        return plain(await invoke(path, args, controller.signal));
      } finally {
        this.#calls.delete(id);
      }
    }

    /** @param {Command} command */
    async #iterate({ path, args }) {
      const controller = new AbortController();
      const stream = makeStream(() => controller.abort());
      const key = this.#keep(stream);
      // Not awaited: a page may take long to begin, and must be stoppable all the while.
      void (async () => {
        try {
          const answer = await invoke(path, args, controller.signal);
          const iterator = iteratorOf(answer);
          if (iterator) await pump(stream, iterator);
          else finish(stream, { value: plain(answer) });
        } catch (error) {
          finish(stream, { error });
        }
      })();
      return { stream: key };
    }

    /** @param {Command} command */
    #capture({ url, kinds }) {
      if (!(url instanceof RegExp)) throw new TypeError("a capture needs an expression");
      /** @type {Capture} */
      const capture = { url, kinds, stream: makeStream(() => void captures.delete(capture)) };
      captures.add(capture);
      return { stream: this.#keep(capture.stream) };
    }

    /** @param {Stream} stream */
    #keep(stream) {
      this.#last += 1;
      this.#streams.set(this.#last, stream);
      return this.#last;
    }

    /** @param {number} key */
    async #pull(key) {
      const stream = this.#streams.get(key);
      if (!stream) return { items: [], done: true };
      while (!stream.items.length && !stream.done) {
        await new Promise((resolve) => {
          stream.wake = () => resolve(undefined);
        });
      }
      const { items, done, value, error } = stream;
      stream.items = [];
      stream.size = 0;
      stream.room();
      if (!done) return { items, done: false };
      this.#streams.delete(key);
      return { items, done, value, ...(error === undefined ? {} : { error: asError(error) }) };
    }

    /** @param {Command} command */
    #cancel({ stream: key, call }) {
      this.#calls.get(call)?.abort();
      const stream = this.#streams.get(key);
      if (!stream) return;
      this.#streams.delete(key);
      finish(stream);
      stream.room();
      stream.stop();
    }
  }

  window.addEventListener(
    "message",
    (event) => {
      if (event.source !== window || event.data?.relay !== "agent" || !event.ports[0]) return;
      event.stopImmediatePropagation();
      new Desk(event.ports[0]);
    },
    true,
  );
})();
