import assert from "node:assert/strict";
import { test } from "node:test";

import { DOM, chatPage, soon } from "../../../support/dom_page.js";

const MENU = `<button id="open">small</button><ul hidden><li data-id="s">small</li><li data-id="l">large</li></ul>`;
const PICKER = { open: "#open", option: "li", id: "data-id", current: "#open" };

/**
 * A page with a menu of models.
 * @param {import("../../../../../extension/bridge/site/dom/description.js").ModelPicker} picker
 */
function menuPage(picker = PICKER) {
  const page = chatPage({ dom: { ...DOM, model_picker: picker } });
  page.show(MENU);
  const [open, menu] = [page.find("#open"), page.find("ul")];
  open.onclick = () => void (menu.hidden = !menu.hidden);
  menu.onclick = ({ target }) => {
    open.textContent = /** @type {Element} */ (target).textContent;
    menu.hidden = true;
  };
  page.onsent = () => (page.show('<p class="answer">Hi.</p>'), page.end());
  return { ...page, open, menu };
}

const { signal } = new AbortController();

test("models are read from the menu, which is closed again", async () => {
  const { chat, menu } = menuPage();
  assert.deepEqual(await chat.models({ signal }), [
    { id: "s", name: "small" },
    { id: "l", name: "large" },
  ]);
  assert.equal(menu.hidden, true);
});

test("a page without a picker has no list", async () => {
  assert.equal(await chatPage().chat.models({ signal }), null);
});

test("a menu that Escape closes is not opened again", async () => {
  const { chat, menu, open } = menuPage();
  let clicks = 0;
  open.addEventListener("click", () => void (clicks += 1));
  menu.ownerDocument.addEventListener("keydown", ({ key }) => void (menu.hidden ||= key === "Escape"));
  await chat.models({ signal });
  assert.deepEqual([clicks, menu.hidden], [1, true]);
});

test("a model is chosen by its id, and not again while it is chosen by that name", async () => {
  const page = menuPage({ open: "#open", option: "li", current: "#open" });
  await page.ask("Hello", { model: "large" });
  assert.equal(page.open.textContent, "large");
  page.menu.remove();
  await page.ask("Hello", { model: "large" });
  assert.deepEqual(page.sent, ["Hello", "Hello"]);
});

test("a model that is not there is not replaced by another", async () => {
  const page = menuPage();
  await assert.rejects(page.ask("Hello", { model: "x" }), { kind: "model_not_found" });
  assert.deepEqual([page.menu.hidden, page.sent], [true, []]);
});

test("a menu that shows nothing is a changed site", async () => {
  const page = menuPage({ option: ".model" });
  await assert.rejects(page.chat.models({ signal }), { kind: "site_changed" });
});

test("a choice that changes nothing is a changed site", { timeout: 30_000 }, async () => {
  const page = menuPage();
  page.menu.onclick = null;
  await assert.rejects(page.ask("Hello", { model: "l" }), { kind: "site_changed" });
});

test("a plain list of the browser is a picker too", async () => {
  const page = chatPage({ dom: { ...DOM, model_picker: { option: "select" } } });
  page.show("<select><option value='s'>small</option><option value='l'>large</option><option disabled>none</option></select>");
  page.onsent = () => soon(() => (page.show('<p class="answer">Hi.</p>'), page.end()));
  /** @type {string[]} */
  const heard = [];
  const list = /** @type {HTMLSelectElement} */ (page.find("select"));
  list.onchange = () => void heard.push(list.value);
  assert.deepEqual(await page.chat.models({ signal }), [
    { id: "s", name: "small" },
    { id: "l", name: "large" },
  ]);
  await page.ask("Hello", { model: "l" });
  assert.deepEqual(heard, ["l"]);
});
