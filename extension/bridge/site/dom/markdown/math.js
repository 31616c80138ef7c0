/** Formulas: the TeX that they were made of, where the page keeps it (KaTeX and MathJax do). */

const FORMULA = ".katex, .katex-display, mjx-container, .MathJax, .MathJax_Display, math";
const DISPLAY = ".katex-display, mjx-container[display=true], .MathJax_Display, math[display=block]";
const SOURCE = 'annotation[encoding="application/x-tex"]';

/**
 * The Markdown of a formula; null for anything else.
 * @param {Element} element
 * @returns {{text: string, block: boolean} | null}
 */
export function formula(element) {
  if (!element.matches(FORMULA)) return null;
  const block = element.matches(DISPLAY);
  const source = sourceOf(element);
  if (source === null) return { text: (element.querySelector("math") ?? element).textContent.trim(), block };
  return { text: block ? `$$\n${source}\n$$` : `$${source}$`, block };
}

/** @param {Element} element */
function sourceOf(element) {
  const annotation = element.querySelector(SOURCE)?.textContent;
  const holder = element.closest("[data-tex], [data-latex], [data-math]");
  const named = ["data-tex", "data-latex", "data-math"].map((name) => holder?.getAttribute(name)).find(Boolean);
  const script = element.nextElementSibling?.matches("script[type^='math/tex']") ? element.nextElementSibling.textContent : null;
  const alternative = element.matches("math") ? element.getAttribute("alttext") : null;
  return (annotation ?? named ?? script ?? alternative)?.trim() ?? null;
}
