/**
 * One connected tab a browser: two would share the account's limits, and which of them answers would be chance.
 */

const LOCK = "relay.page";

/**
 * Wait for the right to connect. A browser does not freeze a tab that holds a lock, either.
 * https://developer.mozilla.org/docs/Web/API/Web_Locks_API
 *
 * @param {object} options
 * @param {boolean} options.takeOver Do not wait for another tab.
 * @param {() => void} options.held This tab may connect.
 * @param {() => void} options.elsewhere Another tab does, or has just taken over; this one is next when that one is closed.
 * @returns {{take: () => void}} `take` takes over from the other tab
 */
export function claimTab({ takeOver, held, elsewhere }) {
  if (navigator.locks === undefined) {
    held();
    return { take: () => undefined };
  }
  /** @type {AbortController | undefined} Set while this tab is in the queue. */
  let queued;

  let holding = false;

  const hold = () => {
    queued = undefined;
    holding = true;
    held();
    // For as long as the page lives, or until another tab takes over.
    return new Promise(() => {});
  };

  const wait = () => {
    holding = false;
    elsewhere();
    queued = new AbortController();
    request({ signal: queued.signal });
  };

  /** @param {LockOptions} options */
  const request = (options) => {
    navigator.locks
      .request(LOCK, options, (lock) => (lock === null ? wait() : hold()))
      .catch(() => {
        if (options.signal?.aborted === true) return;
        // What was held can only be stolen; what is refused (a browser that stores nothing) is refused for ever.
        if (holding) wait();
        else held();
      });
  };

  request(takeOver ? { steal: true } : { ifAvailable: true });
  return {
    take: () => {
      if (queued === undefined) return;
      queued.abort();
      queued = undefined;
      request({ steal: true });
    },
  };
}
