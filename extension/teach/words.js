/** Comparing what a page shows with what it was sent: only letters and numbers count, marks of any kind do not. */

/** On average; names of several words in one have longer ones. */
const SHORTEST_WORDS = 3.5;
/** What every test message asks the answer to say. */
export const SIGN = "RELAYTEST";

/**
 * The letters and numbers of a text, without what Markdown adds to them.
 * @param {string} text
 * @returns {string}
 */
export function letters(text) {
  return text
    .replace(/^(```|~~~)[^\n]*$/gm, "")
    .replace(/!?\[([^\]\n]*)\]\([^)\n]*\)/g, "$1")
    .normalize("NFKC")
    .replace(/[^\p{L}\p{N}]/gu, "");
}

/**
 * Whether a name or value seems to be made by a machine, and so to be another one tomorrow.
 * @param {string} value
 */
export function isGenerated(value) {
  if (value.length > 60 || /\d{4}/.test(value) || /^(css|sc|jss|emotion|svelte)-/.test(value)) return true;
  return value.split(/[\s\-_:.]+/).some((part) => {
    if (/^[\da-f]{6,}$/i.test(part) && /\d/.test(part)) return true;
    if (part.length >= 5 && /[a-z]\d+[a-z]|[a-z]\d{2}/i.test(part)) return true;
    if (/^«.*»$/.test(part) || /^r\d+$/.test(part)) return true;
    const words = turns(part) + 1;
    return part.length >= 5 && (!/[aeiouy]/i.test(part) || (words > 4 && part.length / words < SHORTEST_WORDS));
  });
}

/** How often small and big letters take turns. @param {string} word */
function turns(word) {
  return (word.match(/[a-z][A-Z]|[A-Z]{2}[a-z]/g) ?? []).length;
}
