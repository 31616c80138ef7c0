/**
 * The description of a web chat: its types, and reading one that a person wrote.
 *
 * docs/reference/site-description.md says what each field does.
 */

import {
  flag,
  formOf,
  isObject,
  list,
  object,
  oneOf,
  oneOrMore,
  orNull,
  rule,
  scalar,
  table,
  tagged,
  text,
  whole,
} from "./check.js";
import { faultOfPattern } from "./match.js";
import { faultOfTemplate } from "./template.js";

/**
 * @typedef {import("../frames.js").Capabilities} Capabilities
 * @typedef {import("../frames.js").FailKind} FailKind
 * @typedef {import("../frames.js").Model} Model
 * @typedef {import("./check.js").Check} Check
 * @typedef {import("./check.js").Problem} Problem
 *
 * @typedef {object} Request
 * @property {string} url  An address or a path of the page's origin; may hold templates.
 * @property {string} [method]  POST if there is a body, else GET.
 * @property {Record<string, string>} [headers]
 * @property {unknown} [body]  JSON, or a text that is sent as it is.
 *
 * A mark in what the site sends: the data of an item as text, what stands at a path, or the name of an event.
 * @typedef {{data?: string, event?: string, path?: string, equals?: string | number | boolean | null}} Mark
 * @typedef {Mark & {message?: string, kind?: FailKind}} ErrorMark  `message` is the path of the site's words.
 *
 * @typedef {object} AnswerDescription
 * @property {"sse" | "ndjson" | "json" | "text" | "socket" | "socket.io"} format
 * @property {string | string[]} [text]  The first of the paths that leads to a text counts.
 * @property {string | string[]} [reasoning]
 * @property {"delta" | "cumulative" | "final"} [mode]
 * @property {number} [hold]  With `cumulative`: how many characters at the end may still be rewritten.
 * @property {string} [tool_calls]
 * @property {{path: string, values?: Record<string, import("../frames.js").FinishReason>}} [finish]
 * @property {Mark | Mark[]} [done]
 * @property {ErrorMark | ErrorMark[]} [error]
 * @property {Mark | Mark[]} [where]  Only items with one of these marks hold an answer.
 * @property {string} [usage]
 *
 * A value of an answer: of several, the first that the pattern fits; its group, if it has one.
 * @typedef {string | {path: string | string[], pattern?: string, default?: unknown}} Saved
 *
 * @typedef {{way: "function", path: string}} FunctionWay
 * @typedef {{request: Request, answer?: AnswerDescription, save?: Record<string, Saved>}} Step
 * @typedef {{way: "fetch", steps: Step[], cancel?: Request | null}} FetchWay
 * @typedef {object} SocketWay
 * @property {"socket"} way
 * @property {string} url  A glob.
 * @property {unknown} send
 * @property {AnswerDescription} answer
 * @property {unknown} [stop]
 * @typedef {{way: "capture", url: string, answer: AnswerDescription}} CaptureWay
 * @typedef {{way: "dom"}} DomWay
 * @typedef {(FunctionWay | FetchWay | SocketWay | CaptureWay | DomWay) & {capabilities?: Capabilities}} WayDescription
 *
 * @typedef {import("./dom/description.js").DomDescription} DomDescription
 *
 * @typedef {import("./dom/description.js").Opening} Opening
 * @typedef {object} Conversation
 * @property {"none" | "history" | "thread"} mode
 * @property {Opening & {on?: string}} [temporary]
 * @property {Opening} [new]
 * @property {{request: Request} | null} [delete]
 * @property {string} [id]  An expression with one group, for the page's address.
 *
 * @typedef {object} ModelList
 * @property {string} url
 * @property {Record<string, string>} [headers]
 * @property {string} [list]
 * @property {string} id
 * @property {string} [name]
 *
 * @typedef {"captcha" | "consent" | "limit" | "verification"} BlockReason
 * @typedef {{concurrency?: number, min_interval_ms?: number, max_prompt_chars?: number | null}} Limits
 * @typedef {{in?: string, out?: string, out_url?: string, in_storage?: string}} Login
 *
 * @typedef {object} SiteDescription
 * @property {1} format
 * @property {string} id
 * @property {string} name
 * @property {string} version
 * @property {string[]} match
 * @property {{selector?: string, global?: string, meta?: string, content?: string}} [detect]
 * @property {string} [start]
 * @property {string[]} [origins]
 * @property {"puter" | "prompt-api"} [module]
 * @property {{path: string}} [status]
 * @property {Login} [login]
 * @property {{selector: string, reason: BlockReason, detail?: string}[]} [blocked]
 * @property {{selector: string}} [ready]
 * @property {Model[] | ModelList | {selector: string} | {path: string}} [models]
 * @property {Capabilities | {path: string}} [capabilities]
 * @property {Limits | {path: string}} [limits]
 * @property {Conversation} [conversation]
 * @property {WayDescription[]} [ways]
 * @property {DomDescription} [dom]
 */

