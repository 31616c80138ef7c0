/**
 * Numbers with their nouns. Pure.
 */

/**
 * @param {number} count
 * @param {string} noun In the singular.
 * @returns {string} such as `1 model`
 */
export function counted(count, noun) {
  return `${count.toLocaleString("en")} ${named(count, noun)}`;
}

/**
 * @param {number} count
 * @param {string} noun In the singular.
 * @returns {string} the noun as it follows the number
 */
export function named(count, noun) {
  return count === 1 ? noun : `${noun}s`;
}
