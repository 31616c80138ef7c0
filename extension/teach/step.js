/**
 * A step of a lesson, and what all of them work with.
 */

/**
 * @typedef {object} Tools
 * @property {import("./findings.js").Findings} findings
 * @property {import("./panel.js").Panel} panel
 * @property {import("./messages.js").Messages} messages
 * @property {() => Promise<import("../content/agent_client.js").AgentClient>} agent
 */

/** Reads and adds to the findings. */
export class Step {
  /** @param {Tools} tools */
  constructor({ findings, panel, messages, agent }) {
    this.findings = findings;
    this.document = findings.document;
    this.panel = panel;
    this.messages = messages;
    this.agent = agent;
  }
}
