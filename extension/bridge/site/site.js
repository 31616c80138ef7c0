/**
 * One chat page, as the ways to it and the looks at it share it.
 */

import { openAiMessages, openAiResponseFormat, openAiToolChoice, openAiTools, promptOf } from "./asked.js";
import { DomChat } from "./dom/index.js";
import { sleeper } from "./pace.js";

/**
 * @typedef {import("../adapter.js").Answer} Answer
 * @typedef {import("../frames.js").Capabilities} Capabilities
 * @typedef {import("../frames.js").ChatRequest} ChatRequest
 * @typedef {import("./description.js").SiteDescription} SiteDescription
 * @typedef {import("./template.js").Scope} Scope
 * @typedef {Pick<import("../../content/agent_client.js").AgentClient, "read" | "call" | "iterate" | "capture" | "socketSend">} Agent
 *
 * @typedef {object} Environment  Where the code runs; what is not given is the browser's own.
 * @property {() => Promise<Agent>} agent
 * @property {Document} [document]
 * @property {Pick<Location, "href" | "origin">} [location]
 * @property {Pick<Storage, "getItem">} [localStorage]
 * @property {Pick<Storage, "getItem">} [sessionStorage]
 * @property {typeof globalThis.fetch} [fetch]
 * @property {() => number} [now]
 * @property {Pick<typeof globalThis, "setTimeout" | "clearTimeout">} [timers]
 * @property {() => string} [uuid]
 * @property {(options: import("./dom/index.js").DomChatOptions) => Dom} [makeDom]
 * @typedef {Pick<DomChat, "status" | "fresh" | "send" | "answer" | "stop" | "models">} Dom
 *
 * @typedef {object} Call
 * @property {ChatRequest} request
 * @property {AbortSignal} signal
 * @property {Scope} scope
 * @property {boolean} newChat  Whether to begin a conversation of its own on the page.
 *
 * @typedef {object} Way  One way to get an answer of the site. Throws `site_changed` if it does not work any more.
 * @property {string} name
 * @property {boolean} single  Takes one text, not a conversation.
 * @property {boolean} page  Uses the page as a person does: one call at a time.
 * @property {boolean} reuses  Can go on in a conversation of the site.
 * @property {Capabilities} capabilities
 * @property {() => Promise<string | null>} missing  What the page lacks for it now.
 * @property {(call: Call) => Answer} chat
 */

/** A page and its description. */
export class Site {
  /** @type {Dom | undefined} */ #dom;
  /** @type {Promise<Agent> | undefined} */ #agent;
  #environment;

  /**
   * @param {SiteDescription} description
   * @param {Environment} environment
   */
  constructor(description, environment) {
    this.description = description;
    this.#environment = environment;
    this.document = environment.document ?? globalThis.document;
    this.location = environment.location ?? globalThis.location;
    this.timers = environment.timers ?? globalThis;
    this.now = environment.now ?? Date.now;
    this.sleep = sleeper(this.timers);
    /** @type {import("./http.js").Http} */
    this.http = {
      fetch: environment.fetch ?? ((...request) => globalThis.fetch(...request)),
      origin: this.location.origin,
      origins: description.origins ?? [],
      now: this.now,
      loginUrl: description.login?.out_url,
    };
  }

  /**
   * The page's agent; asked for anew when it could not be reached.
   * @returns {Promise<Agent>}
   */
  agent() {
    this.#agent ??= this.#environment.agent().catch((error) => {
      this.#agent = undefined;
      throw error;
    });
    return this.#agent;
  }

  /** @returns {Dom} */
  dom() {
    const { dom, login, blocked, ready, conversation } = this.description;
    if (!dom) throw new TypeError("the description has no dom");
    this.#dom ??= (this.#environment.makeDom ?? ((options) => new DomChat(options)))({
      document: this.document,
      dom,
      ...(login ? { login } : {}),
      ...(blocked ? { blocked } : {}),
      ...(ready ? { ready } : {}),
      ...(conversation ? { conversation } : {}),
    });
    return this.#dom;
  }

  /** The conversation that the page shows, by its address. */
  conversation() {
    const { id } = this.description.conversation ?? {};
    return id === undefined ? undefined : (new RegExp(id).exec(this.location.href)?.[1] ?? undefined);
  }

  /**
   * A value that the page stores, named as in templates without the braces: `localStorage.token`.
   * @param {string} store
   * @returns {(name: string) => string | null | undefined}
   */
  store(store) {
    const { localStorage, sessionStorage } = this.#environment;
    if (store === "cookie") return (name) => cookie(this.document.cookie, name);
    if (store === "sessionStorage") return (name) => (sessionStorage ?? globalThis.sessionStorage).getItem(name);
    return (name) => (localStorage ?? globalThis.localStorage).getItem(name);
  }

  /**
   * What templates can name in a call.
   * @param {ChatRequest} request
   * @returns {Scope}
   */
  scope(request) {
    const tools = openAiTools(request);
    const choice = openAiToolChoice(request);
    const format = openAiResponseFormat(request);
    const { conversation } = request;
    const uuid = this.#environment.uuid ?? (() => crypto.randomUUID());
    return {
      prompt: promptOf(request),
      model: request.model,
      messages: openAiMessages(request),
      ...(tools ? { tools } : {}),
      ...(tools && choice ? { tool_choice: choice } : {}),
      ...(format ? { response_format: format } : {}),
      ...(conversation === undefined ? {} : { conversation }),
      request: { ...request },
      saved: {},
      call: uuid(),
      uuid,
      localStorage: this.store("localStorage"),
      sessionStorage: this.store("sessionStorage"),
      cookie: this.store("cookie"),
      attr: (selector, name) => this.document.querySelector(selector)?.getAttribute(name),
      origin: this.http.origin,
      now: this.now(),
    };
  }
}

/**
 * @param {string} cookies
 * @param {string} name
 */
function cookie(cookies, name) {
  const found = cookies.split("; ").find((each) => each.startsWith(`${name}=`));
  if (found === undefined) return undefined;
  const value = found.slice(name.length + 1);
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
