/**
 * The seats: as many tabs of a site serve relay as a person has connected. A tab that is closed, or a browser that
 * ends, leaves its seat empty, and the next tab of the site that is opened takes it.
 */

/**
 * @typedef {object} Seat
 * @property {string} id
 * @property {string} origin
 * @property {boolean} paused
 * @property {number | null} tab
 * @property {string | null} session
 * @property {string | null} late
 */

/** Who sits where. */
export class Seats {
  #memory;

  /** @param {import("./memory.js").Memory} memory */
  constructor(memory) {
    this.#memory = memory;
  }

  /** @returns {Seat[]} */
  get all() {
    const { places } = this.#memory.session;
    const empty = { tab: null, session: null, late: null };
    return this.#memory.local.seats.map((seat) => ({ ...seat, ...(places[seat.id] ?? empty) }));
  }

  /** @param {string} id */
  get(id) {
    return this.all.find((seat) => seat.id === id);
  }

  /**
   * The seat of a tab while it shows a page of this origin.
   * @param {number} tab
   * @param {string} origin
   */
  at(tab, origin) {
    return this.all.find((seat) => seat.tab === tab && seat.origin === origin);
  }

  /**
   * A page of a connected site is here. Tabs that were there without a seat do not get one later by themselves.
   * @param {number} tab
   * @param {string} origin
   */
  settle(tab, origin) {
    const own = this.at(tab, origin);
    if (own) return own;
    const { bystanders } = this.#memory.session;
    const vacant = this.all.find((seat) => seat.tab === null && seat.origin === origin);
    if (vacant && !bystanders.includes(tab)) return this.#place(vacant.id, tab);
    if (!bystanders.includes(tab)) bystanders.push(tab);
    this.#memory.keep("bystanders");
    return undefined;
  }

  /**
   * A person connects a tab.
   * @param {number} tab
   * @param {string} origin
   * @returns {Seat}
   */
  give(tab, origin) {
    const own = this.at(tab, origin);
    if (own) return own;
    const vacant = this.all.find((seat) => seat.tab === null && seat.origin === origin);
    const id = vacant?.id ?? crypto.randomUUID();
    if (!vacant) this.#memory.local.seats.push({ id, origin, paused: false });
    this.#memory.keep("seats");
    return this.#place(id, tab);
  }

  /** @param {string} id */
  remove(id) {
    const { local, session } = this.#memory;
    const place = session.places[id];
    // The tab that was disconnected does not come back by itself.
    if (place) session.bystanders.push(place.tab);
    delete session.places[id];
    local.seats = local.seats.filter((seat) => seat.id !== id);
    this.#memory.keep("seats", "places", "bystanders");
  }

  /** @param {number} tab */
  vacate(tab) {
    const { session } = this.#memory;
    for (const [id, place] of Object.entries(session.places)) if (place.tab === tab) delete session.places[id];
    session.bystanders = session.bystanders.filter((each) => each !== tab);
    this.#memory.keep("places", "bystanders");
  }

  /**
   * The browser gave a tab another number.
   * @param {number} now
   * @param {number} before
   */
  renumber(now, before) {
    for (const place of Object.values(this.#memory.session.places)) if (place.tab === before) place.tab = now;
    this.#memory.keep("places");
  }

  /**
   * @param {string} id
   * @param {Partial<Pick<Seat, "session" | "late">>} change
   */
  note(id, change) {
    const place = this.#memory.session.places[id];
    if (!place) return;
    Object.assign(place, change);
    this.#memory.keep("places");
  }

  /**
   * @param {string} id
   * @param {boolean} paused
   */
  pause(id, paused) {
    const seat = this.#memory.local.seats.find((each) => each.id === id);
    if (!seat) return;
    seat.paused = paused;
    this.#memory.keep("seats");
  }

  /**
   * @param {string} id
   * @param {number} tab
   * @returns {Seat}
   */
  #place(id, tab) {
    const { session } = this.#memory;
    for (const [other, place] of Object.entries(session.places)) if (place.tab === tab) delete session.places[other];
    session.places[id] = { tab, session: null, late: null };
    session.bystanders = session.bystanders.filter((each) => each !== tab);
    this.#memory.keep("places", "bystanders");
    return /** @type {Seat} */ (this.get(id));
  }
}
