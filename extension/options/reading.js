/** Reading descriptions that a person wrote or got from somebody, and writing them down. */

import { DescriptionError, parseDescription } from "../bridge/site/description.js";

/**
 * @typedef {import("../bridge/site/description.js").SiteDescription} SiteDescription
 * @typedef {import("../bridge/site/check.js").Problem} Problem
 * @typedef {{descriptions: SiteDescription[], problems: Problem[]}} Reading
 */

/** Where a new one begins. @type {unknown} */
export const BLANK = {
  format: 1,
  id: "my-site",
  name: "My site",
  version: "1",
  match: ["https://chat.example/*"],
  ways: [{ way: "dom" }],
  dom: { composer: "textarea", send: "button[type=submit]", answer: ".answer" },
};

/**
 * The descriptions in a text: one, or a list of them as an export of several is.
 * @param {string} text
 * @returns {Reading}  nothing of it is to be kept if there are problems
 */
export function readDescriptions(text) {
  /** @type {any} */
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { descriptions: [], problems: [{ path: "", reason: `is not JSON: ${error instanceof Error ? error.message : ""}` }] };
  }
  const several = Array.isArray(value);
  const read = (several ? value : [value]).map((/** @type {unknown} */ each, /** @type {number} */ index) => readOne(each, several ? `[${index}]` : ""));
  const problems = read.flatMap((/** @type {Reading} */ each) => each.problems);
  return { descriptions: problems.length ? [] : read.flatMap((/** @type {Reading} */ each) => each.descriptions), problems };
}

/**
 * @param {unknown} value
 * @param {string} place
 * @returns {Reading}
 */
function readOne(value, place) {
  try {
    return { descriptions: [parseDescription(JSON.parse(JSON.stringify(value)))], problems: [] };
  } catch (error) {
    if (!(error instanceof DescriptionError)) throw error;
    const problems = error.problems.map(({ path, reason }) => ({ path: [place, path].filter(Boolean).join("."), reason }));
    return { descriptions: [], problems };
  }
}

/** @param {unknown} value */
export function written(value) {
  return `${JSON.stringify(value, null, 2)}\n`;
}
