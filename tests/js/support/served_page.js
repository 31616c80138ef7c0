// The agent and a site's adapter around the same pretended page.
import { SiteAdapter } from "../../../extension/bridge/site/adapter.js";
import { parseDescription } from "../../../extension/bridge/site/description.js";
import { withAgent } from "./agent.js";
import { FakeSite } from "./site.js";

/**
 * @param {import("node:test").TestContext} context
 * @param {unknown} described
 * @param {Record<string, unknown>} [globals]  what the page has in its window
 */
export async function servedPage(context, described, globals) {
  const { page, agent } = await withAgent(context, globals);
  const site = new FakeSite();
  site.agent = agent;
  const adapter = new SiteAdapter(parseDescription(described), site.environment);
  context.after(() => adapter.close());
  return { page, agent, site, adapter };
}
