/**
 * An adapter without a site: a scripted answer that calls itself a demo. It shows that the way from a client to this
 * page and back works, with tools too, before anybody has signed in anywhere.
 */

import { MEDIA_PARAMETERS, METHODS, media } from "./demo_media.js";

/**
 * @typedef {import("../frames.js").ChatRequest} ChatRequest
 * @typedef {import("../frames.js").Message} Message
 * @typedef {import("../frames.js").Part} Part
 * @typedef {import("../frames.js").Tool} Tool
 * @typedef {{tool: Tool, input: Record<string, unknown>}} Plan
 */

const MODEL = "demo";
const CHARACTERS_PER_TOKEN = 4;
const PACE_MS = 20;

const FILE_WISH = /\b(create|write|make|save|generate)\b[^.?!]*(\b(file|page|script|document|program)\b|\.[a-z]{2,4}\b)/i;
/** Only a file that is to be made anew gets the name that was asked for: no work of anybody may be written over. */
const NEW_FILE = /\b(create|make|generate)\b[^.?!]*?\b([\w/-]*[\w-]\.(?:txt|md|html?|js|ts|py|css|json))\b/i;
/** What coding agents put around the words of the person. */
const SURROUNDINGS = /<(environment_details|system-reminder)>[\s\S]*?<\/\1>/g;
const PATH_FIELD = /^(path|file|file_?path|file_?name|target_file)$/i;
const CONTENT_FIELD = /^(content|contents|text|file_text|code|new_content|diff)$/i;

/** Says the same things to everybody. */
export class DemoAdapter {
  id = "demo";
  #pause;

  /** @param {{pause?: () => Promise<void>}} [options]  `pause` is the time between two words */
  constructor({ pause = () => new Promise((resolve) => void setTimeout(resolve, PACE_MS)) } = {}) {
    this.#pause = pause;
  }

  matches() {
    return true;
  }

  /** @returns {Promise<import("../adapter.js").AdapterStatus>} */
  async status() {
    return {
      state: "ready",
      detail: "Demo: scripted answers, no model behind them.",
      account: { id: "demo", label: "Demo" },
      capabilities: {
        ...{ tools: true, reasoning: true, images: true, system: true, cancel: true },
        ...{ methods: METHODS, parameters: MEDIA_PARAMETERS },
      },
      limits: { concurrency: 8 },
      models: [
        { id: MODEL, name: "Demo (scripted, not a model)", owned_by: "relay", methods: ["chat", ...METHODS] },
      ],
    };
  }

  /**
   * @param {ChatRequest} request
   * @param {{signal: AbortSignal}} options
   * @returns {import("../adapter.js").Answer}
   */
  async *chat(request, { signal }) {
    const answer = script(request);
    let characters = 0;
    for (const part of answer) {
      signal.throwIfAborted();
      characters += lengthOf(part);
      yield part;
      await this.#pause();
    }
    return {
      finish_reason: answer.at(-1)?.type === "tool_call" ? "tool_calls" : "stop",
      usage: { input_tokens: tokens(JSON.stringify(request.messages).length), output_tokens: tokens(characters) },
    };
  }

  /**
   * @param {import("../frames.js").MediaAsked} asked
   * @param {{signal: AbortSignal}} options
   * @returns {import("../adapter.js").Answer}
   */
  async *media(asked, { signal }) {
    for (const part of media(asked)) {
      signal.throwIfAborted();
      yield part;
      await this.#pause();
    }
    return { finish_reason: "stop" };
  }
}

/**
 * @param {ChatRequest} request
 * @returns {Part[]}
 */
function script(request) {
  const last = request.messages.at(-1);
  if (last?.role === "tool") return afterTool(request.messages, last);
  const asked = lastWords(request.messages);
  const plan = planFor(request, asked);
  if (!plan) return [...words("reasoning", "I am a demo: I only repeat."), ...words("text", plain(asked))];
  return [
    ...words("reasoning", `I am a demo, but a tool fits: ${plan.tool.name}.`),
    ...words(
      "text",
      `This is relay's demo, not a model. It calls your tool ${plan.tool.name} once, so that you see the loop work.`,
    ),
    {
      type: "tool_call",
      id: `call_demo_${request.messages.length}`,
      name: plan.tool.name,
      arguments: JSON.stringify(plan.input),
    },
  ];
}

