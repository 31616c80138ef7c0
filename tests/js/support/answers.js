// Reading an adapter's answer to its end.

/**
 * @param {import("../../../extension/bridge/adapter.js").Answer} answer
 */
export async function read(answer) {
  /** @type {import("../../../extension/bridge/frames.js").Part[]} */
  const parts = [];
  for (;;) {
    const next = await answer.next();
    if (next.done) return { parts, finish: next.value };
    parts.push(next.value);
  }
}

/**
 * The parts before a failure, and the failure.
 * @param {import("../../../extension/bridge/adapter.js").Answer} answer
 */
export async function readFailing(answer) {
  const parts = [];
  try {
    for await (const part of answer) parts.push(part);
  } catch (error) {
    return { parts, error: /** @type {import("../../../extension/bridge/adapter.js").AdapterError} */ (error) };
  }
  throw new Error("the answer did not fail");
}

/**
 * A request of one user message.
 * @param {string} text
 * @param {Partial<import("../../../extension/bridge/frames.js").ChatRequest>} [fields]
 * @returns {import("../../../extension/bridge/frames.js").ChatRequest}
 */
export function ask(text, fields = {}) {
  return { model: "m", messages: [{ role: "user", content: [{ type: "text", text }] }], ...fields };
}
