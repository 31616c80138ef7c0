/**
 * A port whose messages wait until somebody listens: the browser drops what nobody listens to.
 * @param {chrome.runtime.Port} port
 * @returns {import("./carriage.js").PagePort}
 */
export function held(port) {
  /** @type {any[]} */
  const waiting = [];
  let gone = false;
  /** @type {(message: any) => void} */
  let take = (message) => waiting.push(message);
  let lose = () => {
    gone = true;
  };
  port.onMessage.addListener((message) => take(message));
  port.onDisconnect.addListener(() => lose());
  return {
    postMessage: (message) => port.postMessage(message),
    disconnect: () => port.disconnect(),
    onMessage: {
      addListener(listener) {
        take = listener;
        for (const message of waiting.splice(0)) listener(message);
      },
    },
    onDisconnect: {
      addListener(listener) {
        lose = listener;
        if (gone) listener();
      },
    },
  };
}
