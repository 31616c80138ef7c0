/**
 * The icons of the window, one a tone. They are read ahead: the one that says that relay is gone cannot be asked of it.
 */

/** @typedef {import("./headline.js").Tone} Tone */

/** @type {readonly Tone[]} */
const TONES = ["ready", "working", "attention", "offline"];

/** @type {Map<Tone, string>} */
const read = new Map();

/** @param {Tone} tone */
const addressOf = (tone) => `/static/icons/${tone}.svg`;

/**
 * @param {Tone} tone
 * @returns {string} the address of its icon
 */
export function iconOf(tone) {
  return read.get(tone) ?? addressOf(tone);
}

/**
 * @param {typeof fetch} fetcher
 * @returns {Promise<void>}
 */
export async function readIcons(fetcher) {
  for (const tone of TONES) {
    const response = await fetcher(addressOf(tone));
    if (response.ok) read.set(tone, `data:image/svg+xml,${encodeURIComponent(await response.text())}`);
  }
}
