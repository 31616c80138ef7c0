/**
 * Puter's own `puter.ai.chat` (https://docs.puter.com/AI/chat/): the way for a service whose endpoint changed.
 *
 * It cannot be aborted, only left, and it opens a dialog when the login is gone.
 */

import { AdapterError } from "../../adapter.js";
import { StreamReader, readAnswer } from "./answer.js";
import { errorOf } from "./errors.js";

/**
 * Run one chat call. Hidden retries of the SDK are off: relay owns them.
 * @param {import("../puter.js").Puter} puter
 * @param {import("./request.js").ChatArguments} args
 * @param {AbortSignal} signal
 * @returns {import("../../adapter.js").Answer}
 */
export async function* callSdk(puter, { messages, ...options }, signal) {
  puter.config = { ...puter.config, autoRetry: false };
  try {
    const answer = await puter.ai.chat(messages, options);
    if (!isStream(answer)) {
      const { parts, finish } = readAnswer(answer);
      yield* parts;
      return finish;
    }
    const reader = new StreamReader();
    for await (const line of answer) {
      if (signal.aborted) break;
      yield* reader.feed(line);
    }
    return reader.end();
  } catch (error) {
    if (error instanceof AdapterError) throw error;
    if (error instanceof SyntaxError)
      throw new AdapterError("truncated", "Puter's stream broke inside a line", { cause: error });
    if (error instanceof Error) throw new AdapterError("network", "Puter cannot be reached", { cause: error });
    throw errorOf(error);
  }
}

/**
 * @param {any} answer
 * @returns {answer is AsyncIterable<Record<string, any>>}
 */
function isStream(answer) {
  return typeof answer?.[Symbol.asyncIterator] === "function";
}
