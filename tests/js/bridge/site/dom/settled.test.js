import assert from "node:assert/strict";
import { test } from "node:test";

import { Rewritten, Settled } from "../../../../../extension/bridge/site/dom/settled.js";

const START = "This beginning is long enough to be no placeholder";

/**
 * What is passed on for each snapshot, and at the end.
 * @param {...string} snapshots
 */
function pieces(...snapshots) {
  const settled = new Settled();
  return [...snapshots.map((snapshot) => settled.feed(snapshot)), settled.flush(snapshots.at(-1) ?? "")];
}

test("text is passed on once it has survived a change", () => {
  assert.deepEqual(pieces(START, `${START} and`, `${START} and more`), ["", START, " and", " more"]);
});

test("the same snapshot again makes nothing certain", () => {
  assert.deepEqual(pieces(START, START, START), ["", "", "", START]);
});

test("a page that shows nothing for a moment has taken nothing back", () => {
  assert.deepEqual(pieces(START, "", `${START} and`, "", `${START} and more`), ["", "", START, "", " and", " more"]);
});

test("a cursor at the end is never passed on", () => {
  assert.deepEqual(pieces(`${START} ▍`, `${START} and ▍`, `${START} and`), ["", START, " and", ""]);
});

test("a short text waits for its end: it may be a placeholder", () => {
  assert.deepEqual(pieces("Thinking.", "Thinking..", "Thinking...", "Yes"), ["", "", "", "", "Yes"]);
});

test("marks at the end wait for what they become", () => {
  assert.deepEqual(pieces(`${START} **bo`, `${START} **bold**`, `${START} **bold** words`), ["", `${START} **bo`, "ld", "** words"]);
});

test("the rows of a table wait for their line", () => {
  const table = `${START}\n\n| a | b |`;
  const whole = `${table}\n| --- | --- |\n| 1 | 2 |`;
  assert.deepEqual(pieces(table, `${table} |--`, `${table}\n| --- | --- |\n| 1 |`, whole), [
    "",
    START,
    "",
    "\n\n| a | b |\n| --- | --- |",
    "\n| 1 | 2 |",
  ]);
});

test("a fence waits for its language", () => {
  const snapshots = [`${START}\n\n\`\`\`py`, `${START}\n\n\`\`\`python`, `${START}\n\n\`\`\`python\nx`, `${START}\n\n\`\`\`python\nx = 1\n\`\`\``];
  assert.deepEqual(pieces(...snapshots), ["", START, "", "\n\n```python\nx", " = 1\n```"]);
});

test("code that the page does not know for code yet waits until it does", () => {
  const raw = [`${START}\n\n\`\`\`py\nget*a*`, `${START}\n\n\`\`\`py\nget*a*b = 1`];
  const whole = `${START}\n\n\`\`\`py\nget_a_b = 1\n\`\`\``;
  assert.deepEqual(pieces(...raw, whole, `${whole}\n\nThe end`), ["", START, "\n\n```py\nget", "_a_b = 1", "\n```\n\nThe end"]);
});

test("code in an entry and in code has its own end", () => {
  const text = `${START}\n\n- \`\`\`\`md\n  \`\`\`py\n  \`\`\`\`\n\n1. one`;
  assert.deepEqual(pieces(text, `${text} more`), ["", text, " more"]);
});

test("half of a pair of letters is not passed on", () => {
  const [before, after] = [`${START} 😀`, `${START} 😁`];
  assert.deepEqual(pieces(before, after), ["", `${START} `, "😁"]);
});

test("a page that draws anew from the beginning goes on where it was", () => {
  assert.deepEqual(pieces(START, `${START} and`, "", START, `${START} and more`), ["", START, "", "", "", " and more"]);
});

test("text whose markup changes goes on after the same words", () => {
  assert.deepEqual(pieces(`Title\n${START}`, `Title\n${START} and`, `# Title\n\n${START} and more`), [
    "",
    `Title\n${START}`,
    "",
    " and more",
  ]);
});

test("text goes on while its markup is another already", () => {
  const [raw, drawn] = [`Title\n${START}`, `# Title\n\n${START}`];
  assert.deepEqual(pieces(raw, `${raw} and`, `${drawn}`, `${drawn} and`, `${drawn} and more`, `${drawn} and more of it`), [
    "",
    raw,
    "",
    "",
    " and",
    " more",
    " of it",
  ]);
});

test("a language that comes late does not stop the code", () => {
  const code = `\`\`\`\n${START}\n`;
  const snapshots = ["a", "ab", "ab\nc"].map((text) => `${code}${text}\n\`\`\``);
  assert.deepEqual(pieces(...snapshots.slice(0, 2), `\`\`\`python${snapshots[2]?.slice(3)}`), ["", `${code}a`, "", "b\nc\n```"]);
});

test("closing marks are not said twice", () => {
  assert.deepEqual(pieces(`__a__ ${START} **b** x`, `__a__ ${START} **b** x y`, `**a** ${START} **b** x y z`), [
    "",
    `__a__ ${START} **b** x`,
    "",
    " y z",
  ]);
});

test("words that were passed on and changed are an error", () => {
  const settled = new Settled();
  settled.feed(START);
  settled.feed(`${START} and`);
  assert.throws(() => settled.flush("Something else entirely, which is as long as that"), Rewritten);
});

test("words that were passed on and are gone are an error", () => {
  const settled = new Settled();
  settled.feed(START);
  settled.feed(`${START} and`);
  assert.throws(() => settled.flush(START.slice(0, 40)), Rewritten);
});
