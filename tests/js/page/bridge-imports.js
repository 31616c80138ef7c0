/**
 * Lets Node import modules of the page that import `/bridge/…`, as relay serves it.
 * https://nodejs.org/docs/latest-v20.x/api/module.html#customization-hooks
 */

const BRIDGE = new URL("../../../extension/bridge/", import.meta.url);

/**
 * @param {string} specifier
 * @param {object} context
 * @param {(specifier: string, context: object) => Promise<unknown>} next
 */
export function resolve(specifier, context, next) {
  const prefix = "/bridge/";
  return next(specifier.startsWith(prefix) ? new URL(specifier.slice(prefix.length), BRIDGE).href : specifier, context);
}
