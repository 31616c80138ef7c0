/**
 * Begins a lesson in the page this is loaded into. There is one at a time in a document.
 */

import { connectAgent } from "../content/agent_client.js";
import { Lesson } from "./lesson.js";
import { Dismissed, Forgotten, Panel } from "./panel.js";

/** @type {Panel | null} */
let open = null;

/**
 * @param {object} options
 * @param {(description: import("../bridge/site/description.js").SiteDescription) => Promise<void>} options.save
 * @param {import("../bridge/site/description.js").SiteDescription} [options.previous]  what was taught before
 * @param {number} [options.patience]  milliseconds without a step, after which the lesson ends
 * @returns {Promise<import("../bridge/site/description.js").SiteDescription | null>}  null: the person did not want it
 */
export async function teach({ save, previous, patience }) {
  open?.close();
  const panel = new Panel(document, { patience });
  open = panel;
  /** @type {ReturnType<typeof connectAgent> | undefined} */
  let connected;
  const agent = () => (connected ??= connectAgent({ window }));
  try {
    return await new Lesson({ document, panel, agent, save, ...(previous ? { previous } : {}) }).run();
  } catch (error) {
    if (panel.signal.reason instanceof Forgotten) sayForgotten();
    if (error instanceof Dismissed || panel.signal.aborted) return null;
    const text = error instanceof Error ? error.message : "Something went wrong.";
    await panel.show({ title: "That did not work", text, choices: [{ value: "close", label: "Close", primary: true }] }).catch(() => {});
    return null;
  } finally {
    panel.close();
    void connected?.then(
      (client) => client.close(),
      () => {},
    );
  }
}

/** Nobody waits for this: the lesson is over, and whoever comes back learns why. */
function sayForgotten() {
  const panel = new Panel(document);
  open = panel;
  const text = "Nothing was done for a long time. Nothing is saved; begin again with relay's button in the toolbar.";
  const choices = [{ value: "close", label: "Close", primary: true }];
  void panel
    .show({ title: "The lesson has ended", text, choices })
    .catch(() => {})
    .finally(() => panel.close());
}
