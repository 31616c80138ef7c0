/**
 * One connected tab in the popup.
 */

/**
 * @typedef {object} Row
 * @property {string} id
 * @property {string} origin
 * @property {string} name
 * @property {number | null} tab
 * @property {boolean} paused
 * @property {string} [account]
 * @property {import("../background/condition.js").Condition} condition
 * @property {import("../content/tally.js").Counters | null} counters
 *
 * @typedef {import("../background/condition.js").Remedy | "show" | "pause" | "resume" | "disconnect" | "forget"} Deed
 */

/** @type {Record<import("../background/condition.js").Remedy, string>} */
const REMEDIES = { pair: "Pair again", look: "Look again", teach: "Teach again", reload: "Reload the page" };

/**
 * @param {Document} document
 * @param {(deed: Deed, row: Row) => unknown} act
 * @returns {{element: HTMLElement, show: (row: Row) => void}}
 */
export function rowOf(document, act) {
  /** @type {Row} */ let shown;
  const make = (/** @type {string} */ tag, name = "") => {
    const element = document.createElement(tag);
    if (name) element.className = name;
    return element;
  };
  const button = (/** @type {() => Deed} */ deed) => {
    const element = make("button");
    element.setAttribute("type", "button");
    element.addEventListener("click", () => void act(deed(), shown));
    return element;
  };
  const element = make("li");
  const title = make("div", "name");
  const host = make("strong");
  const name = make("span", "muted");
  title.append(host, name);
  const state = make("div", "state");
  state.setAttribute("role", "status");
  const detail = make("p", "muted");
  const counters = make("p", "muted");
  const remedy = button(() => /** @type {Deed} */ (shown.condition.remedy));
  const visit = button(() => "show");
  const pause = button(() => (shown.paused ? "resume" : "pause"));
  const disconnect = button(() => "disconnect");
  const forget = button(() => "forget");
  visit.textContent = "Show";
  disconnect.textContent = "Disconnect";
  forget.textContent = "Forget site";
  const buttons = make("div", "row");
  buttons.append(remedy, visit, pause, disconnect, forget);
  element.append(title, state, detail, counters, buttons);

  const write = (/** @type {HTMLElement} */ where, /** @type {string} */ text) => {
    if (where.textContent !== text) where.textContent = text;
    where.hidden = text === "";
  };

  return {
    element,
    show(row) {
      shown = row;
      const { condition, origin, paused, tab } = row;
      const where = new URL(origin).host;
      write(host, where);
      write(name, row.account ? `${row.name} · ${row.account}` : row.name);
      state.dataset["tone"] = condition.tone;
      write(state, condition.headline);
      write(detail, condition.detail ?? "");
      write(counters, row.counters?.calls ? summary(row.counters) : "");
      write(remedy, condition.remedy ? REMEDIES[condition.remedy] : "");
      write(pause, paused ? "Resume" : "Pause");
      visit.hidden = tab === null;
      for (const each of buttons.children) each.setAttribute("aria-label", `${each.textContent}: ${where}`);
    },
  };
}

/** @param {import("../content/tally.js").Counters} counters */
function summary({ calls, failed, characters }) {
  const count = (/** @type {number} */ number, /** @type {string} */ word) =>
    `${number.toLocaleString("en")} ${word}${number === 1 ? "" : "s"}`;
  return [count(calls, "call"), count(characters, "character"), ...(failed ? [`${failed} failed`] : [])].join(" · ");
}
