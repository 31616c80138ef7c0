// The recordings and examples that Python and JavaScript share.
import { readFileSync, readdirSync } from "node:fs";

const DATA = new URL("../../data/", import.meta.url);

/**
 * @param {string} name
 * @returns {any}
 */
export function bridgeData(name) {
  return JSON.parse(readFileSync(new URL(`bridge/${name}`, DATA), "utf8"));
}

/** @returns {any[]} */
export function conversations() {
  const folder = new URL("bridge/conversations/", DATA);
  return readdirSync(folder).sort().map((name) => bridgeData(`conversations/${name}`));
}

/**
 * @param {string} name
 * @returns {string}
 */
export function puterData(name) {
  return readFileSync(new URL(`puter/${name}`, DATA), "utf8");
}
