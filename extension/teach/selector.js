/**
 * Finding selectors for what a person has pointed at: the most lasting ones first.
 *
 * Names that were given for tests, roles and labels outlast ids, those outlast classes, and the place in the document
 * is the last resort. What seems to be made by a machine is not used.
 */

import { all } from "../bridge/site/dom/select.js";
import { isGenerated } from "./words.js";

/** @typedef {{css: string, cost: number}} Token */

const NAMED = ["data-testid", "data-test-id", "data-test", "data-cy", "data-qa"];
/** Names, and words for people, which are others in another language. */
const LABELLED = /** @type {const} */ ({ name: 8, "aria-label": 15, placeholder: 15, title: 15, type: 19 });
const UNSTABLE = /state|index|key|id$|open|active|count|time|v-|label|placeholder|title|tooltip|text/;
const STATES = /^(is-|has-)|^(active|open(ed)?|closed?|hover(ed)?|focus(ed)?|loading|stream(ing)?|typing|waiting|pending|done|first|last|new|old|selected|current|disabled|enabled|visible|hidden|hide|show(n)?|off|on|even|odd|empty|light|dark)$/i;
const LOOKS = /[:[\]/!@%]|^-?[a-z]{1,3}-?\d[\d.]*$|^(flex|grid|block|inline|relative|absolute|fixed|sticky|border|rounded|overflow|shadow|transition|grow|shrink)(-|$)|^(text|bg|items|justify|self|gap|space|font|leading|w|h|min|max|p[xytrbl]?|m[xytrbl]?|z|cursor|order|float|clear)-/;
const LANDMARKS = new Set(["main", "form", "article", "section", "header", "footer", "nav", "aside", "dialog", "fieldset"]);
/** How far above an element its surroundings are looked at. */
const HIGHEST = 8;
const STRUCTURE_COST = 60;

/**
 * The best selector that finds this element and nothing else; null if there is none.
 * @param {Element} element
 * @returns {string | null}
 */
export function selectorFor(element) {
  const { ownerDocument: document } = element;
  const only = (/** @type {string} */ css) => {
    const found = all(document, css);
    return found.length === 1 && found[0] === element;
  };
  return selectorsOf(element).find(only) ?? placeOf(element, only);
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
 * @returns {Token[]}
 */
export function rankedSelectors(element) {
  const prefix = shadowPrefix(element);
  if (prefix === null) return [];
  const own = tokensOf(element);
  /** @type {Token[]} */
  const found = own.filter(({ cost }) => cost < STRUCTURE_COST);
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
  return [...new Map(found.toReversed().map(({ css, cost }) => [css, { css: prefix + css, cost }])).values()].toReversed();
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
      tokens.push({ css: `${start}[${name}="${value}"]`, cost });
    }
  };
  for (const name of NAMED) attribute(name, 1);
  for (const { name } of element.attributes) {
    if (name.startsWith("data-") && !NAMED.includes(name) && !UNSTABLE.test(name)) attribute(name, 6);
  }
  if (element.id && !isGenerated(element.id)) tokens.push({ css: `#${escape(element.id)}`, cost: 3 });
  attribute("role", 12);
  for (const [name, cost] of Object.entries(LABELLED)) attribute(name, cost, tag);
  tokens.push(...classesOf(element));
  if (/^(textarea|input|select)$/.test(tag) || tag.includes("-")) tokens.push({ css: tag, cost: 20 });
  else tokens.push({ css: tag, cost: LANDMARKS.has(tag) ? 30 : STRUCTURE_COST });
  if (element.hasAttribute("contenteditable")) tokens.push({ css: `${tag}[contenteditable]`, cost: 20 });
  return tokens;
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
  const prefix = shadowPrefix(element);
  if (prefix === null) return null;
  const { ownerDocument: document } = element;
  let path = "";
  for (let each = element; each.parentElement; each = each.parentElement) {
    const { localName: tag, parentElement } = each;
    const twins = [...parentElement.children].filter(({ localName }) => localName === tag);
    const place = twins.length > 1 ? `${tag}:nth-of-type(${twins.indexOf(each) + 1})` : tag;
    path = path ? `${place} > ${path}` : place;
    if (parentElement.localName === "body") return only(`${prefix}body > ${path}`) ? `${prefix}body > ${path}` : null;
    const base = selectorsOf(parentElement).find((css) => all(document, css).length === 1);
    if (base && only(`${base} > ${path}`)) return `${base} > ${path}`;
  }
  return only(prefix + path) ? prefix + path : null;
}

/**
 * The way through the shadow roots around an element; null if it cannot be named.
 * @param {Element} element
 * @returns {string | null}
 */
function shadowPrefix(element) {
  const root = element.getRootNode();
  if (!("host" in root)) return "";
  const host = selectorFor(/** @type {ShadowRoot} */ (root).host);
  return host === null ? null : `${host} >>> `;
}

/** As CSS.escape does for names that are taken at all. @param {string} name */
function escape(name) {
  return name.replace(/[^\w\u0080-\uffff-]/g, (character) => `\\${character}`).replace(/^(-?)(\d)/, (_, dash, digit) => `${dash}\\3${digit} `);
}

/** What a person means to press who presses an element. @param {Element} element */
export function buttonOf(element) {
  return element.closest("button, a, [role=button], [role=menuitem], input, label") ?? element;
}