/** @param {string} asked */
function plain(asked) {
  const heard = asked.length > 200 ? `${asked.slice(0, 200)}…` : asked;
  const proof = "This is relay's demo, not a model: your request reached this page and came back.";
  return `${proof} You said: ${heard}\n\nSign in to a chat on relay's page for real answers.`;
}

/**
 * Words end it: one call shows the loop.
 * @param {Message[]} messages
 * @param {import("../frames.js").ToolMessage} result
 * @returns {Part[]}
 */
function afterTool(messages, result) {
  const results = messages.filter(({ role }) => role === "tool").length;
  const outcome = result.is_error ? "it reported an error" : "it worked";
  return [
    ...words("reasoning", `The tool answered (${results} in all).`),
    ...words("text", `The tool answered, and ${outcome}. That is all the demo does: `),
    ...words("text", "the loop from your client through this page and back is complete."),
  ];
}

/**
 * One plausible call: the tool that the user names, or the first that can write a file when a file is wanted.
 * @param {ChatRequest} request
 * @param {string} asked
 * @returns {Plan | null}
 */
function planFor({ tools = [], tool_choice: choice }, asked) {
  if (choice?.mode === "none") return null;
  const allowed = tools.filter(({ name }) => !choice?.names?.length || choice.names.includes(name));
  const named = allowed.find(({ name }) => new RegExp(`(^|\\W)${escape(name)}($|\\W)`, "i").test(asked));
  const writing = FILE_WISH.test(asked) ? allowed.find(writesFiles) : undefined;
  const tool = named ?? writing ?? (choice?.mode === "required" ? allowed[0] : undefined);
  return tool ? { tool, input: inputFor(tool, asked) } : null;
}

/** @param {string} name */
function escape(name) {
  return name.replace(/[^\w]/g, "\\$&");
}

/** @param {Tool} tool */
function writesFiles(tool) {
  const names = Object.entries(fieldsOf(tool))
    .filter(([, schema]) => schema.type === "string")
    .map(([name]) => name);
  return names.some((name) => PATH_FIELD.test(name)) && names.some((name) => CONTENT_FIELD.test(name));
}

/**
 * Values for the fields that must be there, and for a path and a content.
 * @param {Tool} tool
 * @param {string} asked
 */
function inputFor(tool, asked) {
  const required = /** @type {string[]} */ (tool.parameters?.required ?? []);
  const wanted = Object.entries(fieldsOf(tool)).filter(
    ([name]) => required.includes(name) || PATH_FIELD.test(name) || CONTENT_FIELD.test(name),
  );
  return Object.fromEntries(wanted.map(([name, schema]) => [name, valueFor(name, schema, asked)]));
}

/**
 * @param {string} name
 * @param {Record<string, any>} schema
 * @param {string} asked
 * @returns {unknown}
 */
function valueFor(name, schema, asked) {
  if (Array.isArray(schema.enum)) return schema.enum[0];
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case "boolean":
      return false;
    case "integer":
    case "number":
      return schema.minimum ?? 1;
    case "array":
      return [];
    case "object":
      return {};
    default:
      if (PATH_FIELD.test(name)) return NEW_FILE.exec(asked)?.[2] ?? "relay-demo.txt";
      return CONTENT_FIELD.test(name) ? "Written by relay's demo. The loop works.\n" : "relay demo";
  }
}

/**
 * @param {Tool} tool
 * @returns {Record<string, Record<string, any>>}
 */
function fieldsOf(tool) {
  return /** @type {any} */ (tool.parameters?.properties ?? {});
}

/** @param {Message[]} messages */
function lastWords(messages) {
  const user = messages.findLast(({ role }) => role === "user");
  return (user?.content ?? [])
    .map((part) => (part.type === "text" ? part.text : `[${part.type}]`))
    .join(" ")
    .replace(SURROUNDINGS, "")
    .trim();
}

/**
 * @param {"text" | "reasoning"} type
 * @param {string} text
 * @returns {Part[]}
 */
function words(type, text) {
  return (text.match(/\s*\S+|\s+$/g) ?? []).map((piece) => ({ type, text: piece }));
}

/** @param {Part} part */
function lengthOf(part) {
  if (part.type === "tool_call") return part.arguments.length;
  return part.type === "text" || part.type === "reasoning" ? part.text.length : 0;
}

/** @param {number} characters */
function tokens(characters) {
  return Math.ceil(characters / CHARACTERS_PER_TOKEN);
}
