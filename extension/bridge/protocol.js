/**
 * The page's end of the bridge protocol, without socket, DOM, timer or clock.
 *
 * Feed it what happens (`open`, `receive`, `closed`, and what the adapter does), send what `drain` returns, and act on
 * the events. It survives sockets: calls go on where they stopped if the `welcome` after the next `open` wants them.
 * The contract is docs/reference/bridge-protocol.md.
 */

import { MalformedFrame, PROTOCOL_VERSIONS, decode, encode, isMethod } from "./frames.js";
import { Outgoing } from "./outgoing.js";

/**
 * @typedef {import("./frames.js").WelcomeFrame} WelcomeFrame
 * @typedef {import("./frames.js").ByeFrame} ByeFrame
 * @typedef {import("./frames.js").Asked} Asked
 * @typedef {import("./frames.js").PageState} PageState
 * @typedef {import("./frames.js").Part} Part
 * @typedef {import("./adapter.js").Finish} Finish
 * @typedef {{kind: import("./frames.js").FailKind, message: string, retry_after?: number | undefined}} Failure
 * @typedef {Omit<import("./frames.js").HelloFrame, "type" | "protocols" | "resume">} HelloFields
 */

/**
 * What the host must act on. `room` says that a call which was not writable may go on; `abort` has the relay's reason,
 * or `gone` when relay no longer wants the call.
 * @typedef {{kind: "welcome", frame: WelcomeFrame}} WelcomeEvent
 * @typedef {{kind: "start", call: string, attempt: number} & Asked} StartEvent
 * @typedef {{kind: "abort", call: string, attempt: number, reason: string}} AbortEvent
 * @typedef {{kind: "room", call: string, attempt: number}} RoomEvent
 * @typedef {{kind: "bye", frame: ByeFrame}} ByeEvent
 * @typedef {{kind: "malformed", message: string}} MalformedEvent  Close the socket with 4400.
 * @typedef {WelcomeEvent | StartEvent | AbortEvent | RoomEvent | ByeEvent | MalformedEvent} ProtocolEvent
 */

/**
 * @typedef {object} Call
 * @property {string} call
 * @property {number} attempt
 * @property {Outgoing} outgoing
 * @property {string | null} ending  The `done` or `fail` frame, once there is one.
 * @property {boolean} endingSent
 */

/** Close codes after which relay has given up the calls of the socket. */
const FINAL_CODES = new Set([1000, 1001, 4001, 4401, 4409]);
/** Failures after which relay waits until it hears how the site is. */
const TELLING = new Set(["login_required", "blocked"]);
const LONGEST_SENTENCE = 4096;

/** One session's end of the protocol. */
export class PageProtocol {
  /** @type {string | null} */ session = null;
  /** @type {WelcomeFrame | null} */ #welcome = null;
  /** @type {Map<string, Call>} */ #calls = new Map();
  /** @type {PageState | null} */ #state = null;
  /** @type {string[]} */ #queue = [];
  /** Whether relay waits for a `state`, changed or not. */
  #awaited = false;

  /** Whether relay has welcomed this link. */
  get online() {
    return this.#welcome !== null;
  }

