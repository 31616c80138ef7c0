/**
 * Running something in the next task, once, however often it was asked for.
 *
 * Hidden tabs slow timers to one a second, but not messages: so a MessageChannel carries it where there is one.
 */

/**
 * @typedef {object} TaskQueue
 * @property {() => void} schedule
 * @property {() => void} close  Forget what is scheduled; a later `schedule` works again.
 */

/**
 * @param {() => void} run
 * @returns {TaskQueue}
 */
export function taskQueue(run) {
  /** @type {MessageChannel | null} */
  let channel = null;
  let pending = false;

  function open() {
    const opened = new MessageChannel();
    opened.port1.onmessage = () => {
      pending = false;
      run();
    };
    return opened;
  }

  return {
    schedule() {
      if (pending) return;
      pending = true;
      channel ??= open();
      channel.port2.postMessage(null);
    },
    close() {
      pending = false;
      channel?.port1.close();
      channel = null;
    },
  };
}
