// The browser's own line to the desk, through the app's relay: one for all that lives on a page. It outlives the page,
// so that another one does not open another.

const WIRES = Symbol.for("deskwatch.wires");
const LINGER_MS = 10_000;
const NARROW_MS = 3_000;
const STATUS_MS = 2_000;
/** While nobody looks; it keeps the ticket alive. */
const HIDDEN_MS = 30_000;
const READ_MS = 5_000;
/** A line that has said nothing for longer than its own sign of life takes is not of now, whatever it calls itself. */
const SILENT_S = 5;
/** Two clocks further apart than this do not agree. */
const SKEW_S = 2;
/** Looks in a row that must find it: a busy server's date is late by itself. */
const SKEW_LOOKS = 3;
const READ = {
  pnl: {
    path: "/emergency/positions",
    key: ["fund_id"],
    rows: (answer) => [...(answer.funds ?? []), answer.totals].filter(Boolean),
  },
  orders: {
    path: "/api/v1/orders?limit=500",
    key: ["id"],
    rows: (answer) => answer.orders.filter((row) => WORKING.has(row.state)),
  },
  alerts: {
    path: "/api/v1/monitoring/alerts",
    key: ["id"],
    rows: (answer) => answer.alerts.filter((row) => !row.resolved),
  },
};
const WORKING = new Set(["pending", "open", "partially_filled", "unknown"]);

/** @param {string} path of the relay below this origin */
function wireTo(path) {
  const wires = (globalThis[WIRES] ??= new Map());
  if (!wires.has(path)) wires.set(path, new Wire(path));
  return wires.get(path);
}

class Wire {
  constructor(path) {
    this.path = path;
    this.base = location.origin + path;
    this.ticket = "";
    this.desk = null;
    this.views = new Set();
    /** What `/emergency/status` said last, when, and what is wrong with reading it now. */
    this.status = null;
    this.statusAt = -Infinity;
    this.trouble = null;
    this.feed = null;
    this.skew = 0;
    this.skews = [];
    this.looks = 0;
    this.opening = this.ended = false;
    this.onVisible = () => document.hidden || void this.look();
  }

  /** @param {string} ticket a new one opens what an old one could not */
  take(ticket) {
    const renewed = ticket !== this.ticket;
    this.ticket = ticket;
    if (renewed && this.desk?.state === "refused") this.#shut();
    if (renewed && this.views.size) this.#begin();
  }

  /**
   * Follow topics until the returned function is called. `changed` is called after anything has; `heard` for each frame.
   * @param {string[]} topics @param {{changed: () => void, heard?: (frame: any) => void}} view
   */
  hold(topics, view) {
    clearTimeout(this.leaving);
    const held = { topics, ...view };
    this.views.add(held);
    this.#begin();
    return () => {
      if (!this.views.delete(held)) return;
      if (this.views.size === 0) this.leaving = setTimeout(() => this.#end(), LINGER_MS);
      else setTimeout(() => this.#narrow(topics), NARROW_MS);
    };
  }

  /** What nobody has asked for again is not followed any longer. */
  #narrow(topics) {
    const wanted = this.#topics();
    if (wanted.length) this.desk?.drop(topics.filter((topic) => !wanted.includes(topic)));
  }

  #topics() {
    return [...new Set([...this.views].flatMap((view) => view.topics))];
  }

  #begin() {
    if (this.looks === 0) {
      document.addEventListener("visibilitychange", this.onVisible);
      void this.look();
    }
    if (this.desk) this.desk.follow(this.#topics());
    else void this.#connect();
  }

