/**
 * Dotted paths into JSON: `choices.0.delta.content`. A number is an index of a list, a negative one counts from its
 * end, `*` stands for every item, `[name=value]` for the first item with that, and a backslash takes a dot as part of a
 * name. The empty path is the value itself.
 */

const FILTER = /^\[([^=]+)=(.*)\]$/s;

/**
 * @param {string} path
 * @returns {string[]}
 */
export function stepsOf(path) {
  if (path === "") return [];
  const steps = [""];
  for (const [token, escaped] of path.matchAll(/\\(.)|[^]/gs)) {
    if (token === ".") steps.push("");
    else steps.push(steps.pop() + (escaped ?? token));
  }
  return steps;
}

/**
 * What stands at the path, or undefined. With a `*` in the path, the list of what was found.
 * @param {unknown} value
 * @param {string} path
 * @returns {unknown}
 */
export function at(value, path) {
  return walk(value, stepsOf(path));
}

/**
 * @param {unknown} value
 * @param {string[]} steps
 * @returns {unknown}
 */
function walk(value, [step, ...rest]) {
  if (step === undefined) return value;
  if (typeof value !== "object" || value === null) return undefined;
  if (step === "*") {
    return Object.values(value)
      .map((each) => walk(each, rest))
      .filter((each) => each !== undefined);
  }
  const [, name, wanted] = FILTER.exec(step) ?? [];
  if (name !== undefined) {
    return walk(
      Object.values(value).find((each) => String(walk(each, [name])) === wanted),
      rest,
    );
  }
  if (Array.isArray(value)) return /^-?\d+$/.test(step) ? walk(value.at(Number(step)), rest) : undefined;
  return Object.hasOwn(value, step) ? walk(/** @type {Record<string, unknown>} */ (value)[step], rest) : undefined;
}
