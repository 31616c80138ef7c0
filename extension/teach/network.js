/**
 * Finding an answer in what a page received: which exchange brought it, in which form, and at which path.
 *
 * Everything that is found is read once more with the reader that will read it later, so what does not work there is
 * no candidate.
 */

import { AnswerReader } from "../bridge/site/answer.js";
import { decoderOf } from "../bridge/site/stream.js";
import { endOf, errorOf, finishOf } from "./marks.js";
import { groupsOf, pairsOf, readItems } from "./groups.js";
import { isGenerated, letters } from "./words.js";

/**
 * @typedef {import("../bridge/site/description.js").AnswerDescription} AnswerDescription
 * @typedef {import("../bridge/site/description.js").CaptureWay} CaptureWay
 * @typedef {import("./groups.js").Group} Group
 * @typedef {import("./groups.js").ReadItem} ReadItem
 *
 * @typedef {object} Exchange  One request or socket of the page, as far as it was seen.
 * @property {string} url
 * @property {"fetch" | "xhr" | "websocket" | "eventsource"} transport
 * @property {string} [type]  The content type.
 * @property {string[]} texts  What came, in the pieces it came in.
 *
 * @typedef {object} Candidate
 * @property {CaptureWay} way
 * @property {string} text  The answer as this way reads it.
 * @property {number} pieces  In how many pieces it came.
 */

/** Shorter texts are found by chance. */
const SHORTEST = 8;
const MODES = { delta: 0, cumulative: 1, final: 2 };
const MOST = 8;

/**
 * What could bring the answers, the best first.
 * @param {Exchange[]} exchanges
 * @param {{shown: string, before?: string, prompt: string, thinking?: string, origin: string}} page  `shown` and
 *   `before`: the text of the page after and before the answer; `prompt`: what was asked; `thinking`: what the page
 *   showed as thoughts
 * @returns {Candidate[]}
 */
export function candidatesOf(exchanges, { shown, before = "", prompt, thinking = "", origin }) {
  const [after, earlier, asked] = [letters(shown), letters(before), letters(prompt)];
  const fits = (/** @type {string} */ text) => {
    const found = letters(text);
    return found.length >= SHORTEST && after.includes(found) && !earlier.includes(found) && !found.includes(asked) && !asked.includes(found);
  };
  const partly = (/** @type {string} */ text) => after.includes(letters(text));
  const found = exchanges.flatMap((exchange) =>
    formatsOf(exchange).flatMap((format) => inExchange(exchange, format, { fits, partly, thinking, origin })),
  );
  const longest = Math.max(0, ...found.map(({ text }) => letters(text).length));
  // What holds less than the longest lacks a piece of the answer.
  return found.filter(({ text }) => letters(text).length === longest).sort(better).slice(0, MOST);
}

/**
 * @param {Exchange} exchange
 * @param {AnswerDescription["format"]} format
 * @param {{fits: (text: string) => boolean, partly: (text: string) => boolean, thinking: string, origin: string}} options
 * @returns {Candidate[]}
 */
function inExchange({ url, transport, texts }, format, { fits, partly, thinking, origin }) {
  const items = format === "text" ? [] : readItems(itemsOf(format, texts));
  const socket = transport === "websocket";
  const way = (/** @type {AnswerDescription} */ answer) =>
    /** @type {CaptureWay} */ ({ way: "capture", url: globOf(url, origin, socket), answer });
  if (format === "text") {
    const candidate = tried(way({ format }), texts, fits);
    return candidate ? [candidate] : [];
  }
  const groups = groupsOf(items);
  const whole = groups.flatMap((group) => modesOf(group, fits).map((mode) => ({ groups: [group], mode })));
  const pairs = pairsOf(groups, partly, fits).map((pair) => ({ groups: pair, mode: /** @type {const} */ ("delta") }));
  return [...whole, ...pairs].flatMap(({ groups: parts, mode }) => {
    const answer = answerOf(parts, { format, mode, items, socket });
    if (!answer) return [];
    const found = tried(way(answer), texts, fits);
    return found ? [withThoughts(found, { groups, texts, fits, thinking })] : [];
  });
}

/**
 * @param {Group[]} parts
 * @param {{format: AnswerDescription["format"], mode: "delta" | "cumulative" | "final", items: ReadItem[], socket: boolean}} how
 * @returns {AnswerDescription | null}
 */
function answerOf(parts, { format, mode, items, socket }) {
  const paths = [...new Set(parts.map(({ path }) => path).reverse())];
  const where = parts.flatMap(({ mark }) => mark ?? []);
  const last = Math.max(...parts.map(({ hits }) => hits.at(-1)?.index ?? 0));
  const done = format === "json" ? null : endOf(items, last, { sure: !socket });
  if (socket && !done) return null;
  const [path = ""] = paths;
  const [mark] = where;
  const finish = finishOf(items);
  const error = socket ? null : errorOf(items, where);
  return {
    format,
    text: paths.length > 1 ? paths : path,
    ...(mode === "delta" ? {} : { mode }),
    ...(mark ? { where: where.length > 1 ? where : mark } : {}),
    ...(finish ? { finish } : {}),
    ...(done ? { done } : {}),
    ...(error ? { error } : {}),
  };
}

/**
 * Read what came once more, as it will be read later.
 * @param {CaptureWay} way
 * @param {string[]} texts
 * @param {(text: string) => boolean} fits
 * @returns {Candidate | null}
 */
function tried(way, texts, fits) {
  const { text, pieces } = read(way.answer, texts);
  return text !== null && fits(text) ? { way, text, pieces } : null;
}

/**
 * @param {AnswerDescription} answer
 * @param {string[]} texts
 */
