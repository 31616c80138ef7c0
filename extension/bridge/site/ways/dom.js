/**
 * The page as a person uses it: what is asked goes into the composer, and the answer is read off the page.
 */

import { filesOf, promptOf } from "../asked.js";

/**
 * @typedef {import("../site.js").Call} Call
 * @typedef {import("../site.js").Site} Site
 * @typedef {import("../site.js").Way} Way
 */

/**
 * What all ways through the page can do.
 * @param {import("../description.js").DomDescription | undefined} dom
 */
export function domCapabilities(dom) {
  const files = Boolean(dom?.file_input);
  return {
    cancel: Boolean(dom?.stop),
    ...(files ? { files, images: true, prompt_file: true } : {}),
    ...(dom?.thinking ? { reasoning: true } : {}),
  };
}

/**
 * Send a call through the page.
 * @param {Site} site
 * @param {Call} call
 */
export async function sendThrough(site, { request, signal, newChat }) {
  const files = filesOf(request);
  const picked = site.description.dom?.model_picker ? { model: request.model } : {};
  await site.dom().send(promptOf(request), { files, signal, newChat, ...picked });
}

/** Writes and reads the page. @implements {Way} */
export class DomWay {
  name = "dom";
  single = true;
  page = true;
  #site;

  /**
   * @param {import("../description.js").DomWay} _
   * @param {Site} site
   */
  constructor(_, site) {
    this.#site = site;
    this.capabilities = domCapabilities(site.description.dom);
    this.reuses = site.description.conversation?.id !== undefined;
  }

  async missing() {
    return null;
  }

  /**
   * @param {Call} call
   * @returns {import("../../adapter.js").Answer}
   */
  async *chat(call) {
    await sendThrough(this.#site, call);
    yield* this.#site.dom().answer({ signal: call.signal });
    return { finish_reason: "stop" };
  }
}
