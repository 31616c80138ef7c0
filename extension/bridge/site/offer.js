/**
 * What a session of a site can do, and how much of it: by its way, by its description, or by what the page tells.
 */

/**
 * @typedef {import("../frames.js").Capabilities} Capabilities
 * @typedef {import("./description.js").Limits} Limits
 * @typedef {import("./site.js").Site} Site
 * @typedef {import("./ways.js").Ways} Ways
 */

const MOST_AT_A_TIME = 64;

/**
 * @param {Site} site
 * @param {Ways} ways
 * @returns {Promise<{capabilities: Capabilities, limits: import("../frames.js").PageLimits}>}
 */
export async function offerOf(site, ways) {
  const { max_prompt_chars: most, concurrency } = await limitsOf(site, ways);
  return {
    capabilities: await capabilitiesOf(site, ways),
    limits: { concurrency, ...(most ? { max_prompt_chars: most } : {}) },
  };
}

/**
 * @param {Site} site
 * @param {Ways} ways
 * @returns {Promise<Limits & {concurrency: number}>}
 */
export async function limitsOf(site, ways) {
  const { limits = {} } = site.description;
  const { concurrency = 1, ...rest } = "path" in limits ? cleaned(await objectOf(site, limits.path)) : limits;
  // There is one composer on a page.
  return { ...rest, concurrency: ways.meant?.page ? 1 : concurrency };
}

/**
 * @param {Site} site
 * @param {Ways} ways
 * @returns {Promise<Capabilities>}
 */
async function capabilitiesOf(site, ways) {
  const { capabilities: said = {}, conversation } = site.description;
  const way = ways.meant;
  return {
    ...way?.capabilities,
    ...(way?.single ? { single_prompt: true } : {}),
    ...(conversation?.mode === "thread" && way?.reuses ? { reuse: true } : {}),
    ...("path" in said ? await objectOf(site, said.path) : said),
  };
}

/**
 * @param {any} said  by a page
 * @returns {Limits}
 */
function cleaned({ concurrency, min_interval_ms: interval, max_prompt_chars: most }) {
  const several = Number.isInteger(concurrency) && concurrency > 0;
  return {
    ...(several ? { concurrency: Math.min(MOST_AT_A_TIME, concurrency) } : {}),
    ...(Number.isFinite(interval) && interval >= 0 ? { min_interval_ms: interval } : {}),
    ...(Number.isSafeInteger(most) && most > 0 ? { max_prompt_chars: most } : {}),
  };
}

/**
 * An object that the page tells; an empty one if it does not.
 * @param {Site} site
 * @param {string} path
 * @returns {Promise<any>}
 */
async function objectOf(site, path) {
  try {
    const found = await (await site.agent()).read(path);
    return typeof found === "object" && found !== null && !Array.isArray(found) ? found : {};
  } catch {
    return {};
  }
}