export const FORMAT = 1;
const LONGEST = 256 * 1024;
const SHOWN_PROBLEMS = 5;

/** A description has faults; `problems` names all of them. */
export class DescriptionError extends Error {
  /** @param {Problem[]} problems */
  constructor(problems) {
    const shown = problems.slice(0, SHOWN_PROBLEMS).map(({ path, reason }) => `${path || "the description"} ${reason}`);
    const more = problems.length - shown.length;
    super([...shown, ...(more > 0 ? [`and ${more} more`] : [])].join("; "));
    this.name = "DescriptionError";
    this.problems = problems;
  }
}

const css = text((value) => (/^\s*(\/\/|xpath=)/.test(value) ? "must be a CSS selector, not XPath" : null));
const path = rule((value) => (typeof value === "string" ? null : "must be a dotted path such as choices.0.text"));
const dotted = text((value) => (/^[^\s.]+(\.[^\s.]+)*$/.test(value) ? null : "must be a dotted path such as app.chat"));
const template = text(faultOfTemplate, LONGEST);
const glob = text((value) => (/^(\*|\/|https?:|wss?:)/.test(value) ? null : "must begin with *, / or a scheme"));

/**
 * @param {{groups?: number}} [options]
 * @returns {Check}
 */
const expression = ({ groups } = {}) =>
  text((value) => {
    try {
      const found = /** @type {RegExpExecArray} */ (new RegExp(`${value}|`).exec("")).length - 1;
      return groups === undefined || found === groups ? null : `must have ${groups} group in parentheses, not ${found}`;
    } catch (error) {
      return `is no regular expression: ${error instanceof Error ? error.message : ""}`;
    }
  });

/** Any JSON, its texts templates. @type {Check} */
const templates = (value, where, problems) => {
  if (typeof value === "string") {
    const reason = faultOfTemplate(value);
    if (reason) problems.push({ path: where, reason });
  } else if (Array.isArray(value)) value.forEach((each, index) => templates(each, `${where}[${index}]`, problems));
  else if (isObject(value)) table(templates)(value, where, problems);
};

const address = text((value) => {
  if (!/^(\/|https?:\/\/|\{\{\s*origin\s*\}\})/.test(value)) return "must begin with /, https:// or http://";
  return faultOfTemplate(value);
});

const request = object(
  { url: address },
  { method: oneOf("GET", "POST", "PUT", "PATCH", "DELETE"), headers: table(template), body: templates },
  ({ method, body }) => (method === "GET" && body !== undefined ? "cannot send a body with GET" : null),
);

