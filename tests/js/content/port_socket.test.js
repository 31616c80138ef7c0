import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Carrier } from "../../../extension/content/port_socket.js";
import { FakePort } from "../support/port.js";
import { settled } from "../support/socket.js";

/** @type {FakePort[]} */ let ports;
/** @type {any[]} */ let heard;
let over = false;
let gone = 0;
/** @type {Carrier} */ let carrier;

beforeEach(() => {
  ports = [];
  heard = [];
  over = false;
  gone = 0;
  carrier = new Carrier({
    connect: () => (over ? null : (ports[ports.push(new FakePort()) - 1] ?? null)),
    onmessage: (message) => heard.push(message),
    ongone: () => {
      gone += 1;
    },
  });
});

/** A socket that writes down what happens to it. */
function socket() {
  const made = new carrier.Socket();
  /** @type {any[]} */
  const events = [];
  made.onopen = () => events.push("open");
  made.onmessage = ({ data }) => events.push(data);
  made.onclose = ({ code, reason }) => events.push([code, reason]);
  return { made, events };
}

test("a socket is opened over the port, and frames go both ways", async () => {
  const { made, events } = socket();
  await ports[0]?.say({ type: "opened", socket: 1 });
  made.send("hello");
  await ports[0]?.say({ type: "frame", socket: 1, data: "welcome" });

  assert.deepEqual(ports[0]?.posted, [
    { type: "open", socket: 1 },
    { type: "frame", socket: 1, data: "hello" },
  ]);
  assert.deepEqual(events, ["open", "welcome"]);
});

test("the far end closes it once", async () => {
  const { events } = socket();
  await ports[0]?.say({ type: "closed", socket: 1, code: 4401, reason: "refused" });
  await ports[0]?.say({ type: "closed", socket: 1, code: 1000, reason: "" });

  assert.deepEqual(events, [[4401, "refused"]]);
});

test("nothing is heard of a socket that this end closed", async () => {
  const { made, events } = socket();
  made.close(4000, "silent");
  await ports[0]?.say({ type: "closed", socket: 1, code: 1006, reason: "" });

  assert.deepEqual(events, []);
  assert.deepEqual(ports[0]?.posted.at(-1), { type: "close", socket: 1, code: 4000, reason: "silent" });
});

test("a socket closes normally unless told otherwise", () => {
  socket().made.close();

  assert.deepEqual(ports[0]?.posted.at(-1), { type: "close", socket: 1, code: 1000, reason: "" });
});

test("what is late for the socket before is not taken for this one's", async () => {
  socket().made.close(4000);
  const { events } = socket();
  await ports[0]?.say({ type: "frame", socket: 1, data: "late" });
  await ports[0]?.say({ type: "closed", socket: 1, code: 1006, reason: "" });
  await ports[0]?.say({ type: "opened", socket: 2 });

  assert.deepEqual(events, ["open"]);
  assert.equal(ports.length, 1);
});

test("a lost port breaks its socket, and the next socket has a new port", async () => {
  const first = socket();
  await ports[0]?.lose();
  const second = socket();
  await ports[0]?.say({ type: "opened", socket: 1 });
  await ports[1]?.say({ type: "opened", socket: 2 });

  assert.deepEqual(first.events, [[1006, ""]]);
  assert.deepEqual(second.events, ["open"]);
});

test("a port that is lost without a socket is not missed", async () => {
  carrier.connect();
  await ports[0]?.lose();
  await ports[0]?.lose();

  assert.equal(ports.length, 1);
});

test("a port that died unnoticed breaks the socket that tries to send", async () => {
  const { made, events } = socket();
  const [port] = ports;
  assert.ok(port);
  port.dead = true;
  made.send("x");
  await settled();

  assert.deepEqual(events, [[1006, ""]]);
});

test("without any port to come the socket breaks, and that is said after it exists", async () => {
  over = true;
  const { events } = socket();
  assert.equal(gone, 0);
  await settled();

  assert.equal(gone, 1);
  assert.deepEqual(events, [[1006, ""]]);
});

test("a socket that nobody listens to breaks in silence", async () => {
  over = true;
  new carrier.Socket();
  await settled();

  assert.equal(gone, 1);
});

test("what is about no socket is the program's", async () => {
  carrier.connect();
  carrier.connect();
  await ports[0]?.say({ type: "stop" });
  carrier.post({ type: "view" });

  assert.deepEqual(heard, [{ type: "stop" }]);
  assert.deepEqual(ports[0]?.posted, [{ type: "view" }]);
});

test("who leaves hears nothing more", async () => {
  const { events } = socket();
  carrier.disconnect();
  await ports[0]?.say({ type: "opened", socket: 1 });
  carrier.post({ type: "view" });

  assert.equal(ports[0]?.disconnected, true);
  assert.deepEqual(events, []);
  assert.equal(ports[0]?.posted.length, 1);
});