function read(answer, texts) {
  const reader = new AnswerReader(answer);
  try {
    /** @type {import("../bridge/frames.js").Part[]} */
    const parts = [];
    for (const text of texts) {
      parts.push(...reader.feed(text));
      if (reader.done) break;
    }
    parts.push(...reader.end().parts);
    const of = (/** @type {string} */ type) => parts.flatMap((part) => (part.type === type && "text" in part ? part.text : []));
    return { text: of("text").join(""), thoughts: of("reasoning").join(""), pieces: of("text").length };
  } catch {
    return { text: null, thoughts: "", pieces: 0 };
  }
}

/**
 * Where the thoughts are, if they come the same way.
 * @param {Candidate} candidate
 * @param {{groups: Group[], texts: string[], fits: (text: string) => boolean, thinking: string}} what
 * @returns {Candidate}
 */
function withThoughts(candidate, { groups, texts, fits, thinking }) {
  const { answer } = candidate.way;
  const wanted = letters(thinking);
  const where = [answer.where ?? []].flat();
  const thoughts = groups.filter(({ path, mark, text }) => {
    if ([answer.text].flat().includes(path)) return false;
    if (where.length > 0 !== (mark !== undefined)) return false;
    return wanted ? letters(text) === wanted : /reasoning|think|thought/i.test(path.split(".").slice(-2).join("."));
  });
  for (const { path, mark } of thoughts) {
    const more = { ...answer, reasoning: path, ...(mark ? { where: [...where, mark] } : {}) };
    const found = read(more, texts);
    if (found.text === candidate.text && found.thoughts !== "" && fits(found.text))
      return { ...candidate, way: { ...candidate.way, answer: more } };
  }
  return candidate;
}

/**
 * @param {Group} group
 * @param {(text: string) => boolean} fits
 * @returns {("delta" | "cumulative" | "final")[]}
 */
function modesOf({ hits, text }, fits) {
  const last = hits.at(-1)?.text ?? "";
  if (hits.length > 1 && fits(text)) return ["delta"];
  if (!fits(last)) return [];
  const grows = hits.length > 1 && hits.every(({ text: each }, at) => each.startsWith(hits[at - 1]?.text ?? ""));
  return [grows ? "cumulative" : "final"];
}

/**
 * @param {Exchange} exchange
 * @returns {AnswerDescription["format"][]}
 */
function formatsOf({ transport, type = "", texts }) {
  if (transport === "websocket") return texts.some((text) => /^42[^[]*\[/.test(text)) ? ["socket.io"] : ["socket"];
  if (transport === "eventsource" || /event-stream/.test(type)) return ["sse"];
  const whole = texts.join("");
  if (/^(data|event):/m.test(whole)) return ["sse"];
  const lines = whole.split("\n").filter((line) => line.trim());
  if (lines.length > 1 && lines.every(isJson)) return ["ndjson"];
  if (isJson(whole)) return ["json"];
  return /html/.test(type) ? [] : ["text"];
}

/** @param {string} text */
function isJson(text) {
  try {
    return typeof JSON.parse(text) === "object";
  } catch {
    return false;
  }
}

/**
 * @param {AnswerDescription["format"]} format
 * @param {string[]} texts
 */
function itemsOf(format, texts) {
  const decoder = decoderOf(format);
  try {
    return [...texts.flatMap((text) => decoder.feed(text)), ...decoder.flush()];
  } catch {
    return [];
  }
}

/**
 * The address without what changes from call to call.
 * @param {string} url
 * @param {string} origin
 * @param {boolean} socket
 */
export function globOf(url, origin, socket = false) {
  const { origin: own, pathname, search } = new URL(url, origin);
  const path = pathname
    .split("/")
    .map((part) => (part !== "" && (isGenerated(part) || /^\d+$/.test(part)) ? "*" : part))
    .join("/");
  const glob = `${path}${search ? "*" : ""}`;
  if (socket) return `*${glob}`;
  return own === origin ? glob : own + glob;
}

/**
 * @param {Candidate} one
 * @param {Candidate} other
 */
function better(one, other) {
  return cost(one) - cost(other);
}

/** @param {Candidate} candidate */
function cost({ way: { answer }, pieces }) {
  const { mode = "delta", where = [], text = "" } = answer;
  const marks = [where].flat();
  // A mark that names a kind of item keeps out what comes at the same path some other day.
  const named = marks.length === 1 && marks.every(({ event, path = "" }) => event !== undefined || isKind(path, [text].flat()));
  // Of several such fields the one next to the text says most exactly what it is.
  const far = named ? Math.abs(depth([text].flat()[0]) - depth(marks[0]?.path)) : 0;
  const form = named ? Math.min(far / 4, 1) : marks.length ? 4 + marks.length : 2;
  const paths = [text].flat().join(".");
  // The second of a list today is hardly the second of a longer one tomorrow; the last may be.
  const places = paths.split(".").filter((step) => Number(step) > 0).length;
  return MODES[mode] * 1000 + (pieces > 1 ? 0 : 500) + form * 20 + places * 60 + paths.length;
}

/** @param {string} [path] */
function depth(path = "") {
  return path.split(".").length;
}

/**
 * Whether a field says what kind of thing it is that the texts stand in.
 * @param {string} path
 * @param {string[]} texts
 */
function isKind(path, texts) {
  const [, around = "", name = ""] = /^(?:(.*)\.)?([^.]+)$/.exec(path) ?? [];
  return /^(type|event|kind|object|op|action|msg|method|role)$/.test(name) && texts.every((text) => around === "" || text.startsWith(`${around}.`));
}
