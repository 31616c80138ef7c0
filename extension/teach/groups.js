/** The texts in the items of a stream, put together by the path they stand at and by what marks their items. */

import { isGenerated, letters } from "./words.js";

/**
 * @typedef {import("../bridge/site/description.js").Mark} Mark
 * @typedef {import("../bridge/site/stream.js").Item} Item
 * @typedef {{index: number, item: Item, leaves: Map<string, string>, marks: Map<string, Mark>}} ReadItem
 * @typedef {{path: string, mark?: Mark, hits: {index: number, text: string}[], text: string}} Group
 */

const DEEPEST = 10;
const MOST_LEAVES = 300;
const MOST_ITEMS = 4000;
/** A field that has more values than this does not say what kind an item is. */
const MOST_KINDS = 16;
const LONGEST_MARK = 48;
const MOST_PARTLY = 16;

/**
 * @param {Item[]} items
 * @returns {ReadItem[]}
 */
export function readItems(items) {
  return items.slice(0, MOST_ITEMS).map((item, index) => {
    /** @type {Map<string, string>} */ const leaves = new Map();
    /** @type {Map<string, Mark>} */ const marks = new Map();
    if (item.event !== undefined) marks.set("event", { event: item.event });
    walk(parsed(item.data), [""], 0, (path, value) => {
      if (typeof value === "string" && leaves.size < MOST_LEAVES) leaves.set(path, value);
      if (isMark(value)) marks.set(path, { path, equals: value });
    });
    return { index, item, leaves, marks };
  });
}

/**
 * The texts by path, and by path and each mark that not all items have.
 * @param {ReadItem[]} items
 * @returns {Group[]}
 */
export function groupsOf(items) {
  const telling = tellingMarks(items);
  /** @type {Map<string, Group>} */
  const groups = new Map();
  const add = (/** @type {string} */ key, /** @type {string} */ path, /** @type {Mark | undefined} */ mark, /** @type {{index: number, text: string}} */ hit) => {
    const group = groups.get(key) ?? { path, ...(mark ? { mark } : {}), hits: [], text: "" };
    group.hits.push(hit);
    group.text += hit.text;
    groups.set(key, group);
  };
  for (const { index, leaves, marks } of items) {
    for (const [path, text] of leaves) {
      add(path, path, undefined, { index, text });
      for (const [name, mark] of marks) {
        if (telling.has(name) && !path.startsWith(name)) add(`${path}\n${JSON.stringify(mark)}`, path, mark, { index, text });
      }
    }
  }
  return [...groups.values()];
}

/**
 * Two groups that only together make the text, such as a first piece that comes in another way than the rest.
 * @param {Group[]} groups
 * @param {(text: string) => boolean} partly  whether a text is part of what is looked for
 * @param {(text: string) => boolean} fits
 * @returns {[Group, Group][]}
 */
export function pairsOf(groups, partly, fits) {
  const parts = groups
    .filter(({ mark, text }) => mark !== undefined && letters(text) !== "" && partly(text))
    .sort((one, other) => other.text.length - one.text.length)
    .slice(0, MOST_PARTLY);
  return parts.flatMap((first) =>
    parts.flatMap((second) => {
      const begins = (first.hits[0]?.index ?? 0) < (second.hits[0]?.index ?? 0);
      const text = begins ? merged(first, second) : "";
      const longest = Math.max(letters(first.text).length, letters(second.text).length);
      if (!fits(text) || letters(text).length === longest) return [];
      return [/** @type {[Group, Group]} */ ([first, second])];
    }),
  );
}

/**
 * @param {Group} first
 * @param {Group} second
 */
function merged(first, second) {
  const hits = [...first.hits, ...second.hits].sort((one, other) => one.index - other.index);
  return hits.map(({ text }) => text).join("");
}

/**
 * The fields that say of what kind an item is.
 * @param {ReadItem[]} items
 */
export function tellingMarks(items) {
  /** @type {Map<string, Map<unknown, number>>} */
  const seen = new Map();
  for (const { marks } of items) {
    for (const [name, { event, equals }] of marks) {
      const values = seen.get(name) ?? new Map();
      const value = event ?? equals;
      values.set(value, (values.get(value) ?? 0) + 1);
      seen.set(name, values);
    }
  }
  // Words without JSON, as at the end of some streams, are no items of another kind.
  const objects = items.filter(({ leaves, marks }) => !leaves.has("") && marks.size + leaves.size > 0).length;
  const telling = [...seen].filter(([, values]) => {
    const count = [...values.values()].reduce((sum, each) => sum + each, 0);
    return values.size <= MOST_KINDS && (values.size > 1 || count < objects);
  });
  return new Set(telling.map(([name]) => name));
}

/**
 * @param {unknown} value
 * @param {string[]} paths  The ways to write where it stands.
 * @param {number} depth
 * @param {(path: string, value: unknown) => void} found
 */
function walk(value, paths, depth, found) {
  if (typeof value !== "object" || value === null) {
    for (const path of paths) found(path, value);
    return;
  }
  if (depth >= DEEPEST) return;
  const entries = Object.entries(value);
  entries.forEach(([name, each], at) => {
    const last = Array.isArray(value) && at > 0 && at === entries.length - 1;
    const names = last ? ["-1", name] : [name.replace(/[.\\]/g, "\\$&")];
    walk(each, paths.flatMap((path) => names.map((step) => (path ? `${path}.${step}` : step))), depth + 1, found);
  });
}

/**
 * @param {unknown} value
 * @returns {value is string | boolean}
 */
function isMark(value) {
  if (typeof value === "boolean") return true;
  return typeof value === "string" && value !== "" && value.length <= LONGEST_MARK && !/\s/.test(value) && !isGenerated(value);
}

/** @param {string} data */
function parsed(data) {
  try {
    return JSON.parse(data);
  } catch {
    return data;
  }
}
