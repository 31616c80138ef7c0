/**
 * Recognising what a page is.
 */

import { matchesAny } from "./match.js";

/**
 * Whether a page is one that a description tells of: by its address, or by what marks such pages.
 * @param {import("./description.js").SiteDescription} description
 * @param {{document: Document, url: string, agent: () => Promise<Pick<import("./site.js").Agent, "read">>}} page
 * @returns {Promise<boolean>}
 */
export async function detects({ detect, match }, { document, url, agent }) {
  if (matchesAny(match, url)) return true;
  if (!detect) return false;
  if (detect.selector !== undefined) return document.querySelector(detect.selector) !== null;
  if (detect.meta !== undefined) {
    const meta = [...document.querySelectorAll("meta[name]")].find((each) => each.getAttribute("name") === detect.meta);
    return meta !== undefined && (detect.content === undefined || meta.getAttribute("content") === detect.content);
  }
  const found = await (await agent()).read(String(detect.global));
  return found !== undefined && found !== null;
}
