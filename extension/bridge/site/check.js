/**
 * Strict checks on what a person wrote: every fault is collected, with its path and a reason, and unknown fields are
 * faults too, because they are mostly typing errors.
 */

/**
 * @typedef {{path: string, reason: string}} Problem
 * @typedef {(value: unknown, path: string, problems: Problem[]) => void} Check
 */

/**
 * @param {(value: any) => string | null | undefined} fault  The reason against the value, if there is one.
 * @returns {Check}
 */
export function rule(fault) {
  return (value, path, problems) => {
    const reason = fault(value);
    if (reason) problems.push({ path, reason });
  };
}

/**
 * A text that is not empty and has no more than `max` characters; `fault` may have more against it.
 * @param {(value: string) => string | null | undefined} [fault]
 * @param {number} [max]
 * @returns {Check}
 */
export function text(fault = () => null, max = 4096) {
  return rule((value) => {
    if (typeof value !== "string") return `must be a text, not ${nameOf(value)}`;
    if (!value.trim()) return "must not be empty";
    return value.length > max ? `must have at most ${max} characters` : fault(value);
  });
}

/** @type {Check} */
export const flag = rule((value) => (typeof value === "boolean" ? null : `must be true or false, not ${nameOf(value)}`));

/** @type {Check} */
export const scalar = rule((value) =>
  value === null || ["string", "number", "boolean"].includes(typeof value)
    ? null
    : `must be a text, a number, true, false or null, not ${nameOf(value)}`,
);

/**
 * @param {number} min
 * @param {number} max
 * @returns {Check}
 */
export function whole(min, max) {
  return rule((value) =>
    Number.isInteger(value) && value >= min && value <= max
      ? null
      : `must be a whole number between ${min} and ${max}, not ${nameOf(value)}`,
  );
}

/**
 * @param {...(string | number)} words
 * @returns {Check}
 */
export function oneOf(...words) {
  return rule((value) => {
    if (words.includes(value)) return null;
    return `must be ${words.map((word) => JSON.stringify(word)).join(" or ")}, not ${nameOf(value)}`;
  });
}

/**
 * @param {Check} check
 * @returns {Check}
 */
export function orNull(check) {
  return (value, path, problems) => {
    if (value !== null) check(value, path, problems);
  };
}

/**
 * @param {Check} item
 * @param {{min?: number, max?: number}} [limits]
 * @returns {Check}
 */
export function list(item, { min = 0, max = 256 } = {}) {
  return (value, path, problems) => {
    if (!Array.isArray(value)) problems.push({ path, reason: `must be a list, not ${nameOf(value)}` });
    else if (value.length < min) problems.push({ path, reason: `must have at least ${min} item${min > 1 ? "s" : ""}` });
    else if (value.length > max) problems.push({ path, reason: `must have at most ${max} items` });
    else value.forEach((each, index) => item(each, `${path}[${index}]`, problems));
  };
}

/**
 * @param {Check} item
 * @returns {Check}
 */
export function oneOrMore(item) {
  const several = list(item, { min: 1 });
  return (value, path, problems) => (Array.isArray(value) ? several : item)(value, path, problems);
}

/**
 * An object whose every value passes `item`.
 * @param {Check} item
 * @returns {Check}
 */
export function table(item) {
  return (value, path, problems) => {
    if (!isObject(value)) problems.push({ path, reason: `must be an object, not ${nameOf(value)}` });
    else for (const [name, each] of Object.entries(value)) item(each, join(path, name), problems);
  };
}

/**
 * An object with these fields and no others.
 * @param {Record<string, Check>} required
 * @param {Record<string, Check>} [optional]
 * @param {(value: any) => string | null | undefined} [fault]  against the whole, asked when the fields are right
 * @returns {Check}
 */
export function object(required, optional = {}, fault = () => null) {
  return (value, path, problems) => {
    if (!isObject(value)) {
      problems.push({ path, reason: `must be an object, not ${nameOf(value)}` });
      return;
    }
    const before = problems.length;
    for (const name of Object.keys(required)) {
      if (value[name] === undefined) problems.push({ path: join(path, name), reason: "is missing" });
    }
    for (const [name, each] of Object.entries(value)) {
      const check = Object.hasOwn(required, name) ? required[name] : Object.hasOwn(optional, name) && optional[name];
      if (!check) problems.push({ path: join(path, name), reason: unknown(name, { ...required, ...optional }) });
      else if (each !== undefined) check(each, join(path, name), problems);
    }
    const reason = problems.length === before && fault(value);
    if (reason) problems.push({ path, reason });
  };
}

/**
 * An object of one of several forms, told by which field it has.
 * @param {Record<string, Check>} forms
 * @returns {Check}
 */
export function formOf(forms) {
  return (value, path, problems) => {
    const names = Object.keys(forms);
    const name = isObject(value) && names.find((each) => value[each] !== undefined);
    const check = name && forms[name];
    if (check) check(value, path, problems);
    else problems.push({ path, reason: `must be an object with ${names.map((each) => `"${each}"`).join(" or ")}` });
  };
}

/**
 * An object whose field `tag` says which fields the rest has.
 * @param {string} tag
 * @param {Record<string, Check>} cases
 * @returns {Check}
 */
export function tagged(tag, cases) {
  const known = oneOf(...Object.keys(cases));
  return (value, path, problems) => {
    if (!isObject(value)) problems.push({ path, reason: `must be an object, not ${nameOf(value)}` });
    else {
      const name = String(value[tag]);
      const check = Object.hasOwn(cases, name) && cases[name];
      if (check) check(value, path, problems);
      else known(value[tag], join(path, tag), problems);
    }
  };
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
export function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * @param {string} path
 * @param {string} name
 */
function join(path, name) {
  return path ? `${path}.${name}` : name;
}

/** @param {unknown} value */
function nameOf(value) {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  return value === undefined ? "nothing" : String(JSON.stringify(value)).slice(0, 60);
}

/**
 * @param {string} name
 * @param {Record<string, unknown>} known
 */
function unknown(name, known) {
  const near = Object.keys(known).find((each) => distance(each, name.toLowerCase()) <= 2);
  const fields = near ? `did you mean "${near}"?` : `known are ${Object.keys(known).join(", ")}`;
  return `is no field of a description here; ${fields}`;
}

/**
 * How many characters must be changed to make one word of another (Levenshtein).
 * @param {string} one
 * @param {string} other
 */
function distance(one, other) {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [line, letter] of [...one].entries()) {
    const next = [line + 1];
    for (let column = 0; column < other.length; column += 1) {
      const same = letter === other[column] ? 0 : 1;
      next.push(Math.min(Number(row[column + 1]) + 1, Number(next[column]) + 1, Number(row[column]) + same));
    }
    row = next;
  }
  return Number(row.at(-1));
}
