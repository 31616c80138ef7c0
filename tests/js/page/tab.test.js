import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { claimTab } from "../../../static/js/tab.js";

/** The locks of one browser, as far as one exclusive lock goes: https://w3c.github.io/web-locks/ */
class FakeLocks {
  /** @type {{reject: (reason: unknown) => void} | undefined} */
  holder;
  /** @type {{grant: () => void, signal: AbortSignal | undefined}[]} */
  queue = [];

  /**
   * @param {string} _name
   * @param {LockOptions} options
   * @param {(lock: object | null) => unknown} callback
   */
  request(_name, { ifAvailable = false, steal = false, signal }, callback) {
    return new Promise((resolve, reject) => {
      const grant = () => {
        this.holder = { reject };
        Promise.resolve(callback({})).then(resolve, reject);
      };
      signal?.addEventListener("abort", () => reject(signal.reason));
      if (steal) {
        this.holder?.reject(new DOMException("stolen", "AbortError"));
        grant();
      } else if (this.holder === undefined) grant();
      else if (ifAvailable) resolve(callback(null));
      else this.queue.push({ grant, signal });
    });
  }

  /** The holder's tab is closed. */
  close() {
    this.holder = undefined;
    this.queue.find(({ signal }) => signal?.aborted !== true)?.grant();
  }
}

/** @param {FakeLocks | undefined} locks */
function browser(locks) {
  Object.defineProperty(globalThis, "navigator", { value: { locks }, configurable: true });
}

/** @param {boolean} [takeOver] */
function openTab(takeOver = false) {
  /** @type {string[]} */
  const heard = [];
  const tab = claimTab({ takeOver, held: () => void heard.push("held"), elsewhere: () => void heard.push("elsewhere") });
  return { heard, take: tab.take };
}

const settled = () => new Promise((resolve) => void setImmediate(resolve));

afterEach(() => {
  Reflect.deleteProperty(globalThis, "navigator");
});

test("the first tab connects, the second waits until it is closed", async () => {
  const locks = new FakeLocks();
  browser(locks);
  const first = openTab();
  const second = openTab();
  await settled();
  assert.deepEqual([first.heard, second.heard], [["held"], ["elsewhere"]]);
  locks.close();
  assert.deepEqual(second.heard, ["elsewhere", "held"]);
});

test("a waiting tab can take over, and gives way in its turn", async () => {
  browser(new FakeLocks());
  const first = openTab();
  const second = openTab();
  second.take();
  await settled();
  assert.deepEqual([first.heard, second.heard], [
    ["held", "elsewhere"],
    ["elsewhere", "held"],
  ]);
  first.take();
  await settled();
  assert.deepEqual([first.heard, second.heard], [
    ["held", "elsewhere", "held"],
    ["elsewhere", "held", "elsewhere"],
  ]);
});

test("taking over twice, or what one has, changes nothing", async () => {
  browser(new FakeLocks());
  const first = openTab();
  first.take();
  const second = openTab();
  second.take();
  second.take();
  await settled();
  assert.deepEqual([first.heard, second.heard], [
    ["held", "elsewhere"],
    ["elsewhere", "held"],
  ]);
});

test("a tab opened to take over does not ask", async () => {
  browser(new FakeLocks());
  const first = openTab();
  const second = openTab(true);
  await settled();
  assert.deepEqual([first.heard, second.heard], [["held", "elsewhere"], ["held"]]);
});

test("a browser that refuses locks just connects", async () => {
  const refusing = new FakeLocks();
  refusing.request = () => Promise.reject(new DOMException("no storage, no locks", "SecurityError"));
  browser(refusing);
  const { heard } = openTab();
  await settled();
  assert.deepEqual(heard, ["held"]);
});

test("a browser without locks just connects", () => {
  browser(undefined);
  const tab = openTab();
  tab.take();
  assert.deepEqual(tab.heard, ["held"]);
});
