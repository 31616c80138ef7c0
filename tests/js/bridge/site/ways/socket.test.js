import assert from "node:assert/strict";
import { test } from "node:test";

import { ask, read, readFailing } from "../../../support/answers.js";
import { servedPage } from "../../../support/served_page.js";
import { description, settled } from "../../../support/site.js";

const URL_OF_IT = "wss://a.example/ws";
const text = (/** @type {string} */ value) => ({ type: "text", text: value });
const SOCKET_IO = {
  way: "socket",
  url: "*/ws",
  send: ["ask", { prompt: "{{prompt}}", id: "{{call}}" }],
  stop: ["stop"],
  answer: { format: "socket.io", text: "", reasoning: "r", where: { event: "token" }, done: { event: "end" } },
};

/**
 * @param {import("node:test").TestContext} context
 * @param {object} [way]
 */
async function served(context, way = SOCKET_IO) {
  const { adapter, page } = await servedPage(context, description({ ways: [way] }));
  const socket = new page.WebSocket(URL_OF_IT);
  const controller = new AbortController();
  const answer = adapter.chat(ask("Hi"), { signal: controller.signal });
  return { adapter, page, socket, answer, controller };
}

/** @param {any} socket */
async function sent(socket) {
  while (!socket.sent.length) await settled();
  return socket.sent;
}

test("the frame goes out on the page's socket, and the answer comes in on it", async (context) => {
  const { adapter, socket, answer } = await served(context);
  assert.deepEqual((await adapter.status()).capabilities, { cancel: true, reasoning: true, single_prompt: true });
  const reading = read(answer);
  assert.deepEqual(await sent(socket), ['42["ask",{"prompt":"Hi","id":"u-1"}]']);
  for (const frame of ["2", '42["other","x"]', '42["token","Hel"]', '42["token","lo"]', '42["end"]', '42["token","late"]']) {
    socket.receive(frame);
  }
  assert.deepEqual(await reading, { parts: [text("Hel"), text("lo")], finish: { finish_reason: "stop" } });
  await settled();
  assert.equal(socket.sent.length, 1);
});

test("frames of JSON, with the whole conversation", async (context) => {
  const { adapter, socket, answer } = await served(context, {
    way: "socket",
    url: URL_OF_IT,
    send: { m: "{{messages}}" },
    answer: { format: "socket", text: "t", done: { path: "end" } },
  });
  assert.deepEqual((await adapter.status()).capabilities, { cancel: false, system: true });
  const reading = read(answer);
  assert.deepEqual(await sent(socket), ['{"m":[{"role":"user","content":"Hi"}]}']);
  socket.receive('{"t":"a"}');
  socket.receive('{"end":true}');
  assert.deepEqual((await reading).parts, [text("a")]);
});

test("a call that is left sends the frame that stops it", async (context) => {
  const { socket, answer } = await served(context);
  const first = answer.next();
  await sent(socket);
  socket.receive('42["token","a"]');
  await first;
  await answer.return(/** @type {any} */ (undefined));
  await settled();
  assert.deepEqual(socket.sent[1], '42["stop"]');
});

test("a cancel while the site is silent", async (context) => {
  const { socket, answer, controller } = await served(context);
  const reading = read(answer);
  await sent(socket);
  controller.abort(new Error("enough"));
  await assert.rejects(reading, /enough/);
  await settled();
  assert.deepEqual(socket.sent[1], '42["stop"]');
});

test("a socket that closes in the middle, and one that is not there", async (context) => {
  const { socket, answer } = await served(context);
  const failing = readFailing(answer);
  await sent(socket);
  socket.close();
  assert.equal((await failing).error.kind, "truncated");
  const other = await served(context, { ...SOCKET_IO, url: "*/elsewhere" });
  const { error } = await readFailing(other.answer);
  assert.deepEqual([error.kind, error.message], ["site_changed", "The page has no such socket open as it used to."]);
});

test("an error of the site is its end: there is nothing to stop", async (context) => {
  const answer = { ...SOCKET_IO.answer, error: { event: "oops" } };
  const { socket, answer: failing } = await served(context, { ...SOCKET_IO, answer });
  const reading = readFailing(failing);
  await sent(socket);
  socket.receive('42["oops","The model broke"]');
  assert.equal((await reading).error.message, "The model broke");
  await settled();
  assert.equal(socket.sent.length, 1);
});

test("a site that keeps chats gets a new one for each call, where its page can open one", async (context) => {
  const described = description({
    ways: [SOCKET_IO],
    dom: { composer: "textarea", answer: ".answer" },
    conversation: { mode: "history", new: { click: "#new" } },
  });
  const { adapter, page, site } = await servedPage(context, described);
  let opened = 0;
  site.dom = { fresh: async () => void (opened += 1) };
  const socket = new page.WebSocket(URL_OF_IT);
  const reading = read(adapter.chat(ask("Hi"), { signal: new AbortController().signal }));
  await sent(socket);
  socket.receive('42["token","a"]');
  socket.receive('42["end"]');
  assert.deepEqual([(await reading).parts, opened], [[text("a")], 1]);
});

test("a frame that cannot be made", async (context) => {
  const { answer } = await served(context, { ...SOCKET_IO, send: "{{localStorage.token}}" });
  assert.equal((await readFailing(answer)).error.kind, "login_required");
});
