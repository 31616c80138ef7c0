/**
 * Paint at most once a frame while the page is visible, not at all while it is hidden, and once when it is shown again.
 */

export class Repaint {
  /** @param {() => void} paint */
  constructor(paint) {
    this.paint = paint;
    this.wanted = false;
    this.asked = false;
    document.addEventListener("visibilitychange", () => {
      if (this.wanted) this.#ask();
    });
  }

  /** Something to be seen has changed. */
  request() {
    this.wanted = true;
    this.#ask();
  }

  #ask() {
    if (this.asked || document.hidden) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      this.wanted = false;
      this.paint();
    });
  }
}

/** Call `tick` every second while the page is visible and there is something to count. */
export class Clock {
  /** @param {() => void} tick */
  constructor(tick) {
    this.tick = tick;
    this.needed = false;
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.timer = undefined;
    document.addEventListener("visibilitychange", () => this.#adjust());
  }

  /** @param {boolean} needed */
  run(needed) {
    this.needed = needed;
    this.#adjust();
  }

  #adjust() {
    const wanted = this.needed && !document.hidden;
    if (wanted && this.timer === undefined) {
      this.timer = setInterval(this.tick, 1000);
    } else if (!wanted && this.timer !== undefined) {
      clearInterval(this.timer);
      this.timer = undefined;
    }
  }
}
