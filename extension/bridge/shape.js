/**
 * Checks on the shape of values that come from outside, as small functions that are combined.
 *
 * A check takes a value and where it stands, and throws {@link ShapeError} if it does not fit. Unknown fields pass.
 */

/** @typedef {(value: unknown, where: string) => void} Check */

/** A value does not have the shape that was agreed. */
export class ShapeError extends Error {}

/**
 * @param {string} where
 * @param {string} wanted
 * @returns {never}
 */
function refuse(where, wanted) {
  throw new ShapeError(`${where} must be ${wanted}`);
}

/**
 * A text of `min` to `max` characters (Unicode code points, like the relay counts).
 * @param {{min?: number, max?: number}} [limits]
 * @returns {Check}
 */
export function text({ min = 0, max = Infinity } = {}) {
  return (value, where) => {
    if (typeof value !== "string") refuse(where, "a string");
    else if (value.length < min) refuse(where, `at least ${min} characters long`);
    else if (value.length > max && [...value].length > max) refuse(where, `at most ${max} characters long`);
  };
}

/**
 * A whole number between two bounds.
 * @param {number} [min]
 * @param {number} [max]
 * @returns {Check}
 */
export function whole(min = 0, max = 2 ** 53) {
  return (value, where) => {
    if (!Number.isInteger(value)) refuse(where, "a whole number");
    if (Number(value) < min || Number(value) > max) refuse(where, `between ${min} and ${max}`);
  };
}

/**
 * Any number between two bounds.
 * @param {number} [min]
 * @param {number} [max]
 * @returns {Check}
 */
export function number(min = -Infinity, max = Infinity) {
  return (value, where) => {
    if (typeof value !== "number") refuse(where, "a number");
    else if (value < min) refuse(where, `at least ${min}`);
    else if (value > max) refuse(where, `at most ${max}`);
  };
}

/** @type {Check} */
export const flag = (value, where) => {
  if (typeof value !== "boolean") refuse(where, "true or false");
};

/** Any object, its fields unread. @type {Check} */
export const anyObject = (value, where) => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) refuse(where, "an object");
};

/**
 * One of some words.
 * @param {string[]} words
 * @returns {Check}
 */
export function oneOf(...words) {
  return (value, where) => {
    if (!words.includes(/** @type {string} */ (value))) refuse(where, `one of ${words.join(", ")}`);
  };
}

/**
 * A list whose items all pass `item`.
 * @param {Check} item
 * @param {{min?: number, max?: number}} [limits]
 * @returns {Check}
 */
export function list(item, { min = 0, max = Infinity } = {}) {
  return (value, where) => {
    if (!Array.isArray(value)) refuse(where, "a list");
    else {
      if (value.length < min || value.length > max) refuse(where, `a list of ${min} to ${max}`);
      value.forEach((each, index) => item(each, `${where}[${index}]`));
    }
  };
}

/**
 * A field that may be absent or null.
 * @param {Check} check
 * @returns {Check}
 */
export function optional(check) {
  return (value, where) => {
    if (value !== undefined && value !== null) check(value, where);
  };
}

/**
 * An object with these fields, and any others.
 * @param {Record<string, Check>} fields
 * @returns {Check}
 */
export function object(fields) {
  return (value, where) => {
    anyObject(value, where);
    const record = /** @type {Record<string, unknown>} */ (value);
    for (const [name, check] of Object.entries(fields)) check(record[name], where ? `${where}.${name}` : name);
  };
}

/**
 * An object whose field `tag` selects the check for the rest; unknown tags pass.
 * @param {string} tag
 * @param {Record<string, Check>} cases
 * @param {{closed?: boolean}} [options]  `closed` refuses unknown tags
 * @returns {Check}
 */
export function tagged(tag, cases, { closed = false } = {}) {
  return (value, where) => {
    anyObject(value, where);
    const name = /** @type {Record<string, unknown>} */ (value)[tag];
    if (typeof name !== "string") refuse(`${where}.${tag}`, "a string");
    else if (Object.hasOwn(cases, name)) /** @type {Check} */ (cases[name])(value, where);
    else if (closed) refuse(`${where}.${tag}`, `one of ${Object.keys(cases).join(", ")}`);
  };
}
