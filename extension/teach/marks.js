/** What marks the end of an answer, its reason, and errors, as far as one good answer shows it. */

/**
 * @typedef {import("../bridge/site/description.js").Mark} Mark
 * @typedef {import("./groups.js").ReadItem} ReadItem
 */

const ENDS = /done|end|finish|complet|stop|final|clos/i;
const REASON = /(^|\.)(finish|stop)_?reason$/i;

/**
 * The mark of the end: something that is said after the last text, and never before.
 * @param {ReadItem[]} items
 * @param {number} last  the item with the last text
 * @param {{sure: boolean}} options  `sure`: only what is called an end
 * @returns {Mark | null}
 */
export function endOf(items, last, { sure }) {
  const final = items.at(-1);
  if (final && final.index > last && !isJson(final.item.data) && final.item.data.length <= 64 && final.item.event === undefined) {
    return { data: final.item.data.trim() };
  }
  const before = new Set(items.slice(0, last + 1).flatMap(({ marks }) => [...marks.values()].map((mark) => JSON.stringify(mark))));
  const fresh = items.slice(last + 1).flatMap(({ marks }) => [...marks.values()].filter((mark) => !before.has(JSON.stringify(mark)) && mark.equals !== false));
  const named = fresh.filter(({ event, path, equals }) => ENDS.test(String(event ?? equals)) || (equals === true && ENDS.test(path ?? "")));
  return named.at(-1) ?? (sure ? null : (fresh.find(({ event, equals }) => event !== undefined || typeof equals === "string") ?? null));
}

/**
 * Where the reason of the end stands.
 * @param {ReadItem[]} items
 * @returns {{path: string} | null}
 */
export function finishOf(items) {
  for (const { leaves } of items) for (const path of leaves.keys()) if (REASON.test(path)) return { path };
  return null;
}

/**
 * What everybody calls so, unless this site uses it for something else: a field, and the kind that a stream's items of
 * several kinds would be of.
 * @param {ReadItem[]} items
 * @param {Mark[]} kinds  what marks the items with the text
 * @returns {Mark | Mark[] | null}
 */
export function errorOf(items, kinds) {
  const used = items.some(({ item }) => {
    try {
      const { error } = JSON.parse(item.data) ?? {};
      return error !== undefined && error !== null && error !== false;
    } catch {
      return false;
    }
  });
  /** @type {Mark[]} */
  const named = kinds.flatMap(({ event, path, equals }) => {
    if (event !== undefined) return { event: "error" };
    return path !== undefined && typeof equals === "string" ? { path, equals: "error" } : [];
  });
  const known = new Set(items.flatMap(({ marks }) => [...marks.values()].map((mark) => JSON.stringify(mark))));
  const told = [...new Map(named.map((mark) => [JSON.stringify(mark), mark]))].filter(([key]) => !known.has(key)).map(([, mark]) => mark);
  const found = [...(used ? [] : [{ path: "error" }]), ...told];
  return found.length > 1 ? found : (found[0] ?? null);
}

/** @param {string} data */
function isJson(data) {
  try {
    JSON.parse(data);
    return true;
  } catch {
    return false;
  }
}
