/**
 * Puter's list of models (https://docs.puter.com/AI/listModels/), and what is known of the services behind them.
 */

/**
 * @typedef {import("../../frames.js").Model} Model
 * @typedef {{models: Model[], providers: Map<string, string>}} Catalog  `providers` by model id.
 */

const MOST_MODELS = 5000;
const MOST_ALIASES = 64;
const LONGEST_ID = 128;
const LONGEST_NAME = 256;

/**
 * Model ids are unique; the direct vendors come before resellers, whose ids have a prefix like `openrouter:`.
 * @param {any[]} details
 * @returns {Catalog}
 */
export function catalogOf(details) {
  const listed = details.filter((each) => isId(each?.id));
  const ordered = [...listed.filter(({ id }) => !id.includes(":")), ...listed.filter(({ id }) => id.includes(":"))];
  /** @type {Catalog} */
  const catalog = { models: [], providers: new Map() };
  const taken = new Set(ordered.map(({ id }) => id));
  for (const detail of ordered) {
    if (catalog.providers.has(detail.id) || catalog.models.length >= MOST_MODELS) continue;
    catalog.models.push(modelOf(detail, taken));
    catalog.providers.set(detail.id, String(detail.provider ?? ""));
  }
  return catalog;
}

/**
 * Whether each tool call of an answer survives streaming. Services with OpenAI's older chat API lose all but the last
 * of several calls; Claude makes one at a time, and OpenAI's Responses API emits each.
 * @param {string | undefined} provider
 */
export function streamsToolCalls(provider) {
  return provider === "claude" || (provider?.endsWith("-responses") ?? false);
}

/**
 * Whether a tool call must have its reasoning with it in the history, or it is refused:
 * https://api-docs.deepseek.com/guides/thinking_mode.
 * @param {string | undefined} provider
 */
export function wantsReasoning(provider) {
  return provider === "deepseek";
}

/**
 * @param {any} detail
 * @param {Set<string>} taken  ids and aliases that mean a model already; grows
 * @returns {Model}
 */
function modelOf(detail, taken) {
  const { id, name, provider, context, max_tokens: output } = detail;
  /** @type {string[]} */
  const aliases = [];
  for (const alias of [detail.puterId, ...(Array.isArray(detail.aliases) ? detail.aliases : [])]) {
    if (!isId(alias) || taken.has(alias) || aliases.length >= MOST_ALIASES) continue;
    taken.add(alias);
    aliases.push(alias);
  }
  return {
    id,
    ...(isName(name) ? { name } : {}),
    ...(aliases.length ? { aliases } : {}),
    ...(isName(provider) ? { owned_by: provider } : {}),
    ...(isCount(context) ? { context } : {}),
    ...(isCount(output) ? { max_output: output } : {}),
  };
}

/**
 * @param {unknown} value
 * @returns {value is string}
 */
function isId(value) {
  return typeof value === "string" && value !== "" && value.length <= LONGEST_ID;
}

/** @param {unknown} value */
function isName(value) {
  return typeof value === "string" && value !== "" && value.length <= LONGEST_NAME;
}

/** @param {unknown} value */
function isCount(value) {
  return Number.isSafeInteger(value) && Number(value) > 0;
}
