/**
 * Which addresses a description means: match patterns for pages, and globs for what pages ask the network for.
 *
 * Match patterns: https://developer.chrome.com/docs/extensions/develop/concepts/match-patterns
 */

const PATTERN = /^(\*|https?):\/\/(\*|(?:\*\.)?[^/*:?#\s]+|\[[\da-f:]+\])(?::(\d{1,5}|\*))?(\/[^#\s]*)$/i;

/**
 * Why a match pattern is none, or null.
 * @param {string} pattern
 * @returns {string | null}
 */
export function faultOfPattern(pattern) {
  if (PATTERN.test(pattern)) return null;
  const scheme = /^([^:/]+):\/\//.exec(pattern)?.[1];
  if (!scheme) return "must begin with https://, http:// or *://";
  if (!/^(\*|https?)$/i.test(scheme)) return `must begin with https://, http:// or *://, not ${scheme}://`;
  if (!/^[^:]+:\/\/[^/]+\//.test(pattern)) return "must have a path after the host, such as /*";
  return "is no match pattern: a * in the host is only allowed alone or as a leading *.";
}

/**
 * Whether a page is one of those that the patterns mean. What is no pattern matches nothing.
 * @param {readonly string[]} patterns
 * @param {string} url
 */
export function matchesAny(patterns, url) {
  return patterns.some((pattern) => matches(pattern, url));
}

/**
 * @param {string} pattern
 * @param {string} url
 */
function matches(pattern, url) {
  const [, scheme, host, port, path] = PATTERN.exec(pattern) ?? [];
  if (scheme === undefined || host === undefined || path === undefined || !URL.canParse(url)) return false;
  const page = new URL(url);
  return (
    (scheme === "*" ? /^https?:$/.test(page.protocol) : page.protocol === `${scheme.toLowerCase()}:`) &&
    isHost(host.toLowerCase(), page.hostname) &&
    (port === undefined || port === "*" || Number(port) === portOf(page)) &&
    globToRegExp(path).test(page.pathname + page.search)
  );
}

/**
 * @param {string} host
 * @param {string} name
 */
function isHost(host, name) {
  if (host === "*") return true;
  return host.startsWith("*.") ? name === host.slice(2) || name.endsWith(host.slice(1)) : name === host;
}

/** @param {URL} page */
function portOf({ port, protocol }) {
  return port ? Number(port) : protocol === "https:" ? 443 : 80;
}

/**
 * The expression of a glob: a `*` stands for any characters, everything else for itself.
 * @param {string} glob
 * @param {string} [origin]  with it, a glob that begins with `/` is a path of that origin
 * @returns {RegExp}
 */
export function globToRegExp(glob, origin = "") {
  const whole = origin && glob.startsWith("/") ? origin + glob : glob;
  return new RegExp(`^${whole.split("*").map(literal).join(".*")}$`, "s");
}

/** @param {string} text */
function literal(text) {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
