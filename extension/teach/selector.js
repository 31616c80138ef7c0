/**
 * Finding selectors for what a person has pointed at: the most lasting ones first.
 *
 * Names that were given for tests, roles and labels outlast ids, those outlast classes, and the place in the document
 * is the last resort. What seems to be made by a machine is not used.
 */

import { all } from "../bridge/site/dom/select.js";
import { parentOf } from "./tree.js";
import { isGenerated } from "./words.js";

/** @typedef {{css: string, cost: number}} Token */

const NAMED = ["data-testid", "data-test-id", "data-test", "data-cy", "data-qa"];
/** Names, and words for people, which are others in another language. */
const LABELLED = /** @type {const} */ ({ name: 8, "aria-label": 15, placeholder: 15, title: 15, type: 19 });
const UNSTABLE = /state|index|key|id$|open|active|count|time|v-|label|placeholder|title|tooltip|text/;
const STATES = /^(is-|has-)|^(active|open(ed)?|closed?|hover(ed)?|focus(ed)?|loading|stream(ing)?|typing|waiting|pending|done|first|last|new|old|selected|current|disabled|enabled|visible|hidden|hide|show(n)?|off|on|even|odd|empty|light|dark)$/i;
const LOOKS = /[:[\]/!@%]|^-?[a-z]{1,3}-?\d[\d.]*$|^(flex|grid|block|inline|relative|absolute|fixed|sticky|border|rounded|overflow|shadow|transition|grow|shrink)(-|$)|^(text|bg|items|justify|self|gap|space|font|leading|w|h|min|max|p[xytrbl]?|m[xytrbl]?|z|cursor|order|float|clear)-/;
const LANDMARKS = new Set(["main", "form", "article", "section", "header", "footer", "nav", "aside", "dialog", "fieldset"]);
const BUTTON = "button, a, [role=button], [role=menuitem], input, label";
/** How far above an element its surroundings are looked at. */
const HIGHEST = 8;
const STRUCTURE_COST = 60;
const PLACE_COST = 100;
const NUMBERED_COST = 40;
/** Each shadow root on the way multiplies the selectors: of each only the best go on. */
const MOST_WAYS = 4;
const MOST_WITHIN = 60;
const MOST_TRIED = 200;

/**
 * The best selector that finds this element and nothing else; null if there is none.
 * @param {Element} element
 * @returns {string | null}
 */
export function selectorFor(element) {
  return onlyOf(rankedSelectors(element, { placed: true }), element)?.css ?? null;
}

/**
 * The first of these selectors that finds this element and nothing else, or else its place.
 * @param {Token[]} ranked
 * @param {Element} element
 * @returns {Token | null}
 */
function onlyOf(ranked, element) {
  const { ownerDocument: document } = element;
  const only = (/** @type {string} */ css) => {
    const found = all(document, css);
    return found.length === 1 && found[0] === element;
  };
  const good = ranked.find(({ css }) => only(css));
  if (good) return good;
  const css = placeOf(element, only);
  return css === null ? null : { css, cost: PLACE_COST };
}

/**
 * Selectors that find this element, and maybe others like it; the most lasting ones first.
 * @param {Element} element
 * @returns {string[]}
 */
export function selectorsOf(element) {
  return rankedSelectors(element).map(({ css }) => css);
}

/**
 * The same with what each costs: the less, the more lasting.
 * @param {Element} element
 * @param {{placed?: boolean}} [options]  `placed`: also through the places of hosts, which finds one thing only
 * @returns {Token[]}
 */
export function rankedSelectors(element, { placed = false } = {}) {
  const ranked = rankedInRoot(element);
  const ways = waysTo(element, { placed });
  if (!ways) return ranked;
  const found = ways.flatMap((way) => ranked.slice(0, MOST_WITHIN).map(({ css, cost }) => ({ css: `${way.css} >>> ${css}`, cost: way.cost + cost })));
  return found.sort((one, other) => one.cost - other.cost);
}

/**
 * All selectors that can be thought of for this element, in case it is gone when one is needed.
 * @param {Element} element
 * @returns {string[]}
 */
export function allSelectorsOf(element) {
  const only = selectorFor(element);
  return [...new Set([...selectorsOf(element).slice(0, MOST_TRIED), ...(only ? [only] : [])])];
}

/**
 * The ways to the host of the shadow root that an element stands in, the most lasting ones first; null outside of one.
 * @param {Element} element
 * @param {{placed: boolean}} options
 * @returns {Token[] | null}
 */
function waysTo(element, { placed }) {
  const root = element.getRootNode();
  if (!("host" in root)) return null;
  const { host } = /** @type {ShadowRoot} */ (root);
  const ranked = rankedSelectors(host, { placed });
  const found = ranked.slice(0, MOST_WAYS);
  if (!placed && found.length > 0) return found;
  const only = onlyOf(ranked, host);
  return only && !found.some(({ css }) => css === only.css) ? [...found, only] : found;
}

/**
 * What an element says of itself and of what is around it in its root.
 * @param {Element} element
 * @returns {Token[]}
 */
