/**
 * relay's mark in the toolbar: how many tabs serve relay, or that one of them needs a person.
 */

const COLOURS = { attention: "#b26a00", fine: "#1a7f4b" };

/**
 * @param {{condition: import("./condition.js").Condition}[]} tabs
 * @returns {{text: string, colour: string, title: string}}
 */
export function badgeOf(tabs) {
  const needy = tabs.find(({ condition }) => condition.tone === "attention");
  if (needy) return { text: "!", colour: COLOURS.attention, title: `relay: ${needy.condition.headline}` };
  const serving = tabs.filter(({ condition }) => condition.tone === "good" || condition.tone === "busy").length;
  const title = serving ? `relay: ${serving === 1 ? "one tab is" : `${serving} tabs are`} connected` : "relay";
  return { text: serving ? String(serving) : "", colour: COLOURS.fine, title };
}

/**
 * @param {Pick<typeof chrome.action, "setBadgeText" | "setBadgeBackgroundColor" | "setTitle">} action
 * @returns {(tabs: {condition: import("./condition.js").Condition}[]) => void}  shows what has changed
 */
export function badge(action) {
  let shown = "";
  return (tabs) => {
    const { text, colour, title } = badgeOf(tabs);
    if (shown === text + title) return;
    shown = text + title;
    void action.setBadgeText({ text });
    void action.setBadgeBackgroundColor({ color: colour });
    void action.setTitle({ title });
  };
}
