// A socket, a clock and a task queue that tests move by hand.

export class FakeSocket {
  /** @type {FakeSocket[]} */ static opened = [];
  /** @type {any[]} */ sent = [];
  /** @type {{code: number | undefined, reason: string | undefined} | null} */ closedWith = null;
  bufferedAmount = 0;
  /** @type {((event: any) => void) | null} */ onopen = null;
  /** @type {((event: any) => void) | null} */ onmessage = null;
  /** @type {((event: any) => void) | null} */ onclose = null;

  /** @param {string} url */
  constructor(url) {
    this.url = url;
    FakeSocket.opened.push(this);
  }

  static get last() {
    return /** @type {FakeSocket} */ (FakeSocket.opened.at(-1));
  }

  /** @param {string} data */
  send(data) {
    this.sent.push(JSON.parse(data));
  }

  /**
   * @param {number} [code]
   * @param {string} [reason]
   */
  close(code, reason) {
    this.closedWith = { code, reason };
  }

  /** The far end accepts. */
  open() {
    this.onopen?.({});
    return settled();
  }

  /** @param {object} frame */
  receive(frame) {
    this.onmessage?.({ data: JSON.stringify(frame) });
    return settled();
  }

  /**
   * @param {number} code
   * @param {string} [reason]
   */
  drop(code, reason = "") {
    this.onclose?.({ code, reason });
    return settled();
  }

  /** What was sent since the last look. */
  take() {
    return this.sent.splice(0);
  }
}

export class FakeTimers {
  time = 1_000_000;
  /** @type {Map<number, {at: number, callback: () => void}>} */ pending = new Map();
  #next = 1;

  /**
   * @param {() => void} callback
   * @param {number} ms
   */
  set = (callback, ms) => {
    this.#next += 1;
    this.pending.set(this.#next, { at: this.time + ms, callback });
    return this.#next;
  };

  /** @param {number} timer */
  clear = (timer) => {
    this.pending.delete(timer);
  };

  now = () => this.time;

  /**
   * Let time pass, timer by timer.
   * @param {number} ms
   */
  async pass(ms) {
    const end = this.time + ms;
    for (;;) {
      const due = [...this.pending].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
      if (!due) break;
      const [timer, { at, callback }] = due;
      this.pending.delete(timer);
      this.time = at;
      callback();
      await settled();
    }
    this.time = end;
  }

  /** Time goes by while nothing runs, as in a tab that sleeps. @param {number} ms */
  sleep(ms) {
    this.time += ms;
  }
}

/** Tasks that run when the test says so. */
export class FakeTasks {
  scheduled = false;
  run = () => {};

  /** @param {() => void} run */
  queue = (run) => {
    this.run = run;
    return {
      schedule: () => {
        this.scheduled = true;
      },
      close: () => {
        this.scheduled = false;
      },
    };
  };

  /** The next task. Returns whether there was one. */
  next() {
    if (!this.scheduled) return false;
    this.scheduled = false;
    this.run();
    return true;
  }
}

/** All that is already promised has happened. */
export function settled() {
  return new Promise((resolve) => void setImmediate(resolve));
}
