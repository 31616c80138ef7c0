/**
 * Templates: `{{name}}` in the texts of a description, filled in for each call.
 *
 * A text that is one template only keeps the type of the value: `"{{messages}}"` becomes a list. `{{name?}}` may have
 * no value: then the field it stands in is left out, or nothing is put in its place.
 */

import { at } from "./path.js";

/**
 * What templates can name. Storages give texts; a text that holds JSON can be gone into: `{{localStorage.auth.token}}`.
 * @typedef {object} Scope
 * @property {string} prompt  The call as one text.
 * @property {string} model
 * @property {unknown[]} messages  The call in OpenAI's chat form.
 * @property {unknown} [tools]
 * @property {unknown} [tool_choice]
 * @property {unknown} [response_format]
 * @property {Record<string, unknown>} request  The bridge's request.
 * @property {string} [conversation]  The one that is open.
 * @property {Record<string, unknown>} saved  Of earlier answers of this call.
 * @property {string} call  An id for the whole call.
 * @property {() => string} uuid  Another one each time.
 * @property {(name: string) => string | null | undefined} localStorage
 * @property {(name: string) => string | null | undefined} sessionStorage
 * @property {(name: string) => string | null | undefined} cookie
 * @property {(selector: string, name: string) => string | null | undefined} attr
 * @property {string} origin
 * @property {number} now
 */

const TEMPLATE = /\{\{\s*([^{}]*?)\s*\}\}/g;
const WHOLE = /^\{\{\s*([^{}]*?)\s*\}\}$/;
const NAMES = [
  "prompt",
  "model",
  "messages",
  "tools",
  "tool_choice",
  "response_format",
  "conversation",
  "call",
  "uuid",
  "origin",
  "now",
];
const STORES = ["localStorage", "sessionStorage", "cookie", "saved", "request"];

/** A template has no value now; `name` is what it asks for. */
export class MissingValue extends Error {
  /** @param {string} name */
  constructor(name) {
    super(`{{${name}}} has no value`);
    this.name = "MissingValue";
    this.template = name;
  }
}

/**
 * Why a text's templates cannot be filled in, whatever the call, or null.
 * @param {string} value
 * @returns {string | null}
 */
export function faultOfTemplate(value) {
  for (const [whole, name] of value.matchAll(TEMPLATE)) {
    const { kind, rest } = parse(String(name));
    if (NAMES.includes(kind) && !rest) continue;
    if (STORES.includes(kind) && rest) continue;
    if (kind === "attr" && /.@[^@\s]+$/.test(rest)) continue;
    return `${whole} is unknown; there are ${NAMES.join(", ")}, ${STORES.map((each) => `${each}.…`).join(", ")}, attr css@name`;
  }
  return /\{\{|\}\}/.test(value.replace(TEMPLATE, "")) ? "has a {{ or }} without its other half" : null;
}

/**
 * The names of all templates in a value and everything below it.
 * @param {unknown} value
 * @returns {string[]}
 */
export function templatesIn(value) {
  if (typeof value === "string") return [...value.matchAll(TEMPLATE)].map(([, name]) => parse(String(name)).kind);
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(templatesIn) : [];
}

/**
 * Fill in the templates of a value and of everything below it.
 * @param {unknown} value
 * @param {Scope} scope
 * @returns {any}
 * @throws {MissingValue}
 */
export function fill(value, scope) {
  if (typeof value === "string") return fillText(value, scope);
  if (Array.isArray(value)) return value.map((each) => fill(each, scope)).filter((each) => each !== undefined);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).map(([name, each]) => [name, fill(each, scope)]);
  return Object.fromEntries(fields.filter(([, each]) => each !== undefined));
}

/**
 * Fill in the templates of an address; what is put in is escaped, but for `origin`.
 * @param {string} url
 * @param {Scope} scope
 * @returns {string}
 * @throws {MissingValue}
 */
export function fillUrl(url, scope) {
  return url.replace(TEMPLATE, (_, name) => {
    const filled = wordsOf(valueOf(name, scope));
    return parse(name).kind === "origin" ? filled : encodeURIComponent(filled);
  });
}

/**
 * @param {string} value
 * @param {Scope} scope
 */
function fillText(value, scope) {
  const only = WHOLE.exec(value)?.[1];
  if (only !== undefined) return valueOf(only, scope);
  return value.replace(TEMPLATE, (_, name) => wordsOf(valueOf(name, scope)));
}

/** @param {unknown} value */
function wordsOf(value) {
  if (value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** @param {string} name */
function parse(name) {
  const optional = name.endsWith("?");
  const bare = optional ? name.slice(0, -1) : name;
  const [, kind = "", rest = ""] = /^([\w]+)(?:[.\s]\s*(.*))?$/s.exec(bare) ?? [];
  return { kind, rest, optional };
}

/**
 * @param {string} name
 * @param {Scope} scope
 * @returns {unknown}
 */
function valueOf(name, scope) {
  const { kind, rest, optional } = parse(name);
  const value = lookUp(kind, rest, scope);
  if (value === undefined && !optional) throw new MissingValue(name);
  return value;
}

/**
 * @param {string} kind
 * @param {string} rest
 * @param {Scope} scope
 * @returns {unknown}
 */
function lookUp(kind, rest, scope) {
  switch (kind) {
    case "uuid":
      return scope.uuid();
    case "localStorage":
    case "sessionStorage":
    case "cookie":
      return stored(scope[kind], rest);
    case "saved":
    case "request":
      return at(scope[kind], rest);
    case "attr": {
      const cut = rest.lastIndexOf("@");
      return scope.attr(rest.slice(0, cut), rest.slice(cut + 1)) ?? undefined;
    }
    default:
      return /** @type {any} */ (scope)[kind];
  }
}

/**
 * A stored text: the whole name is tried as a key first, then shorter ones whose text is JSON.
 * @param {(name: string) => string | null | undefined} store
 * @param {string} name
 * @returns {unknown}
 */
export function stored(store, name) {
  const whole = store(name);
  if (typeof whole === "string") return unquoted(whole);
  for (let dot = name.lastIndexOf("."); dot > 0; dot = name.lastIndexOf(".", dot - 1)) {
    const text = store(name.slice(0, dot));
    if (typeof text === "string") return at(parsed(text), name.slice(dot + 1));
  }
  return undefined;
}

/**
 * Pages often store a text as JSON: with quotation marks around it.
 * @param {string} text
 */
function unquoted(text) {
  const value = /^".*"$/s.test(text) ? parsed(text) : text;
  return typeof value === "string" ? value : text;
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
