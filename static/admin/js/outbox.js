/**
 * Gestures on their way to relay: in order, one request at a time, and no more of them than needed.
 */

/** @typedef {import("./gestures.js").Gesture} Gesture */

/** How many gestures go in one request, and how many may wait for a relay that is slow. */
const MOST = 200;

export class Outbox {
  /**
   * @param {(events: Gesture[]) => Promise<void>} send
   * @param {(error: unknown) => void} onerror What could not be sent is lost.
   */
  constructor(send, onerror) {
    this.send = send;
    this.onerror = onerror;
    /** @type {Gesture[]} */
    this.waiting = [];
    this.sending = false;
  }

  /** @param {Gesture} gesture */
  push(gesture) {
    const last = this.waiting.at(-1);
    const both = last === undefined ? undefined : merged(last, gesture);
    if (both !== undefined) this.waiting[this.waiting.length - 1] = both;
    else if (this.waiting.length < MOST) this.waiting.push(gesture);
    if (!this.sending) void this.#empty();
  }

  async #empty() {
    this.sending = true;
    while (this.waiting.length > 0) {
      const events = this.waiting;
      this.waiting = [];
      try {
        await this.send(events);
      } catch (error) {
        this.onerror(error);
      }
    }
    this.sending = false;
  }
}

/**
 * @param {Gesture} first
 * @param {Gesture} second
 * @returns {Gesture | undefined} what both do, if that is less than both
 */
function merged(first, second) {
  if (first.type === "mouse" && second.type === "mouse" && first.action === "move" && second.action === "move") return second;
  if (first.type === "touch" && second.type === "touch" && first.action === "move" && second.action === "move") return second;
  if (first.type === "wheel" && second.type === "wheel" && first.modifiers === second.modifiers) {
    return { ...second, dx: first.dx + second.dx, dy: first.dy + second.dy };
  }
  if (first.type === "resize" && second.type === "resize") return second;
  return undefined;
}