  async #connect() {
    if (this.opening) return;
    this.opening = true;
    let connect, READS;
    for (let tries = 0; !connect; tries += 1) {
      try {
        // An import that failed is not tried again under the same name.
        ({ connect, READS } = await import(`${this.base}/client/desk-stream.js${tries ? `?${tries}` : ""}`));
      } catch {
        await new Promise((done) => setTimeout(done, STATUS_MS));
        if (this.views.size === 0) break;
      }
    }
    this.opening = false;
    if (!connect || this.views.size === 0 || this.desk) return;
    this.desk = connect({
      url: this.base,
      getKey: () => this.ticket,
      topics: this.#topics(),
      heartbeatMs: 4_000,
      longestWaitMs: 5_000,
      pollMs: 1_000,
      reads: { ...READS, ...READ },
      onFrame: (frame) => this.views.forEach((view) => view.heard?.(frame)),
      onState: () => this.#changed(),
      onStatus: () => this.#changed(),
    });
  }

  #changed() {
    for (const view of this.views) view.changed();
  }

  #shut() {
    this.desk?.close();
    this.desk = null;
  }

  #end() {
    this.ended = true;
    this.#shut();
    clearTimeout(this.looking);
    document.removeEventListener("visibilitychange", this.onVisible);
    if (globalThis[WIRES].get(this.path) === this) globalThis[WIRES].delete(this.path);
  }

  // ---- what the stream says ------------------------------------------------------------------------------------

  get state() {
    return this.desk?.state ?? "stale";
  }

  get reason() {
    return this.desk?.reason ?? "not connected yet";
  }

  /** Whether what the stream, or reading in its place, says is of now. */
  get fresh() {
    return (this.state === "live" || this.state === "polling") && this.age() < SILENT_S;
  }

  age() {
    return this.desk?.age() ?? Infinity;
  }

  rows(topic) {
    return this.desk?.rows(topic) ?? new Map();
  }

  /** Whether a topic was ever told; without that, no row means nothing. */
  knows(topic) {
    return Boolean(this.desk?.knows(topic));
  }

  // ---- what is read --------------------------------------------------------------------------------------------

  /** Read the status now, and again every two seconds. */
  async look() {
    clearTimeout(this.looking);
    const turn = (this.looks += 1);
    await Promise.all([this.#status(), turn % 2 ? this.#feed() : null]);
    if (turn !== this.looks || this.ended) return;
    this.#changed();
    this.looking = setTimeout(() => this.look(), document.hidden ? HIDDEN_MS : STATUS_MS);
  }

  async #status() {
    try {
      const { data } = await this.read("/emergency/status", true);
      this.status = data;
      this.statusAt = performance.now();
      const again = this.trouble?.kind === "refused" && this.desk?.state === "refused";
      this.trouble = null;
      if (again && this.views.size) {
        // The same ticket is good again: a page that slept was drawn since.
        this.#shut();
        this.#begin();
      }
    } catch (error) {
      this.trouble = { kind: kindOf(error.status), detail: String(error.message).slice(0, 300) };
    }
  }

  async #feed() {
    const found = await this.read("/emergency/data-quality").catch(() => null);
    this.feed = found?.report?.streaming_health ?? null;
  }

  statusAge() {
    return (performance.now() - this.statusAt) / 1_000;
  }

  /** The JSON of a GET below the relay. Rejects with an Error that has a `status` if somebody answered. */
  async read(path, timed = false) {
    const options = { headers: { "X-API-Key": this.ticket }, cache: "no-store", redirect: "error" };
    const sent = Date.now();
    const answer = await fetch(this.base + path, { ...options, signal: AbortSignal.timeout(READ_MS) });
    if (timed) this.#compare(sent, answer.headers.get("date"));
    if (answer.ok) return answer.json(); // that it comes to its end in time is no word of the desk's
    const told = await answer.json().catch(() => null);
    throw Object.assign(new Error(String(told?.detail ?? told?.title ?? answer.statusText)), { status: answer.status });
  }

  /** How far this clock is at least ahead of theirs, which is told to the second and within the time of a read. */
  #compare(sent, date) {
    const theirs = Date.parse(date ?? "");
    if (Number.isNaN(theirs)) return;
    const [ahead, behind] = [(sent - theirs) / 1_000 - 1, (Date.now() - theirs) / 1_000];
    this.skews = [...this.skews, ahead > SKEW_S ? ahead : behind < -SKEW_S ? behind : 0].slice(-SKEW_LOOKS);
    const [least, most] = [Math.min(...this.skews), Math.max(...this.skews)];
    this.skew = this.skews.length < SKEW_LOOKS ? 0 : Math.max(least, 0) || Math.min(most, 0);
  }
}

/** Who it is that cannot say how things stand. */
function kindOf(status) {
  if (status === undefined) return "app";
  if (status === 401 || status === 403) return "refused";
  return status === 502 || status === 504 ? "sidecar" : "desk";
}
