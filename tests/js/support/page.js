/** Pages without a browser, for what needs elements but no layout. */

import { JSDOM } from "jsdom";

/**
 * A document with this body.
 * @param {string} [body]
 * @param {{url?: string, script?: string}} [options]
 */
export function documentOf(body = "", { url = "https://chat.example/" } = {}) {
  return new JSDOM(`<!doctype html><body>${body}`, { url, pretendToBeVisual: true }).window.document;
}

/**
 * What is inside the body of a document with this body.
 * @param {string} body
 */
export function rendered(body) {
  return documentOf(body).body;
}
