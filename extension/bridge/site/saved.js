/**
 * Values of a site's answers that later requests need.
 */

import { AdapterError } from "../adapter.js";
import { at } from "./path.js";

/** @typedef {import("./description.js").Saved} Saved */

/**
 * @param {unknown} value  what the site answered
 * @param {Record<string, Saved> | undefined} wanted
 * @param {Record<string, unknown>} saved  takes the values
 * @param {{lenient?: boolean}} [options]  `lenient`: what is not there is not missed
 * @throws {AdapterError}
 */
export function saveFrom(value, wanted = {}, saved, { lenient = false } = {}) {
  for (const [name, what] of Object.entries(wanted)) {
    const found = find(value, what);
    if (found !== undefined) saved[name] = found;
    else if (!lenient) throw new AdapterError("site_changed", `The site's answer has no ${pathsOf(what).join(" or ")}.`);
  }
}

/**
 * @param {unknown} value
 * @param {Saved} what
 */
function find(value, what) {
  const { pattern, default: usual } = typeof what === "string" ? {} : what;
  const expression = pattern === undefined ? undefined : new RegExp(pattern);
  for (const path of pathsOf(what)) {
    for (const each of [at(value, path)].flat()) {
      if (each === undefined || each === null) continue;
      const matched = expression?.exec(String(each));
      if (expression && !matched) continue;
      return matched ? (matched[1] ?? each) : each;
    }
  }
  return usual;
}

/** @param {Saved} what */
function pathsOf(what) {
  return typeof what === "string" ? [what] : [what.path].flat();
}
