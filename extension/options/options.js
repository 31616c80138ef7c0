/** The page on which a person sees, edits, imports and exports the descriptions of sites. */

import { BLANK, readDescriptions, written } from "./reading.js";

/**
 * @typedef {import("./reading.js").SiteDescription} SiteDescription
 * @typedef {{description: SiteDescription, builtin: boolean}} Entry
 */

const find = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const json = /** @type {HTMLTextAreaElement} */ (find("json"));
const file = /** @type {HTMLInputElement} */ (find("file"));
const editor = /** @type {HTMLFormElement} */ (find("editor"));
const save = /** @type {HTMLButtonElement} */ (find("save"));

/** @type {Entry[]} */
let entries = [];
/** The id of the one that is being edited. @type {string | null} */
let editing = null;

/** @param {Record<string, unknown>} message @returns {Promise<any>} */
const ask = async (message) => (await chrome.runtime.sendMessage(message)) ?? {};

/** @param {string} text */
const tell = (text) => void (find("told").textContent = text);

async function draw() {
  ({ descriptions: entries = [] } = await ask({ type: "descriptions" }));
  find("sites").replaceChildren(...entries.map(row));
  /** @type {HTMLButtonElement} */ (find("export")).disabled = entries.every(({ builtin }) => builtin);
}

/** @param {Entry} entry */
function row({ description, builtin }) {
  const { id, name, version, match } = description;
  const item = document.createElement("li");
  const title = document.createElement("span");
  const more = document.createElement("small");
  title.className = "name";
  title.textContent = name;
  more.textContent = [builtin ? "comes with relay" : `yours, version ${version}`, id, ...match].join(" · ");
  title.append(more);
  item.append(
    title,
    button(builtin ? "Copy and edit" : "Edit", `${name}: edit`, () => open(description, builtin)),
    button("Export", `${name}: export`, () => download(`${id}.json`, description)),
    ...(builtin ? [] : [button("Remove", `${name}: remove`, (pressed) => void remove(id, name, pressed))]),
  );
  return item;
}

/**
 * @param {string} text
 * @param {string} label
 * @param {(button: HTMLButtonElement) => void} press
 */
function button(text, label, press) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.ariaLabel = label;
  made.addEventListener("click", () => press(made));
  return made;
}

/**
 * @param {unknown} description
 * @param {boolean} [fresh]
 */
function open(description, fresh = false) {
  const { id, name } = /** @type {SiteDescription} */ (description);
  editing = fresh ? null : id;
  find("edited").textContent = fresh ? "A new description" : name;
  json.value = written(description);
  editor.hidden = false;
  check();
  json.focus();
  editor.scrollIntoView({ behavior: "smooth" });
}

/** Show what is wrong with the text; the descriptions in it if nothing is. */
function check() {
  const { descriptions, problems } = readDescriptions(json.value);
  find("problems").replaceChildren(
    ...problems.map(({ path, reason }) => {
      const item = document.createElement("li");
      const place = document.createElement("code");
      place.textContent = path || "The description";
      item.append(place, ` ${reason}`);
      return item;
    }),
  );
  save.disabled = problems.length > 0;
  return descriptions;
}

/** @param {SiteDescription[]} descriptions */
async function keep(descriptions) {
  for (const description of descriptions) {
    const { error } = await ask({ type: "keep", description });
    if (error) {
      tell(error);
      return false;
    }
  }
  await draw();
  return true;
}

/**
 * Pressed twice, it is meant.
 * @param {string} id
 * @param {string} name
 * @param {HTMLButtonElement} pressed
 */
async function remove(id, name, pressed) {
  if (pressed.textContent === "Remove") {
    Object.assign(pressed, { textContent: "Really remove?", ariaLabel: `${name}: really remove` });
    return;
  }
  await ask({ type: "drop", id });
  tell(`${name} is removed.`);
  await draw();
}

/**
 * @param {string} name
 * @param {unknown} value
 */
function download(name, value) {
  const url = URL.createObjectURL(new Blob([written(value)], { type: "application/json" }));
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

async function take() {
  for (const each of file.files ?? []) {
    const { descriptions, problems } = readDescriptions(await each.text());
    const [first] = problems;
    if (first) tell(`${each.name}: ${first.path || "the file"} ${first.reason}`);
    else if (await keep(descriptions)) tell(`Imported: ${descriptions.map(({ name }) => name).join(", ")}.`);
  }
  file.value = "";
}

json.addEventListener("input", check);
editor.addEventListener("submit", async (event) => {
  event.preventDefault();
  const descriptions = check();
  const before = editing;
  if (!descriptions.length || !(await keep(descriptions))) return;
  // With another id it is another description: the one it was has gone.
  if (before !== null && descriptions.every(({ id }) => id !== before)) await ask({ type: "drop", id: before });
  editor.hidden = true;
  tell(`Saved: ${descriptions.map(({ name }) => name).join(", ")}.`);
  await draw();
});
find("cancel").addEventListener("click", () => void (editor.hidden = true));
find("new").addEventListener("click", () => open(BLANK, true));
find("import").addEventListener("click", () => file.click());
file.addEventListener("change", () => void take());
find("export").addEventListener("click", () => {
  const own = entries.filter(({ builtin }) => !builtin).map(({ description }) => description);
  download("relay-sites.json", own.length === 1 ? own[0] : own);
});
void draw();
