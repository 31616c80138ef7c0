// The property of every decoder: cutting the input differently changes nothing.
import { generator } from "./random.js";

/**
 * The same text, cut at random places, some hundred times; first whole, then character by character.
 * @param {string} text
 * @param {{rounds?: number, longest?: number}} [options]
 * @returns {string[][]}
 */
export function cuts(text, { rounds = 200, longest = 12 } = {}) {
  const random = generator(7);
  const units = text.split("");
  const all = [[text], units];
  for (let round = 0; round < rounds; round += 1) {
    const pieces = [];
    for (let at = 0; at < text.length;) {
      const end = at + 1 + random.whole(longest);
      pieces.push(text.slice(at, end));
      at = end;
    }
    all.push(pieces);
  }
  return all;
}
