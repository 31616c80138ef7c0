/**
 * Turning snapshots of a text that is still being written into pieces that need not be taken back.
 *
 * A page shows an answer as it comes: with a cursor at its end, with Markdown that is not closed yet, rendered anew with
 * every token. What came is passed on when it has survived a change of the text: the beginning that two different
 * snapshots in a row have in common. Cursors, half-written markup and the like are at the end, so they never are in it.
 *
 * Some rewriting comes later still: a paragraph turns out to be a table, a fence gets its language, the raw text is
 * rendered when it is whole. If only markup changed, the text goes on where the same words end; if words changed that
 * were passed on already, there is no honest way to go on, and {@link Rewritten} is thrown.
 */

/** The page changed words that had been passed on. */
export class Rewritten extends Error {}

/** Placeholders ("Thinking…", "Searching the web") are short: nothing shorter is passed on before the end. */
const SURELY_TEXT = 32;
/** What only says how words look: a fence with its language, marks of emphasis, lists, quotes and tables. */
const MARKUP = /```[^\n]*|[\s*_`#>~|\\]|(?<=(?:^|\n)[ \t]*)[-+](?=\s)|:?-{3,}:?/;
/** At the beginning of a line, of an entry or of a quote. */
const FENCE = /^(?:[ \t>]|[-*+] |\d+[.)] )*(`{3,}|~{3,})([^\n]*)$/gm;

/** Settles one growing text. */
export class Settled {
  #last = "";
  /** What was passed on, as the page shows it now. */ #shown = "";

  /**
   * What `snapshot`, the whole text as shown now, makes certain.
   * @param {string} snapshot
   * @returns {string}
   */
  feed(snapshot) {
    // Some pages make the whole answer anew with every piece, and show nothing for a moment.
    if (snapshot === this.#last || snapshot === "") return "";
    const certain = snapshot.slice(0, settledLength(snapshot, commonStart(this.#last, snapshot)));
    this.#last = snapshot;
    if (certain.length < SURELY_TEXT) return "";
    const end = endOfSent(this.#shown, certain);
    // A page that shows less, or something else, may be on its way to showing it again: the end of the answer decides.
    if (end === null || (!certain.startsWith(this.#shown) && !hasWords(certain.slice(end)))) return "";
    return this.#pass(certain, end);
  }

  /**
   * The rest, once the text is whole.
   * @param {string} snapshot
   * @returns {string}
   */
  flush(snapshot) {
    const end = endOfSent(this.#shown, snapshot);
    if (end === null) throw new Rewritten("the page changed words that were passed on");
    return this.#pass(snapshot, end);
  }

  /**
   * @param {string} text
   * @param {number} from
   */
  #pass(text, from) {
    this.#shown = text;
    return text.slice(from);
  }
}

/**
 * @param {string} one
 * @param {string} other
 */
function commonStart(one, other) {
  const end = Math.min(one.length, other.length);
  let length = 0;
  while (length < end && one.charCodeAt(length) === other.charCodeAt(length)) length += 1;
  return length;
}

/**
 * Marks at the end may become other marks, a row of a table may be a paragraph for a while, a fence gets its language
 * letter by letter, and a letter may be half of a pair.
 * @param {string} text
 * @param {number} length
 */
function settledLength(text, length) {
  const certain = text.slice(0, length).replace(/[\s*_`#>~|\\+=-]+$|[\ud800-\udbff]$/, "");
  const raw = openFence(text);
  if (raw >= 0 && raw < certain.length) return certain.slice(0, raw).trimEnd().length;
  const line = certain.lastIndexOf("\n") + 1;
  return /^[\s>]*(\||```|~~~)/.test(certain.slice(line)) ? certain.slice(0, line).trimEnd().length : certain.length;
}

/**
 * Where a code block begins that nothing ends: a page that knows it for one would show its end, so this one still takes
 * the code for words, and its marks for markup. -1 if there is none.
 * @param {string} text
 */
function openFence(text) {
  let at = -1;
  let fence = "";
  for (const { index, 1: mark = "", 2: rest = "" } of text.matchAll(FENCE)) {
    if (at < 0) [at, fence] = [index, mark];
    else if (mark.startsWith(fence) && rest.trim() === "") at = -1;
  }
  return at;
}

/**
 * Where in `text` that ends what was passed on; null if `text` has not all of its words.
 * @param {string} sent
 * @param {string} text
 */
function endOfSent(sent, text) {
  if (text.startsWith(sent)) return sent.length;
  const markup = new RegExp(MARKUP, "y");
  let [left, right, last] = [0, 0, 0];
  for (;;) {
    left = skip(markup, sent, left);
    if (left === sent.length) break;
    right = skip(markup, text, right);
    if (sent[left] !== text[right]) return null;
    left += 1;
    right += 1;
    last = left;
  }
  return right + commonStart(sent.slice(last), text.slice(right));
}

/** @param {string} text */
function hasWords(text) {
  return skip(new RegExp(MARKUP, "y"), text, 0) < text.length;
}

/**
 * @param {RegExp} markup
 * @param {string} text
 * @param {number} from
 */
function skip(markup, text, from) {
  let at = from;
  for (markup.lastIndex = at; markup.test(text); markup.lastIndex = at) at = markup.lastIndex;
  return at;
}
