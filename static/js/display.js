/**
 * Shows the session: the headline at once, all the rest at most once a frame.
 */

import { callWords, runningOf } from "./calls.js";
import { CallsView } from "./calls_view.js";
import { byId } from "./dom.js";
import { headline } from "./headline.js";
import { Clock, Repaint } from "./repaint.js";
import { isSignedIn } from "./sdk.js";
import { SettingsView } from "./settings_view.js";
import { wayWords } from "./facts.js";
import { paintCards, paintCountdown, paintFrame, paintHeadline, paintWindow } from "./view.js";

/**
 * @typedef {import("./config.js").Memory} Memory
 * @typedef {import("./config.js").PageConfig} PageConfig
 * @typedef {import("./headline.js").Headline} Headline
 * @typedef {import("./session.js").SessionView} SessionView
 */

export class Display {
  /**
   * @param {PageConfig} config
   * @param {Memory} memory
   * @param {() => SessionView} look
   */
  constructor(config, memory, look) {
    this.config = config;
    this.look = look;
    /** The headline as it is shown. @type {string | undefined} */
    this.said = undefined;
    this.calls = new CallsView();
    this.settings = new SettingsView({
      baseUrl: config.base_url,
      usual: config.default_model,
      chosen: memory.model,
      onModel: (model) => {
        memory.model = model;
      },
    });
    this.repaint = new Repaint(() => this.#paint());
    this.clock = new Clock(() => this.repaint.request());
  }

  /** The session has changed. */
  changed() {
    const view = this.look();
    const running = runningOf(view.calls);
    const shown = headlineOf(view);
    const said = JSON.stringify([shown, running]);
    if (said !== this.said) {
      this.said = said;
      paintHeadline(shown);
      paintWindow(shown, running);
    }
    this.clock.run(running > 0 || view.link === "waiting");
    this.repaint.request();
  }

  #paint() {
    const view = this.look();
    const now = Date.now();
    const running = runningOf(view.calls);
    const demo = view.adapter === "demo";
    paintFrame(demo, this.config.version);
    paintCountdown(view.link === "waiting" ? (view.status?.nextTryAt ?? now) : undefined, now);
    paintCards({
      adapter: view.adapter,
      state: view.site,
      link: view.link,
      since: view.status?.since,
      address: this.config.bridge_url,
      way: wayWords(view.adapter, this.config.puter.way, view.site),
      canSignOut: view.adapter === "puter" && view.site.state !== "login_required" && isSignedIn(),
    });
    this.#paintSettings(view);
    this.calls.paint(callWords(view.calls, now), running);
    // Changing the chat ends its calls, and arrow keys change it at once.
    const choice = byId("adapter", HTMLSelectElement);
    choice.disabled = running > 0 || view.pairing;
    choice.title = running > 0 ? byId("adapter-hint", HTMLElement).textContent : "";
  }

  /** @param {SessionView} view */
  #paintSettings({ site, status }) {
    this.settings.offer(site.models ?? []);
    const given = status?.welcome?.settings;
    if (given !== undefined) this.settings.given(given);
  }
}

/** @param {SessionView} view */
function headlineOf({ adapter, link, detail, site, downloadable }) {
  return headline({
    link,
    linkDetail: detail,
    chat: site.state,
    chatDetail: site.detail ?? "",
    downloadable,
    signsIn: adapter === "puter",
    expired: isSignedIn(),
    demo: adapter === "demo",
  });
}
