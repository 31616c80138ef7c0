import assert from "node:assert/strict";
import { test } from "node:test";

import { marked } from "marked";

import { MarkdownReader, imagesOf } from "../../../../../../extension/bridge/site/dom/markdown/index.js";
import { Settled } from "../../../../../../extension/bridge/site/dom/settled.js";
import { windowOf } from "../../../../../../extension/bridge/site/dom/watch.js";
import { documentOf, rendered } from "../../../../support/page.js";
import { generator } from "../../../../support/random.js";

/** @param {string} html */
const read = (html) => new MarkdownReader().read(rendered(html));
/** @param {string} markdown */
const html = (markdown) => /** @type {string} */ (marked.parse(markdown, { gfm: true }));

const SAMPLES = {
  headings: "# One\n\n## Two *em*\n\n###### Six",
  emphasis: "Some *very* **important** ~~old~~ words, ***both***.",
  "a soft line break": "One line\nand another",
  code: "A `span`, a `` `tick` ``, <sub>2</sub> and `<b>`",
  links: "[text](https://example.com/a) and https://example.com/b and [paren](<https://example.com/a(b)>)",
  lists: "- a\n- b\n  - c\n  - d\n    - e\n- f",
  numbers: "7. a\n8. b\n   1. c\n9. d",
  tasks: "- [x] done\n- [ ] open",
  "a list with blocks": "1. Words\n\n   ```js\n   f();\n   ```\n2. More\n\n   and more",
  quotes: "> A quote\n>\n> - of a list\n>\n>   > deeper",
  fences: "```python\ndef f():\n    return 1\n\n\nf()\n```\n\nafter",
  "a fence in a fence": "````md\n```js\nx\n```\n````",
  "a plain fence": "```\n  | not | a table |\n```",
  tables: "| Name | Left | Middle | Right |\n| --- | :--- | :---: | ---: |\n| a\\|b | `c` | **d** | 4 |",
  rules: "a\n\n---\n\nb",
  emoji: "😀 👩‍👩‍👧 café ﷽",
  "letters that could be marks": "2 * 3 * 4 = 24, snake_case_name, a < b & c > d, 1. e",
};

for (const [name, markdown] of Object.entries(SAMPLES)) {
  test(`${name} come back as they were written`, () => assert.equal(read(html(markdown)), markdown));
}

test("an answer that grows letter by letter is never taken back", () => {
  const whole = Object.values(SAMPLES).join("\n\n");
  assert.equal(streamed(whole, () => 1).text, whole);
});

test("however it grows, the pieces make the whole answer", () => {
  const whole = Object.values(SAMPLES).join("\n\n");
  for (let seed = 1; seed <= 5; seed += 1) {
    const random = generator(seed);
    assert.equal(streamed(whole, () => 1 + random.whole(40)).text, whole);
  }
});

test("little is held back while an answer grows", () => {
  const words = "These are words of a paragraph that goes on and on without any marks, as most answers do. ".repeat(20);
  const { lags } = streamed(words, () => 4);
  assert.equal(Math.max(...lags.slice(20)), 5);
});

/**
 * Stream `markdown` through a page that renders it anew with every piece; with how much was not passed on each time.
 * @param {string} markdown
 * @param {() => number} step
 */
function streamed(markdown, step) {
  const { body } = documentOf();
  const settled = new Settled();
  let text = "";
  /** @type {number[]} */
  const lags = [];
  for (let end = step(); ; end += step()) {
    body.innerHTML = html(markdown.slice(0, end));
    text += settled.feed(new MarkdownReader().read(body));
    lags.push(Math.min(end, markdown.length) - text.length);
    if (end >= markdown.length) break;
  }
  return { text: text + settled.flush(new MarkdownReader().read(body)), lags };
}

test("what is pressed, drawn or hidden is no text", () => {
  assert.equal(
    read(`<p>a<button>Copy</button><svg><text>icon</text></svg><span aria-hidden="true">▍</span><span hidden>no</span>
      <span style="display: none">no</span><script>no</script>b</p>`),
    "a\nb",
  );
});

test("what the description ignores is no text", () => {
  const reader = new MarkdownReader({ ignore: [".cite", null, "chat-app >>> .thinking", undefined] });
  assert.equal(reader.read(rendered("<p>a<sup class='cite'>1</sup></p><div class='thinking'>hm</div>")), "a");
});

test("a text area is read by its value", () => {
  const area = /** @type {HTMLTextAreaElement} */ (rendered("<textarea></textarea>").firstElementChild);
  area.value = "so far";
  assert.equal(new MarkdownReader().read(area), "so far");
});

test("text that keeps its blanks keeps them", () => {
  assert.equal(read('<div style="white-space: pre-wrap"># Raw\n\n- a\n    b  c</div>'), "# Raw\n\n- a\n    b  c");
});

test("blanks of the source are no blanks of the text", () => {
  assert.equal(read("<div>\n  <p>\n   a   b\n   c <br>\n d</p>\n\n  <p></p> e </div>"), "a b\nc \nd\n\ne");
});

test("containers of any kind and depth are looked through", () => {
  assert.equal(read("<article><section><div>a <span>b</span></div><span><p>c</p></span></section>d</article>"), "a b\n\nc\n\nd");
});

test("custom elements are blocks when they are shown as blocks", () => {
  assert.equal(read('a<x-part style="display: block">b</x-part><x-part>c</x-part>'), "a\n\nb\n\nc");
});

test("shadow roots and slots are read, and told", () => {
  const { body } = documentOf("<x-a>slotted</x-a>");
  const root = body.firstElementChild?.attachShadow({ mode: "open" });
  /** @type {ShadowRoot[]} */
  const told = [];
  if (root) root.innerHTML = "<p>in <b>shadow</b></p><slot></slot><slot name='empty'>else</slot>";
  const reader = new MarkdownReader({ onshadow: (shadow) => void told.push(shadow) });
  assert.equal(reader.read(body), "in **shadow**\n\nslottedelse");
  assert.deepEqual([...new Set(told)], [root]);
});

test("what changed is read again, and nothing else", async () => {
  const document = documentOf("<p>one</p><ul><li>two</li><li>three</li></ul>");
  const { body } = document;
  const reader = new MarkdownReader();
  assert.equal(reader.read(body), "one\n\n- two\n- three");
  /** @type {MutationRecord[]} */
  const records = [];
  const { MutationObserver } = windowOf(document);
  new MutationObserver((found) => records.push(...found)).observe(body, {
    subtree: true,
    childList: true,
    characterData: true,
  });
  for (const name of ["p", "li"]) /** @type {Element} */ (body.querySelector(name)).append("!");
  assert.equal(reader.read(body), "one\n\n- two\n- three");
  await Promise.resolve();
  reader.forget(records);
  assert.equal(reader.read(body), "one!\n\n- two!\n- three");
  body.innerHTML = "<p>new</p>";
  reader.forget();
  assert.equal(reader.read(body), "new");
});

test("images are those that are no icons", () => {
  const body = rendered('<img src="https://i.example/a.png"><img src="b.png" width="16"><img><img src="data:image/gif;base64,R0=" width="64">');
  assert.deepEqual(
    imagesOf(body).map(({ src }) => src),
    ["https://i.example/a.png", "data:image/gif;base64,R0="],
  );
});