const FAIL_KINDS = /** @type {FailKind[]} */ ([
  "login_required",
  "blocked",
  "rate_limited",
  "quota_exhausted",
  "invalid_request",
  "model_not_found",
  "context_length_exceeded",
  "content_filtered",
  "unsupported",
  "site_changed",
  "upstream",
]);
const markFields = { data: text(), event: text(), path, equals: scalar };
/** @param {any} value */
const faultOfMark = (value) => {
  if (value.data === undefined && value.event === undefined && value.path === undefined)
    return 'must have "data", "event" or "path"';
  return value.equals !== undefined && value.path === undefined ? 'has "equals" without "path"' : null;
};
const mark = oneOrMore(object({}, markFields, faultOfMark));

const answer = object(
  { format: oneOf("sse", "ndjson", "json", "text", "socket", "socket.io") },
  {
    text: oneOrMore(path),
    reasoning: oneOrMore(path),
    mode: oneOf("delta", "cumulative", "final"),
    hold: whole(0, 10_000),
    tool_calls: path,
    finish: object({ path }, { values: table(oneOf("stop", "length", "tool_calls", "content_filter")) }),
    done: mark,
    error: oneOrMore(object({}, { ...markFields, message: path, kind: oneOf(...FAIL_KINDS) }, faultOfMark)),
    where: mark,
    usage: path,
  },
  ({ format, text: texts, hold, mode, done }) => {
    if (format !== "text" && texts === undefined) return 'must have "text": the path of the answer in an item';
    if (hold !== undefined && mode !== "cumulative") return 'has "hold", which only "mode": "cumulative" knows';
    return /^socket/.test(format) && !done ? 'must have "done": a socket does not end with the answer' : null;
  },
);

/** @type {Check} */
const saved = (value, where, problems) => {
  const check = isObject(value) ? object({ path: oneOrMore(path) }, { pattern: expression(), default: scalar }) : path;
  check(value, where, problems);
};

const capabilities = object(
  {},
  {
    ...Object.fromEntries(
      [
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "images",
        "files",
        "file_urls",
        "audio",
        "reasoning",
        "reasoning_history",
        "system",
        "json_schema",
        "cancel",
        "single_prompt",
        "reuse",
        "prompt_file",
      ].map((name) => [name, flag]),
    ),
    parameters: list(text(undefined, 128), { max: 64 }),
  },
);

const step = object({ request }, { answer, save: table(saved) });
/** Fields that every way has. */
const wayFields = { way: rule(() => null) };
const more = { capabilities };
const way = tagged("way", {
  function: object({ ...wayFields, path: dotted }, more),
  fetch: object(
    { ...wayFields, steps: list(step, { min: 1, max: 8 }) },
    { ...more, cancel: orNull(request) },
    ({ steps }) => {
      const answers = steps.filter((/** @type {Step} */ each) => each.answer).length;
      if (answers !== 1) return `must have one step with an "answer", not ${answers}`;
      return steps.at(-1).answer ? null : 'must have its "answer" in the last step';
    },
  ),
  socket: object({ ...wayFields, url: glob, send: templates, answer }, { ...more, stop: templates }),
  capture: object({ ...wayFields, url: glob, answer }, more),
  dom: object(wayFields, more),
});

/**
 * @param {Record<string, Check>} [fields]
 * @returns {Check}
 */
const opening = (fields = {}) =>
  formOf({ click: object({ click: css }, fields), url: object({ url: address }, fields) });
const model = object(
  { id: text(undefined, 128) },
  {
    name: text(undefined, 256),
    aliases: list(text(undefined, 128), { max: 64 }),
    owned_by: text(undefined, 256),
    context: whole(1, 2 ** 53),
    max_output: whole(1, 2 ** 53),
  },
);
const dynamic = { path: object({ path: dotted }) };

/** @type {Check} */
const models = (value, where, problems) => {
  if (Array.isArray(value)) list(model, { min: 1, max: 5000 })(value, where, problems);
  else {
    formOf({
      url: object({ url: address, id: path }, { headers: table(template), list: path, name: path }),
      selector: object({ selector: css }),
      ...dynamic,
    })(value, where, problems);
  }
};

/**
 * @param {Check} check
 * @returns {Check}
 */
