import assert from "node:assert/strict";
import { test } from "node:test";

import { PuterPage } from "../../../../../extension/bridge/site/modules/puter.js";
import { withAgent } from "../../../support/agent.js";
import { ask, read, readFailing } from "../../../support/answers.js";
import { PuterService, TOKEN, fakePuter, json, recorded } from "../../../support/puter.js";

/** @param {import("node:test").TestContext} context */
async function served(context) {
  const service = new PuterService();
  context.after(() => service.close());
  const puter = fakePuter(await service.open());
  const { agent, page } = await withAgent(context, { puter });
  const adapter = new PuterPage({ agent: async () => agent });
  const signal = new AbortController().signal;
  return { service, puter, page, adapter, chat: () => adapter.chat(ask("Hi"), { signal }) };
}

test("a page with puter.js that is signed in", async (context) => {
  const { adapter, chat, service } = await served(context);
  const { state, models, account } = await adapter.status();
  const chatting = models?.filter(({ methods }) => !methods);
  assert.deepEqual([state, chatting?.length, account?.label], ["ready", 3, "ada"]);
  assert.equal(adapter.matches("https://puter.com/x"), true);
  service.answer(recorded("think_stream"));
  const { parts } = await read(chat());
  assert.equal(parts.length > 1, true);
  assert.equal(service.calls[0]?.body.auth_token, TOKEN);
});

test("pictures are made with the login of the page", async (context) => {
  const { adapter, service } = await served(context);
  service.answer(json(200, { success: true, result: "data:image/png;base64,AAAA" }));
  const { signal } = new AbortController();
  const made = adapter.media({ method: "image", request: { model: "paint-x", prompt: "a cat" } }, { signal });
  assert.deepEqual((await read(made)).parts, [{ type: "image", url: "data:image/png;base64,AAAA" }]);
  assert.equal(service.calls[0]?.body.auth_token, TOKEN);
});

test("a sign-in on the page is seen", async (context) => {
  const { adapter, chat, puter } = await served(context);
  puter.authToken = null;
  assert.equal((await adapter.status()).state, "login_required");
  assert.equal((await readFailing(chat())).error.kind, "login_required");
  puter.authToken = TOKEN;
  assert.equal((await adapter.status()).state, "ready");
});

test("a page without puter.js", async (context) => {
  const { adapter, page } = await served(context);
  delete page.puter;
  assert.equal((await adapter.status()).state, "unavailable");
});

test("an endpoint that changed: puter.js itself is asked, in the page", async (context) => {
  const { adapter, chat, puter, service } = await served(context);
  service.answer((response) => void response.writeHead(200, { "Content-Type": "text/html" }).end("<html>"));
  puter.ai.answer = async () =>
    (async function* () {
      yield { type: "text", text: "a" };
      yield { type: "usage", usage: { prompt: 1, completion: 2 } };
    })();
  /** @type {string[]} */
  const told = [];
  adapter.onstatus(({ detail }) => void told.push(String(detail)));
  assert.deepEqual((await read(chat())).parts, [{ type: "text", text: "a" }]);
  const [[, options]] = /** @type {any} */ (puter.ai.chats);
  assert.equal(options.stream, true);
});

test("a list of models that is none", async (context) => {
  const { adapter, puter, service } = await served(context);
  /** @type {any} */ (puter.ai).listModels = async () => "none";
  const { models } = await adapter.status();
  assert.deepEqual(models?.filter(({ methods }) => !methods), []);
  service.answers["/whoami"] = json(401, { code: "token_auth_failed" });
  assert.equal((await adapter.status()).state, "login_required");
});
