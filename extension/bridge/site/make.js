/**
 * From a description to the adapter that serves it.
 */

import { PromptApiAdapter } from "../adapters/prompt-api.js";
import { SiteAdapter } from "./adapter.js";
import { parseDescription } from "./description.js";
import { PuterPage } from "./modules/puter.js";

/**
 * An adapter of a page: it can be let go of, and told to look anew.
 * @typedef {import("../adapter.js").Adapter & {close?: () => void, recheck?: () => void}} PageAdapter
 */

/** @type {Record<string, (environment: import("./site.js").Environment) => PageAdapter>} */
const MODULES = {
  puter: (environment) => new PuterPage(environment),
  "prompt-api": () => new PromptApiAdapter(),
};

/**
 * @param {unknown} value  a description: JSON text, or parsed
 * @param {import("./site.js").Environment} environment
 * @returns {PageAdapter}
 * @throws {import("./description.js").DescriptionError}
 */
export function makeSiteAdapter(value, environment) {
  const description = parseDescription(value);
  const make = description.module === undefined ? undefined : MODULES[description.module];
  return make ? make(environment) : new SiteAdapter(description, environment);
}
