import assert from "node:assert/strict";
import { test } from "node:test";

import { open } from "../../../../../extension/bridge/site/dom/conversation.js";
import { Watch } from "../../../../../extension/bridge/site/dom/watch.js";
import { chatPage, soon } from "../../../support/dom_page.js";
import { documentOf } from "../../../support/page.js";

const { signal } = new AbortController();

/** @param {NonNullable<import("../../../../../extension/bridge/site/dom/index.js").DomChatOptions["conversation"]>} conversation */
function oldChat(conversation) {
  const page = chatPage({ conversation });
  page.show('<p class="answer">old</p><button id="new">New</button><button id="temporary">Temporary</button>');
  page.find("#new").onclick = () => soon(() => page.find(".answer").remove());
  return page;
}

test("a new chat is awaited until nothing is left of the old one", async () => {
  const page = oldChat({ new: { click: "#new" } });
  await page.chat.fresh({ signal });
  assert.equal(page.document.querySelector(".answer"), null);
});

test("a page that draws its composer anew with a new chat is waited for", async () => {
  const page = oldChat({ new: { click: "#new" } });
  const { composer } = page;
  page.find("#new").onclick = () => {
    page.find(".answer").remove();
    soon(() => composer.replaceWith(composer.cloneNode()));
  };

  await page.chat.fresh({ signal });

  assert.equal(composer.isConnected, false);
});

test("a chat that is empty is new enough", async () => {
  const page = chatPage({ conversation: { new: { click: "#gone" } } });
  await page.chat.fresh({ signal });
});

test("a page that offers no new chat goes on in the old one", async () => {
  const page = oldChat({});
  await page.chat.fresh({ signal });
  assert.equal(page.find(".answer").textContent, "old");
});

test("a temporary chat is switched on once", async () => {
  const page = oldChat({ new: { click: "#new" }, temporary: { click: "#temporary", on: ".on" } });
  let clicks = 0;
  page.find("#temporary").onclick = () => {
    clicks += 1;
    page.find("#temporary").classList.toggle("on");
  };
  await page.chat.fresh({ signal });
  await page.chat.fresh({ signal });
  assert.equal(clicks, 1);
});

test("a switch that does not show its state is pressed for every new chat", async () => {
  const page = oldChat({ temporary: { click: "#temporary" } });
  let clicks = 0;
  page.find("#temporary").onclick = () => {
    clicks += 1;
    page.document.querySelector(".answer")?.remove();
  };
  await page.chat.fresh({ signal });
  assert.equal(clicks, 2);
});

test("an address within the page opens a new chat without loading it", async () => {
  const page = oldChat({ new: { url: "#/new" } });
  page.document.defaultView?.addEventListener("hashchange", () => page.find(".answer").remove());
  await page.chat.fresh({ signal });
  assert.equal(page.document.location.hash, "#/new");
  assert.equal(page.document.defaultView?.sessionStorage.length, 0);
});

test("a page that was just opened and shows the old chat is not opened again", async () => {
  const page = oldChat({ new: { url: "/new" } });
  page.document.defaultView?.sessionStorage.setItem("relay.opened-at", String(Date.now()));
  await assert.rejects(page.chat.fresh({ signal }), { kind: "site_changed" });
});

test("buttons that are gone, or do nothing, are a changed site", { timeout: 60_000 }, async () => {
  const document = documentOf('<button id="new"></button>');
  const short = { document, watch: hasty(document), empty: () => false };
  const wrong = /** @type {const} */ ([
    [{ new: { click: "#gone" } }, "The page has no button for a new chat any more."],
    [{ new: { click: "#new" } }, "The page did not open a new chat."],
  ]);
  for (const [conversation, message] of wrong) {
    await assert.rejects(open(short, conversation, { signal }), { kind: "site_changed", message });
  }
  const temporary = { click: "#new", on: ".on" };
  const message = "The page did not switch to a temporary chat.";
  await assert.rejects(open({ ...short, empty: () => true }, { temporary }, { signal }), { kind: "site_changed", message });
});

/**
 * A watch that waits for nothing.
 * @param {Document} document
 */
function hasty(document) {
  return new (class extends Watch {
    /**
     * @template T
     * @param {() => T | null | false} look
     * @returns {Promise<T | null>}
     * @override
     */
    async until(look) {
      return look() || null;
    }
  })(document);
}