  /**
   * A new socket is open: greet.
   * @param {HelloFields} fields  `session` counts only while this object has none of its own
   */
  open(fields) {
    this.#welcome = null;
    const session = this.session ?? fields.session;
    const resume = [...this.#calls.values()].map(({ call, attempt, outgoing }) => ({
      call,
      attempt,
      sent: outgoing.produced,
    }));
    this.#queue = [
      encode({
        type: "hello",
        protocols: PROTOCOL_VERSIONS,
        ...fields,
        ...(session ? { session } : {}),
        ...(resume.length ? { resume } : {}),
      }),
    ];
  }

  /**
   * Take a text frame of relay.
   * @param {string} data
   * @returns {ProtocolEvent[]}
   */
  receive(data) {
    try {
      const frame = decode(data);
      return frame ? this.#take(frame) : [];
    } catch (error) {
      if (error instanceof MalformedFrame) return [{ kind: "malformed", message: error.message }];
      throw error;
    }
  }

  /**
   * The socket is gone.
   * @param {number} code
   * @returns {ProtocolEvent[]}  aborts, if the calls went with it
   */
  closed(code) {
    this.#welcome = null;
    this.#queue = [];
    return FINAL_CODES.has(code) ? this.#dropCalls(() => true) : [];
  }

  /**
   * Tell relay what the site can do now. A field left out keeps its last value, but `detail` and `reason` go with their
   * state, and the `account` with its login.
   * @param {PageState} partial
   */
  setState(partial) {
    const before = this.#state;
    /** @type {Partial<PageState>} */
    const known = { ...before };
    if (partial.state !== known.state) {
      delete known.detail;
      delete known.reason;
    }
    const stale = before?.detail && !known.detail;
    const wanted = { ...(stale ? { detail: "" } : {}), ...dropUndefined(partial) };
    if (wanted.detail) wanted.detail = shorten(wanted.detail);
    const changed = Object.entries(wanted).filter(
      ([name, value]) => JSON.stringify(value) !== JSON.stringify(known[/** @type {keyof PageState} */ (name)]),
    );
    if (!changed.length && !this.#awaited) return;
    this.#awaited = false;
    this.#state = { ...known, ...wanted };
    if (wanted.state === "login_required") delete this.#state.account;
    if (this.online) this.#queue.push(encode({ type: "state", state: wanted.state, ...Object.fromEntries(changed) }));
  }

  /**
   * Whether the adapter of this call may go on. Nothing is refused before: what is emitted in spite of it just waits.
   * @param {string} call
   */
  writable(call) {
    return this.#running(call)?.outgoing.writable ?? false;
  }

  /**
   * The next parts of an answer. Calls that relay does not want are ignored, here and below.
   * @param {string} call
   * @param {Part[]} parts
   * @throws {import("./outgoing.js").PartTooLarge}
   */
  emit(call, parts) {
    const running = this.#running(call);
    if (running) for (const part of parts) running.outgoing.add(part);
  }

  /**
   * The answer is complete.
   * @param {string} call
   * @param {Finish} finish
   */
  finish(call, { finish_reason, usage, conversation }) {
    const rest = { ...(usage ? { usage } : {}), ...(conversation ? { conversation } : {}) };
    this.#end(call, (head) => encode({ type: "done", ...head, finish_reason, ...rest }));
  }

  /**
   * The answer failed; what was emitted before is still sent.
   * @param {string} call
   * @param {Failure} failure
   */
  fail(call, { kind, message, retry_after }) {
    this.#awaited ||= TELLING.has(kind);
    const wait = retry_after !== undefined && retry_after >= 0 ? { retry_after } : {};
    this.#end(call, (head) => encode({ type: "fail", ...head, kind, message: shorten(message), ...wait }));
  }

  /**
   * The frames to send now, in order. Nothing is held back but what credit and limits forbid.
   * @returns {string[]}
   */
  drain() {
    const frames = this.#queue.splice(0);
    if (!this.online) return frames;
    for (const call of this.#calls.values()) frames.push(...this.#framesOf(call));
    return frames;
  }

  /**
   * @param {import("./frames.js").RelayFrame} frame
   * @returns {ProtocolEvent[]}
   */
  #take(frame) {
    switch (frame.type) {
      case "welcome":
        return this.#greeted(frame);
      case "call":
        return this.#called(frame);
      case "credit":
        return this.#credited(frame);
      case "cancel":
        return this.#dropCalls((call) => call.call === frame.call && call.attempt === frame.attempt, frame.reason);
      case "ping":
        this.#queue.unshift(encode({ type: "pong", t: frame.t }));
        return [];
      case "bye":
        return [{ kind: "bye", frame }];
    }
  }

  /**
   * @param {WelcomeFrame} frame
   * @returns {ProtocolEvent[]}
   */
  #greeted(frame) {
    this.#welcome = frame;
    this.session = frame.session;
    const wanted = new Map(frame.resume.map((each) => [each.call, each]));
    const dropped = this.#dropCalls((call) => wanted.get(call.call)?.attempt !== call.attempt);
    if (this.#state) this.#queue.push(encode({ type: "state", ...this.#state }));
    const resumed = [...this.#calls.values()].flatMap((call) =>
      this.#resume(call, /** @type {import("./frames.js").ResumeWanted} */ (wanted.get(call.call))),
    );
    return [{ kind: "welcome", frame }, ...dropped, ...resumed];
  }

  /**
   * @param {Call} call
   * @param {import("./frames.js").ResumeWanted} wanted
   * @returns {ProtocolEvent[]}
   */
  #resume(call, { next, upto }) {
    const { outgoing } = call;
    outgoing.limits = this.#limits;
    outgoing.grant(upto);
    call.endingSent = false;
    if (outgoing.rewind(next)) return outgoing.writable && !call.ending ? [roomFor(call)] : [];
    const { call: id, attempt } = call;
    this.#queue.push(
      encode({
        type: "fail",
        call: id,
        attempt,
        seq: outgoing.produced,
        kind: "internal",
        message: "the parts to resume from are gone",
      }),
    );
    return this.#dropCalls((each) => each === call);
  }

  /**
   * @param {import("./frames.js").CallFrame} frame
   * @returns {ProtocolEvent[]}
   */
  #called({ call, attempt, method, request, credit }) {
    const known = this.#calls.get(call);
    if (!this.online || (known && known.attempt >= attempt)) return [];
    const superseded = this.#dropCalls((each) => each === known);
    this.#calls.set(call, {
      call,
      attempt,
      outgoing: new Outgoing({ upto: credit, limits: this.#limits }),
      ending: null,
      endingSent: false,
    });
    if (!isMethod(method)) {
      this.fail(call, { kind: "unsupported", message: `this page knows no method ${method}` });
      return superseded;
    }
    this.#queue.push(encode({ type: "accepted", call, attempt }));
    const asked = /** @type {Asked} */ ({ method, request });
    return [...superseded, { kind: "start", call, attempt, ...asked }];
  }

  /**
   * @param {import("./frames.js").CreditFrame} frame
   * @returns {ProtocolEvent[]}
   */
  #credited({ call: id, attempt, ack, upto }) {
    const call = this.#calls.get(id);
    if (call?.attempt !== attempt) return [];
    call.outgoing.acknowledge(ack);
    call.outgoing.grant(upto);
    if (call.ending) {
      if (ack > call.outgoing.produced) this.#calls.delete(id); // the end has the number after the last part
      return [];
    }
    return call.outgoing.writable ? [roomFor(call)] : [];
  }

  /**
   * Forget calls; those that were still running become abort events.
   * @param {(call: Call) => boolean} unwanted
   * @param {string} [reason]
   * @returns {AbortEvent[]}
   */
  #dropCalls(unwanted, reason = "gone") {
    const dropped = [...this.#calls.values()].filter(unwanted);
    for (const { call } of dropped) this.#calls.delete(call);
    return dropped
      .filter(({ ending }) => !ending)
      .map(({ call, attempt }) => ({ kind: "abort", call, attempt, reason }));
  }

  /** @param {string} call */
  #running(call) {
    const known = this.#calls.get(call);
    return known && !known.ending ? known : undefined;
  }

  /**
   * @param {string} id
   * @param {(head: {call: string, attempt: number, seq: number}) => string} frame
   */
  #end(id, frame) {
    const running = this.#running(id);
    if (!running) return;
    running.outgoing.finish();
    running.ending = frame({ call: id, attempt: running.attempt, seq: running.outgoing.produced });
  }

  /**
   * @param {Call} call
   * @returns {string[]}
   */
  #framesOf(call) {
    const { call: id, attempt, outgoing } = call;
    const frames = [];
    const head = `{"type":"parts","call":${JSON.stringify(id)},"attempt":${attempt}`;
    for (let batch = outgoing.take(); batch; batch = outgoing.take()) {
      frames.push(`${head},"seq":${batch.seq},"parts":${batch.parts}}`);
    }
    if (call.ending && !call.endingSent && outgoing.next === outgoing.produced) {
      frames.push(call.ending);
      call.endingSent = true;
    }
    return frames;
  }

  get #limits() {
    return /** @type {WelcomeFrame} */ (this.#welcome).limits;
  }
}

/**
 * @param {Call} call
 * @returns {RoomEvent}
 */
function roomFor({ call, attempt }) {
  return { kind: "room", call, attempt };
}

/**
 * @template {object} T
 * @param {T} object
 * @returns {T}
 */
function dropUndefined(object) {
  return /** @type {T} */ (Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)));
}

/** @param {string} sentence */
function shorten(sentence) {
  return sentence.toWellFormed().slice(0, LONGEST_SENTENCE).toWellFormed();
}
