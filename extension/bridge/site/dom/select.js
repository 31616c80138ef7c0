/** Finding elements: CSS that goes through open shadow roots, and whether a person could see or press what is found. */

/** @typedef {Document | ShadowRoot | Element} Root */

const PIERCE = ">>>";

/**
 * All that `selector` finds under `root`, in the order of the document; nothing for no selector.
 * @param {Root} root
 * @param {string | null | undefined} selector
 * @returns {Element[]}
 */
export function all(root, selector) {
  if (!selector) return [];
  /** @type {Element[]} */
  let found = [];
  /** @type {Root[]} */
  let roots = [root];
  for (const step of selector.split(PIERCE)) {
    found = roots.flatMap((each) => [...each.querySelectorAll(step.trim())]);
    roots = found.flatMap(({ shadowRoot }) => shadowRoot ?? []);
  }
  return found;
}

/**
 * The shadow roots that a selector goes through.
 * @param {Document} document
 * @param {string | null | undefined} selector
 * @returns {ShadowRoot[]}
 */
export function shadows(document, selector) {
  const steps = selector?.split(PIERCE) ?? [];
  return steps
    .slice(1)
    .flatMap((_, index) => all(document, steps.slice(0, index + 1).join(PIERCE)))
    .flatMap(({ shadowRoot }) => shadowRoot ?? []);
}

/**
 * The last that can be seen.
 * @param {Root} root
 * @param {string | null | undefined} selector
 * @returns {Element | null}
 */
export function seen(root, selector) {
  return all(root, selector).findLast(visible) ?? null;
}

/**
 * The last that can be seen and takes clicks.
 * @param {Root} root
 * @param {string | null | undefined} selector
 * @returns {Element | null}
 */
export function pressable(root, selector) {
  return all(root, selector).findLast((element) => visible(element) && enabled(element)) ?? null;
}

/**
 * Whether a person could see it, were its tab in front.
 * @param {Element} element
 */
export function visible(element) {
  if (typeof element.checkVisibility === "function") return element.checkVisibility({ visibilityProperty: true });
  return element.isConnected && element.closest("[hidden], [style*='display: none'], [style*='display:none']") === null;
}

/**
 * Whether it takes clicks.
 * @param {Element} element
 */
export function enabled(element) {
  return !element.matches(":disabled, [aria-disabled=true], [disabled]") && element.closest("[inert]") === null;
}
