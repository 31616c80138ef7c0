import assert from "node:assert/strict";
import { test } from "node:test";

import { DOM, chatPage, soon, windowOf } from "../../../support/dom_page.js";

const LONG = "An answer that is long enough to be told from a placeholder";

test("a message goes out and its answer comes back", async () => {
  const page = chatPage();
  page.onsent = () => soon(() => (page.show(`<p class="answer">Hi.</p>`), page.end()));
  assert.deepEqual(await page.ask("Hello\r\nthere"), [{ type: "text", text: "Hi." }]);
  assert.deepEqual(page.sent, ["Hello\nthere"]);
});

test("text comes while it grows, thoughts before it, images after it", async () => {
  const page = chatPage({ dom: { ...DOM, thinking: ".thinking" } });
  page.onsent = () => {
    page.show(`<div class="answer"><div class="thinking">Let me think of an answer to this, slowly</div><p>${LONG}</p></div>`);
    soon(() => page.find("p").append(" and"));
    setTimeout(() => {
      page.find("p").append(" more");
      page.find(".answer").insertAdjacentHTML("beforeend", '<img src="https://i.example/a.png">');
      page.end();
    }, 15);
  };
  const parts = await page.ask("Hello");
  assert.deepEqual(parts, [
    { type: "text", text: LONG },
    { type: "text", text: " and" },
    { type: "reasoning", text: "Let me think of an answer to this, slowly" },
    { type: "text", text: " more" },
    { type: "image", url: "https://i.example/a.png" },
  ]);
});

test("thoughts that were put away do not spoil the answer", async () => {
  const page = chatPage({ dom: { ...DOM, thinking: ".thinking" } });
  page.onsent = () => {
    page.show(`<p class="thinking">Let me think of an answer to this,</p>`);
    soon(() => page.find(".thinking").append(" slowly"));
    setTimeout(() => {
      page.find(".thinking").remove();
      page.show('<p class="answer">Yes.</p>');
      page.end();
    }, 15);
  };
  assert.deepEqual(await page.ask("Hello"), [
    { type: "reasoning", text: "Let me think of an answer to this," },
    { type: "text", text: "Yes." },
  ]);
});

test("words that change after they were passed on end the call", async () => {
  const page = chatPage();
  page.onsent = () => {
    page.show(`<p class="answer">${LONG}</p>`);
    soon(() => page.find("p").append(" and"));
    setTimeout(() => {
      page.find("p").textContent = "Sorry.";
      page.end();
    }, 15);
  };
  await assert.rejects(page.ask("Hello"), { name: "AdapterError", kind: "truncated" });
});

test("Enter is tried when the button does nothing, and the other way round nothing is sent twice", async () => {
  const page = chatPage();
  page.send.onclick = null;
  page.composer.onkeydown = ({ key }) => void (key === "Enter" && page.take());
  page.onsent = () => (page.show(`<p class="answer">Hi.</p>`), page.end());
  const sending = page.ask("Hello");
  assert.deepEqual([await sending, page.sent], [[{ type: "text", text: "Hi." }], ["Hello"]]);
});

test("menus that the text opens are closed before Enter", async () => {
  const page = chatPage({ dom: { ...DOM, send: null } });
  /** @type {string[]} */
  const keys = [];
  page.composer.onkeydown = ({ key }) => {
    keys.push(key);
    if (key === "Enter") page.take();
  };
  page.onsent = () => (page.show(`<p class="answer">Hi.</p>`), page.end());
  await page.ask("/help");
  assert.deepEqual(keys, ["Escape", "Enter"]);
});

test("a message that stays is taken back, and the site has changed", { timeout: 30_000 }, async () => {
  const page = chatPage({ dom: { ...DOM, send: null } });
  await assert.rejects(page.ask("Hello"), { kind: "site_changed", message: /stayed in the composer/ });
  assert.equal(page.composer.value, "");
});

test("a composer that keeps something else says how much, and nothing of what", async () => {
  const page = chatPage();
  page.composer.oninput = () => void (page.composer.value &&= "something else");
  await assert.rejects(page.ask("Hello"), {
    kind: "site_changed",
    message: "The composer did not take the prompt: it holds 14 of 5 characters, and differs from character 0 on.",
  });
});

test("a composer that keeps a part of the prompt is too small for it", async () => {
  const page = chatPage();
  page.composer.oninput = () => void (page.composer.value = page.composer.value.slice(0, 3));
  await assert.rejects(page.ask("Hello"), { kind: "context_length_exceeded", message: "The composer of the site took 3 of 5 characters." });
});