function rankedInRoot(element) {
  const own = tokensOf(element);
  /** @type {Token[]} */
  const found = own.filter(({ cost }) => cost < STRUCTURE_COST);
  // A shadow root may hold nothing but one bare element.
  if (!element.parentElement && found.length === 0) found.push(...own);
  let above = element.parentElement;
  for (let height = 1; above && height <= HIGHEST; height += 1, above = above.parentElement) {
    for (const outer of tokensOf(above)) {
      if (outer.cost >= 50) continue;
      for (const inner of own) {
        found.push({ css: `${outer.css} ${inner.css}`, cost: outer.cost + inner.cost + height + 3 });
        if (height === 1) found.push({ css: `${outer.css} > ${inner.css}`, cost: outer.cost + inner.cost + 5 });
      }
    }
  }
  found.sort((one, other) => one.cost - other.cost);
  return [...new Map(found.toReversed().map((token) => [token.css, token])).values()].toReversed();
}

/**
 * What an element says of itself.
 * @param {Element} element
 * @returns {Token[]}
 */
function tokensOf(element) {
  const tag = element.localName;
  /** @type {Token[]} */
  const tokens = [];
  const attribute = (/** @type {string} */ name, /** @type {number} */ cost, start = "") => {
    const value = element.getAttribute(name);
    if (value && value.length <= 60 && !/[\n"\\]/.test(value) && !isGenerated(value)) {
      tokens.push({ css: `${start}[${name}="${value}"]`, cost: cost + numbered(value) });
    }
  };
  for (const name of NAMED) attribute(name, 1);
  for (const { name } of element.attributes) {
    if (name.startsWith("data-") && !NAMED.includes(name) && !UNSTABLE.test(name)) attribute(name, 6);
  }
  if (element.id && !isGenerated(element.id)) tokens.push({ css: `#${escape(element.id)}`, cost: 3 + numbered(element.id) });
  attribute("role", 12);
  for (const [name, cost] of Object.entries(LABELLED)) attribute(name, cost, tag);
  tokens.push(...classesOf(element));
  if (/^(textarea|input|select)$/.test(tag) || tag.includes("-")) tokens.push({ css: tag, cost: 20 });
  else tokens.push({ css: tag, cost: LANDMARKS.has(tag) ? 30 : STRUCTURE_COST });
  if (element.hasAttribute("contenteditable")) tokens.push({ css: `${tag}[contenteditable]`, cost: 20 });
  return tokens;
}

/** A name with a number is often that of one thing among others, and of another one tomorrow. @param {string} name */
function numbered(name) {
  return /\d$/.test(name) ? NUMBERED_COST : 0;
}

/**
 * @param {Element} element
 * @returns {Token[]}
 */
function classesOf(element) {
  const names = [...element.classList].filter((name) => !isGenerated(name) && !STATES.test(name));
  const meaning = names.filter((name) => !LOOKS.test(name));
  const looks = names.filter((name) => LOOKS.test(name));
  const single = meaning.map((name) => ({ css: `.${escape(name)}`, cost: 14 }));
  const [one, two] = meaning;
  const pair = one && two ? [{ css: `.${escape(one)}.${escape(two)}`, cost: 16 }] : [];
  const style = looks.length ? [{ css: looks.slice(0, 6).map((name) => `.${escape(name)}`).join(""), cost: 45 }] : [];
  return [...single, ...pair, ...style];
}

/**
 * Where it stands: below the nearest that has a selector of its own.
 * @param {Element} element
 * @param {(css: string) => boolean} only
 * @returns {string | null}
 */
function placeOf(element, only) {
  const { ownerDocument: document } = element;
  let path = "";
  for (let each = element; ; ) {
    path = path ? `${stepTo(each)} > ${path}` : stepTo(each);
    const above = each.parentElement;
    if (!above) return placeInShadow(each, path, only);
    if (above.localName === "body") return only(`body > ${path}`) ? `body > ${path}` : null;
    const base = selectorsOf(above).find((css) => all(document, css).length === 1);
    if (base && only(`${base} > ${path}`)) return `${base} > ${path}`;
    each = above;
  }
}

/**
 * @param {Element} top  what stands directly in a shadow root
 * @param {string} path  from there
 * @param {(css: string) => boolean} only
 */
function placeInShadow(top, path, only) {
  const ways = waysTo(top, { placed: true }) ?? [];
  return ways.map(({ css }) => `${css} >>> ${path}`).find(only) ?? null;
}

/** The step from its parent to an element. @param {Element} element */
function stepTo(element) {
  const { localName: tag } = element;
  const twins = [...(element.parentNode?.children ?? [])].filter(({ localName }) => localName === tag);
  return twins.length > 1 ? `${tag}:nth-of-type(${twins.indexOf(element) + 1})` : tag;
}

/** As CSS.escape does for names that are taken at all. @param {string} name */
function escape(name) {
  return name.replace(/[^\w\u0080-\uffff-]/g, (character) => `\\${character}`).replace(/^(-?)(\d)/, (_, dash, digit) => `${dash}\\3${digit} `);
}

/** What a person means to press who presses an element. @param {Element} element */
export function buttonOf(element) {
  for (let each = /** @type {Element | null} */ (element); each; each = parentOf(each)) if (each.matches(BUTTON)) return each;
  return element;
}
