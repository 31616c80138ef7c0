/**
 * How fast calls may follow each other: so many at a time, and so long between the beginnings of two.
 */

/** Lets calls in, in the order they came. */
export class Pace {
  #now;
  #sleep;
  #active = 0;
  #last = -Infinity;
  /** @type {(() => void)[]} */ #waiting = [];

  /** @param {{now: () => number, sleep: (ms: number, signal: AbortSignal) => Promise<void>}} clock */
  constructor({ now, sleep }) {
    this.#now = now;
    this.#sleep = sleep;
  }

  /**
   * Wait for one's turn; then {@link leave} must follow.
   * @param {{concurrency: number, interval: number, signal: AbortSignal}} options
   * @throws  the signal's reason, when it is aborted first
   */
  async enter({ concurrency, interval, signal }) {
    while (this.#active >= concurrency) await this.#turn(signal);
    signal.throwIfAborted();
    this.#active += 1;
    try {
      while (this.#now() - this.#last < interval) await this.#sleep(this.#last + interval - this.#now(), signal);
    } catch (error) {
      this.leave();
      throw error;
    }
    this.#last = this.#now();
  }

  /** The call is over. */
  leave() {
    this.#active -= 1;
    this.#waiting.shift()?.();
  }

  /** @param {AbortSignal} signal */
  #turn(signal) {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const wake = () => {
        signal.removeEventListener("abort", abort);
        resolve(undefined);
      };
      const abort = () => {
        this.#waiting = this.#waiting.filter((each) => each !== wake);
        reject(signal.reason);
      };
      signal.addEventListener("abort", abort, { once: true });
      this.#waiting.push(wake);
    });
  }
}

/**
 * A pause that a signal ends.
 * @param {Pick<typeof globalThis, "setTimeout" | "clearTimeout">} timers
 * @returns {(ms: number, signal: AbortSignal) => Promise<void>}
 */
export function sleeper(timers) {
  return (ms, signal) =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const abort = () => {
        timers.clearTimeout(timer);
        reject(signal.reason);
      };
      const timer = timers.setTimeout(() => {
        signal.removeEventListener("abort", abort);
        resolve(undefined);
      }, ms);
      signal.addEventListener("abort", abort, { once: true });
    });
}