test("a composer that goes while it is written to is a changed site", async () => {
  const page = chatPage();
  page.composer.oninput = () => void (page.composer.value !== "" && page.composer.remove());
  await assert.rejects(page.ask("Hello"), { kind: "site_changed" });
});

test("a field for one line takes several, parted as it can hold them", async () => {
  const page = chatPage({ dom: { ...DOM, composer: "#box" } });
  page.show('<div id="box"><input></div>');
  const field = /** @type {HTMLInputElement} */ (page.find("input"));
  page.send.onclick = () => {
    page.sent.push(field.value);
    field.value = "";
    page.show('<p class="answer">Hi.</p>');
  };
  assert.deepEqual(await page.ask("Hello"), [{ type: "text", text: "Hi." }]);
  await page.ask("one\r\ntwo\n\nthree");
  assert.deepEqual(page.sent, ["Hello", "one\u2028two\u2028\u2028three"]);
});

test("an answer that was left and cannot be stopped is not waited for where a new chat can be opened", async () => {
  const page = chatPage({ conversation: { new: { click: "#new" } } });
  page.document.body.insertAdjacentHTML("beforeend", '<button id="new">New</button>');
  page.stop.onclick = () => {};
  page.find("#new").onclick = () => {
    page.list.replaceChildren();
    page.end();
  };
  const leaving = new AbortController();
  await page.chat.send("Hello", { signal: leaving.signal });
  leaving.abort();
  await assert.rejects(async () => {
    for await (const _ of page.chat.answer({ signal: leaving.signal }));
  });
  assert.equal(page.chat.busy(), true);

  page.onsent = () => {
    page.show('<p class="answer">Hi.</p>');
    soon(page.end);
  };
  assert.deepEqual(await page.ask("Again", { newChat: true }), [{ type: "text", text: "Hi." }]);
});

test("leaving early stops the page", async () => {
  const page = chatPage();
  page.onsent = () => {
    page.show(`<p class="answer">${LONG}</p>`);
    soon(() => page.find("p").append(" and"));
  };
  const { signal } = page.controller;
  await page.chat.send("Hello", { signal });
  for await (const _ of page.chat.answer({ signal })) break;
  assert.equal(page.chat.busy(), false);
});

test("a page that does not stop is not believed to have", { timeout: 30_000 }, async () => {
  const page = chatPage();
  page.stop.hidden = false;
  let clicks = 0;
  page.stop.onclick = () => void (clicks += 1);
  assert.equal(await page.chat.stop(), false);
  assert.equal(clicks, 2);
});

test("trouble on the page ends the call in its own words", async () => {
  const blocked = /** @type {const} */ ([
    { selector: ".captcha", reason: "captcha" },
    { selector: ".limit", reason: "limit", detail: "Enough for today." },
  ]);
  for (const [html, kind, message] of [
    ['<p class="error"> Something\n broke </p>', "upstream", "The site reports: Something broke"],
    ['<p class="error"></p>', "upstream", "The site reports: an error"],
    ['<p class="captcha"></p>', "blocked", "The page asks for a person: captcha."],
    ['<p class="limit"></p>', "rate_limited", "Enough for today."],
    ['<p class="login"></p>', "login_required", "The page asks to sign in."],
  ]) {
    const page = chatPage({ dom: { ...DOM, error: ".error" }, blocked, login: { out: ".login" } });
    page.show('<p class="error">of yesterday</p>');
    page.onsent = () => page.show(/** @type {string} */ (html));
    await assert.rejects(page.ask("Hello"), { name: "AdapterError", kind, message });
  }
});

test("a site that never begins, or ends with nothing, has failed", async () => {
  const silent = chatPage({ dom: { ...DOM, start_ms: 20 } });
  silent.onsent = () => silent.end();
  await assert.rejects(silent.ask("Hello"), { kind: "upstream", message: "The site did not begin an answer." });

  const empty = chatPage();
  empty.onsent = () => soon(() => (empty.show('<p class="answer"></p>'), soon(empty.end)));
  await assert.rejects(empty.ask("Hello"), { kind: "upstream", message: "The site ended without an answer." });
});

test("a hidden tab is named where a site does not begin", async () => {
  const page = chatPage({ dom: { ...DOM, start_ms: 20 } });
  page.onsent = () => page.end();
  Object.defineProperty(page.document, "visibilityState", { value: "hidden" });
  await assert.rejects(page.ask("Hello"), { message: /Its tab is hidden/ });
});

