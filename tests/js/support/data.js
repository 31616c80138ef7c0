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
  return readdirSync(folder)
    .sort()
    .map((name) => bridgeData(`conversations/${name}`));
}

/**
 * @param {string} name
 * @returns {string}
 */
function puterText(name) {
  return readFileSync(new URL(`puter/${name}`, DATA), "utf8");
}

/**
 * What the service answered, by the name of the case.
 * @returns {Record<string, {args: any, status: number, content_type: string, body: string}>}
 */
export function puterExchanges() {
  return JSON.parse(puterText("emulator-exchanges.json")).exchanges;
}
