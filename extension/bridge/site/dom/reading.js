/** Reading one answer off the page while it is written, and knowing when it is whole. */

import { AdapterError } from "../../adapter.js";
import { MarkdownReader, imagesOf } from "./markdown/index.js";
import { all } from "./select.js";
import { Rewritten, Settled } from "./settled.js";
import { windowOf } from "./watch.js";

/**
 * @typedef {import("../../frames.js").Part} Part
 * @typedef {import("./description.js").DomDescription} DomDescription
 * @typedef {import("./watch.js").Watch} Watch
 * @typedef {{text: string, thinking: string}} Snapshot
 *
 * @typedef {object} ReadingPage
 * @property {Document} document
 * @property {DomDescription} dom
 * @property {Watch} watch
 * @property {() => Element[]} fresh  The answers to what was sent.
 * @property {() => boolean} busy  Whether the page says that it is writing.
 * @property {() => AdapterError | null} trouble  What the page says went wrong.
 */

const QUIET_MS = 1000;
/** Without a sign of the page that it is done, nothing may change for so many times longer. */
const UNSURE = 3;
const START_MS = 180_000;

/** The readers of an answer's two texts. */
export class Readers {
  /**
   * @param {DomDescription} dom
   * @param {Watch} watch
   */
  constructor(dom, watch) {
    const onshadow = (/** @type {ShadowRoot} */ root) => watch.add(root);
    this.text = new MarkdownReader({ ignore: [dom.ignore, dom.thinking], onshadow });
    this.thinking = new MarkdownReader({ ignore: [dom.ignore, "summary"], onshadow });
  }

  /** @param {readonly MutationRecord[]} [records] */
  forget(records) {
    this.text.forget(records);
    this.thinking.forget(records);
  }
}

/**
 * The parts of the answer, as they become certain. Throws {@link AdapterError}.
 * @param {ReadingPage} page
 * @param {{signal: AbortSignal, thought: ReadonlySet<Element>}} options  `thought`: thinking that was there before
 * @returns {AsyncGenerator<Part, void, void>}
 */
export async function* readAnswer(page, { signal, thought }) {
  const { watch } = page;
  const readers = new Readers(page.dom, watch);
  const [text, thinking] = [new Settled(), new Settled()];
  const progress = new Progress(page);
  const end = watch.listen((records) => readers.forget(records));
  const look = () => snapshot(page, readers, thought);
  try {
    for (;;) {
      watch.flush();
      const trouble = page.trouble();
      if (trouble) throw trouble;
      const now = look();
      yield* parts("reasoning", thinking.feed(now.thinking));
      yield* parts("text", text.feed(now.text));
      const wait = progress.wait(now);
      if (wait <= 0) break;
      await watch.change(wait, signal);
    }
    readers.forget();
    yield* rest(look(), { text, thinking });
    for (const image of page.fresh().flatMap(imagesOf)) yield { type: "image", url: await addressOf(image) };
  } finally {
    end();
  }
}

/** How far an answer is: begun, being written, or still for so long that it is whole. */
class Progress {
  #page;
  #quiet;
  #sent = Date.now();
  #changed = Date.now();
  #last = "";
  #wrote = false;

  /** @param {ReadingPage} page */
  constructor(page) {
    this.#page = page;
    this.#quiet = page.dom.quiet_ms ?? QUIET_MS;
  }

  /**
   * How long to wait for the next change, in milliseconds; 0 if the answer is whole.
   * @param {Snapshot} snapshot
   */
  wait({ text, thinking }) {
    const now = Date.now();
    const shown = `${thinking}\n${text}`;
    const busy = this.#page.busy();
    this.#wrote ||= busy;
    if (busy || shown !== this.#last) this.#changed = now;
    this.#last = shown;
    const begun = text !== "" || this.#page.fresh().flatMap(imagesOf).length > 0;
    if (busy) return this.#quiet;
    if (begun) return this.#left(this.#wrote ? this.#quiet : this.#quiet * UNSURE);
    if (this.#wrote && this.#left(this.#quiet * UNSURE) <= 0)
      throw new AdapterError("upstream", "The site ended without an answer.");
    if (now - this.#sent >= (this.#page.dom.start_ms ?? START_MS)) throw this.#silent();
    return this.#quiet;
  }

  /** @param {number} stillness */
  #left(stillness) {
    const left = this.#changed + stillness - Date.now();
    return left <= 0 ? 0 : Math.max(left, 1);
  }

  #silent() {
    const hidden = this.#page.document.visibilityState === "hidden";
    const hint = hidden ? " Its tab is hidden, and some sites draw nothing then: give it a window of its own." : "";
    return new AdapterError("upstream", `The site did not begin an answer.${hint}`);
  }
}

/**
 * @param {ReadingPage} page
 * @param {Readers} readers
 * @param {ReadonlySet<Element>} thought
 * @returns {Snapshot}
 */
function snapshot({ document, dom, fresh }, readers, thought) {
  const thinking = all(document, dom.thinking).filter((each) => !thought.has(each));
  return { text: join(fresh(), readers.text), thinking: join(thinking, readers.thinking) };
}

/**
 * @param {Element[]} elements
 * @param {MarkdownReader} reader
 */
function join(elements, reader) {
  return elements
    .map((element) => reader.read(element))
    .filter((text) => text !== "")
    .join("\n\n");
}

/**
 * Thoughts that the page has put away in the meantime are no loss to the answer.
 * @param {Snapshot} now
 * @param {{text: Settled, thinking: Settled}} settled
 * @returns {Generator<Part, void, void>}
 */
function* rest(now, { text, thinking }) {
  try {
    yield* parts("reasoning", thinking.flush(now.thinking));
  } catch (error) {
    if (!(error instanceof Rewritten)) throw error;
  }
  try {
    yield* parts("text", text.flush(now.text));
  } catch (error) {
    if (!(error instanceof Rewritten)) throw error;
    const message = "The site rewrote its answer after the beginning had been passed on; the rest would not fit to it.";
    throw new AdapterError("truncated", message, { cause: error });
  }
}

/**
 * @param {"text" | "reasoning"} type
 * @param {string} text
 * @returns {Generator<Part, void, void>}
 */
function* parts(type, text) {
  if (text !== "") yield { type, text };
}

/**
 * What others can open: an image that lives in the page only is taken out of it.
 * @param {HTMLImageElement} image
 */
async function addressOf(image) {
  if (!image.src.startsWith("blob:")) return image.src;
  const { document } = windowOf(image.ownerDocument);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
  canvas.getContext("2d")?.drawImage(image, 0, 0);
  return canvas.toDataURL("image/png");
}
