/** The forms in which pages draw the same thing. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { MarkdownReader } from "../../../../../../extension/bridge/site/dom/markdown/index.js";
import { rendered } from "../../../../support/page.js";

/** @type {Record<string, [html: string, markdown: string]>} */
const FORMS = {
  "a code block with a bar above it": [
    '<div><div><span>python</span><button>Copy</button></div><pre><code class="hljs">x = 1\n</code></pre></div>',
    "```python\nx = 1\n```",
  ],
  "a bar of bare text": ["<div>js<div><pre>x</pre></div></div>", "```js\nx\n```"],
  "a class of the highlighter": ['<pre><code class="hljs rust">x</code></pre>', "```rust\nx\n```"],
  "a class of both": ['<pre><code class="hljs language-go">x</code></pre>', "```go\nx\n```"],
  "a language on the block": ['<pre data-language="sql"><code>x</code></pre>', "```sql\nx\n```"],
  "a language on what surrounds the block": ['<div data-lang="c"><pre>x</pre></div>', "```c\nx\n```"],
  "no language by any name": ['<pre class="language-plaintext"><code>x</code></pre>', "```\nx\n```"],
  "words above a code block that are no language": [
    "<div><p>Run this now:</p><pre>x</pre></div>",
    "Run this now:\n\n```\nx\n```",
  ],
  "a word above a code block with more around it": [
    "<div><p>Example</p><div>see here<pre>x</pre></div></div>",
    "Example\n\nsee here\n\n```\nx\n```",
  ],
  "a lone word": ["<div><p>Yes</p><p>No</p></div>", "Yes\n\nNo"],
  "highlighted code": [
    '<pre><code class="language-js"><span class="k">const</span> <span>a</span>;\n<span>b</span></code></pre>',
    "```js\nconst a;\nb\n```",
  ],
  "lines that are elements": ["<pre><div>a</div><div></div><div>  b</div></pre>", "```\na\n\n  b\n```"],
  "lines with breaks of their own": [
    '<pre><code><span class="line">a</span>\n<span class="line"></span>\n<span class="line">b</span></code></pre>',
    "```\na\n\nb\n```",
  ],
  "lines after other text": ["<pre>a<div>b</div>c</pre>", "```\na\nb\nc\n```"],
  "an editor that shows code": [
    '<div class="cm-content" data-language="py"><div class="cm-line">a</div><div class="cm-line"><br></div><div class="cm-line">b</div></div>',
    "```py\na\n\nb\n```",
  ],
  "line numbers": [
    '<pre><code><span class="react-syntax-highlighter-line-number">1</span>a<br><span class="lineno">2</span>b<button>copy</button></code></pre>',
    "```\na\nb\n```",
  ],
  "several code elements": ["<pre><code>a\n</code><code>b</code></pre>", "```\na\nb\n```"],
  "an empty code span": ["<p>a<code></code>b</p>", "ab"],
  "a heading of blocks": ["<h2><div>a</div><div>b</div></h2><h3> </h3>", "## a b"],
  "a loose list": ["<ul><li><p>a</p></li><li><p>b</p></li></ul>", "- a\n- b"],
  "a list in a list without an item": ["<ul><li>a</li><ul><li>b</li></ul></ul>", "- a\n  - b"],
  "items with numbers of their own": ['<ol><li value="3">a</li><li>b</li></ol>', "3. a\n4. b"],
  "an empty item": ["<ul><li></li><li>b</li></ul>", "- \n- b"],
  "a table without a head": ["<table><tr><td>a</td><td>b</td></tr></table>", "| a | b |\n| --- | --- |"],
  "cells with lines": ["<table><tr><td>a<br>b</td></tr></table>", "| a<br>b |\n| --- |"],
  "columns aligned by style": ['<table><tr><th style="text-align: center">a</th></tr></table>', "| a |\n| :---: |"],
  "columns aligned by class": ['<table><tr><th class="align-x">a</th></tr></table>', "| a |\n| --- |"],
  "a table in a table": [
    "<table><tr><td><table><tr><td>in</td></tr></table></td></tr></table>",
    "| in |\n| --- |",
  ],
  "an empty table": ["<table></table>a", "a"],
  "blanks inside of marks": ["<p>a<strong> b </strong>c<em> </em>d</p>", "a **b** c d"],
  "links that go nowhere": ['<p><a href="#x">a</a> <a href="javascript:f()">b</a> <a>c</a> <a href="/d"></a></p>', "a b c"],
  "addresses that are their own text": ['<a href="mailto:a@b.c">a@b.c</a>', "a@b.c"],
  "an emoji that is an image": ['<p>a <img alt="😀" src="x"> <img alt="a cat" src="y">b</p>', "a 😀 b"],
  "an empty small letter": ["<p>a<sup></sup></p>", "a"],
  "KaTeX in a line": [
    '<p>so <span class="katex"><span class="katex-mathml"><math><semantics><mi>x</mi><annotation encoding="application/x-tex">x^2</annotation></semantics></math></span><span class="katex-html" aria-hidden="true">x2</span></span>.</p>',
    "so $x^2$.",
  ],
  "KaTeX on its own": [
    '<span class="katex-display"><span class="katex"><math><annotation encoding="application/x-tex">\\frac{1}{2}</annotation></math></span></span>',
    "$$\n\\frac{1}{2}\n$$",
  ],
  "MathJax with a script": ['<p><span class="MathJax">y</span><script type="math/tex">y_1</script></p>', "$y_1$"],
  "MathJax without a source": [
    '<p><mjx-container display="true"><mjx-math aria-hidden="true"></mjx-math><mjx-assistive-mml><math><mi>z</mi></math></mjx-assistive-mml></mjx-container></p>',
    "z",
  ],
  "a formula with its source beside it": ['<span data-tex="a+b"><span class="katex">ab</span></span>', "$a+b$"],
  "a box before a tag": ['<ul><li><input type="checkbox" checked><b>a</b></li></ul>', "- [x] **a**"],
  "a formula without any source": ['<p><span class="MathJax">w</span></p>', "w"],
};

for (const [name, [html, markdown]] of Object.entries(FORMS)) {
  test(name, () => assert.equal(new MarkdownReader().read(rendered(html)), markdown));
}
