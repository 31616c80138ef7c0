/** What the page-side program is given by its surroundings. */

import { makeSiteAdapter } from "../bridge/site/make.js";
import { connectAgent } from "./agent_client.js";

/** @returns {(description: any) => any} */
export function siteMaker() {
  /** @type {Promise<any> | undefined} */
  let agent;
  return (description) => makeSiteAdapter(description, { agent: () => (agent ??= connectAgent({ window })) });
}