test("what the page shows of itself", () => {
  const page = chatPage({
    login: { in: ".avatar", out: ".login" },
    blocked: [{ selector: ".consent", reason: "consent", detail: "Accept first." }, { selector: ".wall", reason: "verification" }],
    ready: { selector: ".ready" },
  });
  const now = Date.now;
  const states = [];
  for (const html of ['<p class="login"></p>', '<p class="consent"></p>', '<p class="wall"></p>', "", '<p class="avatar"></p>']) {
    page.list.innerHTML = html;
    states.push(page.chat.status());
  }
  page.list.innerHTML = '<p class="avatar"></p><p class="ready"></p>';
  states.push(page.chat.status());
  page.composer.remove();
  states.push(page.chat.status());
  Object.defineProperty(page.document, "readyState", { value: "complete" });
  Date.now = () => now() + 60_000;
  states.push(page.chat.status());
  page.list.innerHTML = "";
  states.push(page.chat.status());
  Date.now = now;
  assert.deepEqual(states, [
    { state: "login_required", detail: "The page asks to sign in." },
    { state: "blocked", reason: "consent", detail: "Accept first." },
    { state: "blocked", reason: "verification" },
    { state: "starting" },
    { state: "starting" },
    { state: "ready" },
    { state: "starting" },
    { state: "site_changed", detail: "The page has no composer where there used to be one." },
    { state: "login_required", detail: "Nobody is signed in on the page." },
  ]);
});

test("a page that cannot be used takes no message", async () => {
  const page = chatPage({ login: { out: ".login" }, ready: { selector: ".ready" } });
  await assert.rejects(page.ask("Hello"), { kind: "upstream", message: "The page cannot be used now." });
  page.show('<p class="login"></p>');
  await assert.rejects(page.ask("Hello"), { kind: "login_required" });
  assert.deepEqual(page.sent, []);
});

test("changes of what the page shows are told until nobody listens", async () => {
  /** @type {(() => void)[]} */
  const wakes = [];
  const page = chatPage({ login: { out: ".login" }, sleep: () => new Promise((resolve) => void wakes.push(resolve)) });
  const next = async () => {
    wakes.pop()?.();
    await new Promise((resolve) => void setImmediate(resolve));
  };
  /** @type {string[]} */
  const states = [];
  const end = page.chat.onstatus(({ state }) => void states.push(state));
  await next();
  page.show('<p class="login"></p>');
  await next();
  end();
  page.list.replaceChildren();
  await next();
  assert.deepEqual(states, ["ready", "login_required"]);
});

test("a button that is always there tells by its absence that an answer is written", async () => {
  const page = chatPage({ dom: { ...DOM, stop: null } });
  page.stop.remove();
  page.onsent = () => {
    page.send.hidden = true;
    page.show('<p class="answer">Hi.</p>');
    soon(() => (page.send.hidden = false));
  };
  const parts = await page.ask("Hello");
  page.send.setAttribute("hidden", "");
  assert.deepEqual([parts, page.chat.busy()], [[{ type: "text", text: "Hi." }], true]);
});

test("a composer that takes no message tells that an answer is written", async () => {
  const page = chatPage({ dom: { composer: "textarea", answer: ".answer", send: "#send", quiet_ms: 10 } });
  page.onsent = () => {
    page.composer.disabled = true;
    page.show('<p class="answer">The first</p>');
    setTimeout(() => {
      page.find(".answer").textContent = "The first and the second";
      page.composer.disabled = false;
    }, 200);
  };

  assert.deepEqual(await page.ask("Hi"), [{ type: "text", text: "The first and the second" }]);
});

test("a button that is only there with a text tells nothing", async () => {
  const page = chatPage({ dom: { ...DOM, stop: null } });
  page.stop.remove();
  const show = () => (page.send.hidden = page.composer.value === "");
  page.composer.oninput = show;
  page.onsent = () => (show(), page.show('<p class="answer">Hi.</p>'));
  assert.deepEqual(await page.ask("Hello"), [{ type: "text", text: "Hi." }]);
  assert.equal(page.chat.busy(), false);
});

test("events are those of a person's press", async () => {
  const page = chatPage({ dom: { ...DOM, send: "svg" } });
  page.show("<svg></svg>");
  /** @type {string[]} */
  const heard = [];
  for (const name of ["pointerdown", "mousedown", "pointerup", "mouseup", "click"]) {
    page.find("svg").addEventListener(name, ({ type }) => void heard.push(type));
  }
  page.find("svg").addEventListener("click", page.take);
  page.onsent = () => (page.show('<p class="answer">Hi.</p>'), page.end());
  await page.ask("Hello");
  assert.deepEqual(heard, ["pointerdown", "mousedown", "pointerup", "mouseup", "click"]);
  assert.ok(windowOf(page.document));
});
