/** From what a person has shown, and what was seen meanwhile, to the description of a site. */

import { parseDescription } from "../bridge/site/description.js";
import { all, visible } from "../bridge/site/dom/select.js";
import { rankedSelectors, selectorFor } from "./selector.js";
import { everywhere, holds, parentOf, PROSE, textOf } from "./tree.js";
import { letters } from "./words.js";

/**
 * @typedef {import("../bridge/site/description.js").SiteDescription} SiteDescription
 * @typedef {import("../bridge/site/description.js").WayDescription} WayDescription
 * @typedef {import("../bridge/site/dom/description.js").DomDescription} DomDescription
 */

const MOST = 120;
/** What an answer's element may say besides: a button, a time, a name. */
const BESIDES = 40;
const NEW_CHAT = /\b(new|start)\b.{0,12}\b(chat|conversation|thread|topic|session)\b|^\s*(new|clear)\s*$|start over|clear (chat|conversation|history)|neue[rs]? (chat|unterhaltung)|nouvelle? (discussion|conversation)|nuev[oa] (chat|conversaci)/i;

/**
 * Selectors that find the last of things that come again and again (answers, questions), and would have found no more.
 * @param {Element} element  the new one
 * @param {{before: string, not: Element[], after?: Element}} page  `before`: the letters of the page before it came;
 *   `not`: elements that it must neither find nor hold; `after`: what it must find before, a question
 * @returns {string[]}
 */
export function repeatedSelectors(element, { before, not, after }) {
  const own = letters(textOf(element));
  const levels = levelsOf(element, own);
  const document = element.ownerDocument;
  const good = (/** @type {string} */ css, /** @type {Element} */ level) => {
    const found = all(document, css);
    if (!found.includes(level) || not.some((other) => found.some((each) => holds(each, other)))) return false;
    const fresh = outermost(found).filter((each) => isNews(letters(textOf(each)), before));
    const last = fresh.at(-1);
    const first = after ? fresh.shift() : undefined;
    if (after && !(first && (holds(first, after) || holds(after, first)))) return false;
    return fresh.length === 1 && last !== undefined && holds(last, level);
  };
  const of = (/** @type {Element} */ level) => rankedSelectors(level).filter(({ css }) => good(css, level)).slice(0, MOST);
  const [parts, wholes] = [levels.filter(({ localName }) => PROSE.test(localName)), levels.filter(({ localName }) => !PROSE.test(localName))];
  const ranked = wholes.flatMap(of).sort((one, other) => one.cost - other.cost);
  return [...new Set([...ranked, ...parts.flatMap(of)].map(({ css }) => css))];
}

/**
 * The element and those around it that say nothing more.
 * @param {Element} element
 * @param {string} own
 */
function levelsOf(element, own) {
  const levels = [element];
  for (let above = parentOf(element); above && letters(textOf(above)) === own && above.localName !== "body"; above = parentOf(above)) levels.push(above);
  return levels;
}

/**
 * @param {string} found
 * @param {string} before
 */
function isNews(found, before) {
  return found !== "" && !before.includes(found);
}

/**
 * What each selector finds now, to be compared later.
 * @param {Document} document
 * @param {string[]} selectors
 * @returns {Map<string, string[]>}
 */
export function textsBySelector(document, selectors) {
  return new Map(selectors.map((css) => [css, outermost(all(document, css)).map((each) => letters(textOf(each)))]));
}

/**
 * Those selectors that find exactly one more text than before: the one that came. First those that find nothing with it.
 * @param {Document} document
 * @param {Map<string, string[]>} before  see {@link textsBySelector}
 * @param {string} text
 * @param {string} [after]  what they have to find before it: the question, where both look alike
 * @returns {string[]}
 */
export function confirmed(document, before, text, after) {
  const wanted = after === undefined ? [letters(text)] : [letters(after), letters(text)];
  /** @type {string[]} */
  const exact = [];
  const around = [...before].flatMap(([css, earlier]) => {
    const left = [...earlier];
    const fresh = outermost(all(document, css))
      .map((each) => letters(textOf(each)))
      .filter((each) => {
        const at = left.indexOf(each);
        if (at >= 0) left.splice(at, 1);
        return at < 0 && each !== "";
      });
    const fits = fresh.every((each, at) => each.includes(wanted[at] ?? "") && each.length <= (wanted[at] ?? "").length + BESIDES);
    if (fresh.length !== wanted.length || !fits) return [];
    if (fresh.at(-1) !== wanted.at(-1)) return [css];
    exact.push(css);
    return [];
  });
  return [...exact, ...around];
}

/** @param {Element[]} found */
export function outermost(found) {
  return found.filter((each) => !found.some((other) => other !== each && holds(other, each)));
}

/**
 * A selector for a button that is there only for a while.
 * @param {Document} document
 * @param {{selectors: string[]}[]} passing
 * @param {Element[]} not
 * @returns {string | undefined}
 */
export function stopSelector(document, passing, not) {
  const [button] = passing;
  return button?.selectors.find((css) => {
    const found = all(document, css);
    return !found.some(visible) && !not.some((other) => found.includes(other));
  });
}

/**
 * What seems to open a new chat.
 * @param {Document} document
 * @param {(element: Element) => boolean} ignored
 * @returns {Element | null}
 */
export function newChatButton(document, ignored) {
  const buttons = everywhere(document, "button, a[href], [role=button]").filter((each) => !ignored(each) && visible(each));
  const labels = (/** @type {Element} */ each) => [each.getAttribute("aria-label"), each.getAttribute("title"), each.textContent?.trim().slice(0, 40)];
  return buttons.find((each) => labels(each).some((label) => label && NEW_CHAT.test(label))) ?? null;
}

/**
 * The place for files, if the page has one.
 * @param {Document} document
 * @returns {string | undefined}
 */
export function fileInput(document) {
  const [first] = everywhere(document, "input[type=file]");
  return first && (selectorFor(first) ?? undefined);
}

/**
 * @param {object} taught
 * @param {URL | Location} taught.location
 * @param {string} taught.title
 * @param {DomDescription} taught.dom
 * @param {WayDescription[]} taught.ways
 * @param {import("../bridge/site/dom/description.js").Opening} [taught.opening]  of a new chat
 * @param {SiteDescription} [taught.previous]  what was taught before
 * @returns {SiteDescription}
 * @throws {import("../bridge/site/description.js").DescriptionError}
 */
export function describe({ location, title, dom, ways, opening, previous }) {
  const { host, origin, pathname } = location;
  const { conversation: _, ...kept } = previous ?? {};
  return parseDescription({
    ...kept,
    format: 1,
    id: previous?.id ?? `taught-${host.toLowerCase().replace(/[^a-z\d.-]+/g, "-").slice(0, 50)}`,
    name: previous?.name ?? ((title || host).trim().slice(0, 60) || host),
    version: String((Number(previous?.version) || 0) + 1),
    match: previous?.match.length ? previous.match : [`${origin}/*`],
    start: previous?.start ?? origin + pathname,
    ...(opening ? { conversation: { ...previous?.conversation, mode: previous?.conversation?.mode ?? "history", new: opening } } : {}),
    ways,
    dom,
  });
}
