import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Memory } from "../../../extension/background/memory.js";
import { Seats } from "../../../extension/background/seats.js";
import { storage } from "../support/chrome.js";

const SITE = "https://chat.example";
/** @type {any} */ let kept;
/** @type {Seats} */ let seats;

beforeEach(async () => {
  kept = storage();
  seats = new Seats(await Memory.load(kept));
});

/** What another worker, or another run of the browser, finds. */
async function later({ sameBrowser = true } = {}) {
  const session = sameBrowser ? kept.session.kept : {};
  return new Seats(await Memory.load(storage({ local: kept.local.kept, session })));
}

const places = (/** @type {Seats} */ of = seats) => of.all.map(({ origin, tab, paused }) => [origin, tab, paused]);

test("a tab that was connected has its seat, also for the next worker", async () => {
  const { id } = seats.give(1, SITE);
  seats.note(id, { session: "s1" });
  seats.pause(id, true);

  assert.equal(seats.give(1, SITE).id, id);
  assert.deepEqual((await later()).all, [{ id, origin: SITE, paused: true, tab: 1, session: "s1", late: null }]);
});

test("a tab that nobody connected gets none", () => {
  assert.equal(seats.settle(1, SITE), undefined);
  assert.equal(seats.settle(1, SITE), undefined);
  seats.give(2, SITE);
  assert.equal(seats.settle(1, SITE), undefined);
});

test("the next tab of the site takes the seat of one that was closed", () => {
  seats.settle(7, SITE);
  const { id } = seats.give(1, SITE);
  seats.vacate(1);

  assert.deepEqual(places(), [[SITE, null, false]]);
  assert.equal(seats.settle(7, SITE), undefined); // was there before, without a seat
  assert.equal(seats.settle(8, "https://other.example"), undefined);
  assert.equal(seats.settle(9, SITE)?.id, id);
});

test("a browser that begins anew finds its seats empty, and fills them", async () => {
  const { id } = seats.give(1, SITE);
  const next = await later({ sameBrowser: false });

  assert.deepEqual(places(next), [[SITE, null, false]]);
  assert.equal(next.settle(5, SITE)?.id, id);
  assert.equal(next.give(5, SITE).id, id);
});

test("connecting fills an empty seat first", () => {
  const { id } = seats.give(1, SITE);
  seats.vacate(1);
  assert.equal(seats.give(2, SITE).id, id);
});

test("a tab that was disconnected does not come back by itself", () => {
  const { id } = seats.give(1, SITE);
  const other = seats.give(2, SITE);
  seats.vacate(2);
  seats.remove(id);

  assert.equal(seats.settle(1, SITE), undefined);
  assert.equal(seats.get(id), undefined);
  seats.remove(other.id);
  assert.deepEqual(seats.all, []);
});

test("a tab has one seat, that of the site it was last connected for", () => {
  seats.give(1, SITE);
  seats.give(1, "https://other.example");
  assert.deepEqual(places(), [[SITE, null, false], ["https://other.example", 1, false]]);
});

test("a tab may get another number", () => {
  const { id } = seats.give(1, SITE);
  seats.renumber(5, 1);
  assert.equal(seats.at(5, SITE)?.id, id);
});

test("what is not there cannot be changed", () => {
  seats.note("x", { session: "s" });
  seats.pause("x", true);
  assert.deepEqual(seats.all, []);
});
