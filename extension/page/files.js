/**
 * The agent's files, in the order in which they run. Headless mode reads the quoted paths of this very file:
 * relay/bridge/headless/site_page.py.
 */
export const AGENT = [
  "page/values.js",
  "page/streams.js",
  "page/traffic.js",
  "page/fetch.js",
  "page/xhr.js",
  "page/sockets.js",
  "page/agent.js",
];
