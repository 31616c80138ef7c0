import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Refused } from "../../../static/admin/js/api.js";
import { Viewing } from "../../../static/admin/js/viewing.js";

const settled = async () => {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => void setImmediate(resolve));
};

/** @param {object} head */
function block(head) {
  const json = new TextEncoder().encode(JSON.stringify(head));
  return Uint8Array.from([0, 0, 0, json.length, ...json]);
}

const PICTURE = Uint8Array.from([...block({ picture: true, url: "https://a/" }), 0, 0, 0, 1, 7]);

/** A relay that shows what the test gives it. */
class FakeApi {
  /** @type {ReadableStreamDefaultController<Uint8Array>[]} */
  open = [];
  /** @type {unknown} */
  refusal = undefined;
  /** @type {unknown[]} */
  done = [];

  /**
   * @param {string} _account
   * @param {AbortSignal} signal
   */
  async screen(_account, signal) {
    if (this.refusal !== undefined) throw this.refusal;
    return new ReadableStream({
      start: (controller) => {
        this.open.push(controller);
        signal.addEventListener("abort", () => controller.error(signal.reason));
      },
    });
  }

  /** @param {unknown[]} what */
  async input(...what) {
    this.done.push(what);
    if (this.refusal !== undefined) throw this.refusal;
  }

  /** @param {string} _account @param {string} viewing */
  async copy(_account, viewing) {
    return `copied by ${viewing}`;
  }
}

function watched() {
  const api = new FakeApi();
  /** @type {unknown[][]} */
  const heard = [];
  const viewing = new Viewing(api, "work", {
    onopen: () => void heard.push(["open"]),
    onpicture: (head, jpeg) => void heard.push(["picture", head.url, [...jpeg]]),
    onend: (why, comingBack) => void heard.push(["end", why, comingBack]),
    onproblem: (problem) => void heard.push(["problem", problem]),
  });
  return { api, heard, viewing };
}

beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => mock.timers.reset());

test("pictures come, gestures go", async () => {
  const { api, heard, viewing } = watched();
  viewing.act({ type: "paste", text: "too early" });
  viewing.open();
  await settled();
  api.open[0]?.enqueue(block({ viewing: "v1" }));
  api.open[0]?.enqueue(PICTURE);
  await settled();
  viewing.act({ type: "paste", text: "x" });
  await settled();
  assert.deepEqual(heard, [["open"], ["picture", "https://a/", [7]]]);
  assert.deepEqual(api.done, [["work", "v1", [{ type: "paste", text: "x" }]]]);
  assert.equal(await viewing.copy(), "copied by v1");
  api.refusal = new Error("It hangs.");
  viewing.act({ type: "paste", text: "y" });
  await settled();
  assert.deepEqual(heard.at(-1), ["problem", "It hangs."]);
});

test("what breaks off is opened again", async () => {
  const { api, heard, viewing } = watched();
  viewing.open();
  await settled();
  api.open[0]?.enqueue(block({ end: "The page is gone." }));
  await settled();
  mock.timers.tick(1500);
  await settled();
  api.open[1]?.close();
  await settled();
  mock.timers.tick(1500);
  await settled();
  api.open[2]?.error("torn");
  await settled();
  assert.deepEqual(heard, [
    ["end", "The page is gone.", true],
    ["end", "The connection to relay broke off.", true],
    ["end", "torn", true],
  ]);
});

test("what another viewer took, and what does not exist, waits for the person", async () => {
  const { api, heard, viewing } = watched();
  viewing.open();
  await settled();
  api.open[0]?.enqueue(block({ end: "This screen is shown elsewhere now." }));
  await settled();
  mock.timers.tick(60_000);
  await settled();
  assert.equal(api.open.length, 1);
  api.refusal = new Refused(404, "There is no account 'work'.");
  viewing.open();
  await settled();
  mock.timers.tick(60_000);
  await settled();
  assert.deepEqual(heard, [
    ["end", "This screen is shown elsewhere now.", false],
    ["end", "There is no account 'work'.", false],
  ]);
});

test("who leaves hears no more", async () => {
  const { heard, viewing } = watched();
  viewing.open();
  await settled();
  viewing.close();
  await settled();
  mock.timers.tick(60_000);
  await settled();
  assert.deepEqual(heard, []);
});