const orPath = (check) => (value, where, problems) =>
  (isObject(value) && value.path !== undefined ? dynamic.path : check)(value, where, problems);

const limits = object(
  {},
  {
    concurrency: whole(1, 64),
    min_interval_ms: whole(0, 3_600_000),
    max_prompt_chars: orNull(whole(1, 2 ** 53)),
  },
);

const conversation = object(
  { mode: oneOf("none", "history", "thread") },
  {
    temporary: opening({ on: css }),
    new: opening(),
    delete: orNull(object({ request })),
    id: expression({ groups: 1 }),
  },
);

const dom = object(
  { composer: css, answer: css },
  {
    ...Object.fromEntries(
      ["send", "stop", "busy", "question", "thinking", "ignore", "error", "file_input", "uploading", "attachment"].map(
        (name) => [name, orNull(css)],
      ),
    ),
    model_picker: orNull(object({ option: css }, { open: css, id: text(), current: css })),
    quiet_ms: whole(0, 60_000),
    start_ms: whole(0, 3_600_000),
  },
);

const description = object(
  {
    format: oneOf(FORMAT),
    id: text((value) =>
      /^[a-z\d][a-z\d._-]{0,63}$/.test(value) ? null : "must be of small letters, digits, dots and dashes",
    ),
    name: text(undefined, 128),
    version: text(undefined, 64),
    match: list(text(faultOfPattern)),
  },
  {
    detect: formOf({
      selector: object({ selector: css }),
      global: object({ global: dotted }),
      meta: object({ meta: text() }, { content: text() }),
    }),
    start: text((value) => (/^https?:\/\/\S+$/.test(value) ? null : "must be an address with https:// or http://")),
    origins: list(text((value) => (isOrigin(value) ? null : "must be an origin such as https://api.chat.example"))),
    module: oneOf("puter", "prompt-api"),
    status: dynamic.path,
    login: object(
      {},
      {
        in: css,
        out: css,
        out_url: glob,
        in_storage: text((value) =>
          /^(localStorage|sessionStorage|cookie)\../.test(value) ? null : "must be such as localStorage.token",
        ),
      },
    ),
    blocked: list(
      object({ selector: css, reason: oneOf("captcha", "consent", "limit", "verification") }, { detail: text() }),
    ),
    ready: object({ selector: css }),
    models,
    capabilities: orPath(capabilities),
    limits: orPath(limits),
    conversation,
    ways: list(way, { min: 1, max: 8 }),
    dom,
  },
  (value) => {
    if (!value.ways === !value.module) return 'must have either "ways" or "module"';
    const names = (value.ways ?? []).map((/** @type {WayDescription} */ each) => each.way);
    const through = names.find((/** @type {string} */ each) => each === "dom" || each === "capture");
    return through && !value.dom ? `must have "dom", which its way ${through} needs` : null;
  },
);

/** @param {string} value */
function isOrigin(value) {
  return /^https?:/.test(value) && URL.canParse(value) && new URL(value).origin === value;
}

/**
 * All that is wrong with a description; an empty list if it is right.
 * @param {unknown} value  parsed JSON
 * @returns {Problem[]}
 */
export function problemsOf(value) {
  /** @type {Problem[]} */
  const problems = [];
  if ((JSON.stringify(value) ?? "").length > LONGEST) return [{ path: "", reason: "is longer than 256 kB" }];
  description(value, "", problems);
  return problems;
}

/**
 * @param {unknown} value  a description as JSON text, or parsed
 * @returns {SiteDescription}
 * @throws {DescriptionError}
 */
export function parseDescription(value) {
  let read = value;
  if (typeof value === "string") {
    try {
      read = JSON.parse(value);
    } catch (error) {
      throw new DescriptionError([{ path: "", reason: `is not JSON: ${error instanceof Error ? error.message : ""}` }]);
    }
  }
  const problems = problemsOf(read);
  if (problems.length) throw new DescriptionError(problems);
  return /** @type {SiteDescription} */ (read);
}
