// @ts-check
// The desk's stream in a browser: a mirror of its topics that goes on after a cut, reads over REST while it cannot, and
// says how old it is. No dependency, no build step. docs/stream.md says how to use it.

import { Line } from "./desk-line.js";
import { Mirror } from "./desk-mirror.js";
import { READS, polled } from "./desk-reads.js";

export { Mirror, READS };

/** @typedef {import("./desk-stream.d.ts").Frame} Frame */
/** @typedef {import("./desk-stream.d.ts").Options} Options */
/** @typedef {import("./desk-stream.d.ts").Row} Row */
/** @typedef {import("./desk-stream.d.ts").State} State */

const REFUSING = new Set([401, 403]);
const DEFAULTS = {
  filter: /** @type {Row} */ ({}),
  heartbeatMs: 10_000,
  firstWaitMs: 250,
  longestWaitMs: 10_000,
  pollMs: 2_000,
  readMs: 5_000,
  paceMs: 60, // the desk takes 20 messages a second
  reads: READS,
  onFrame: () => {},
  onState: () => {},
  onStatus: () => {},
};

/**
 * The wait before the next try: full jitter below a bound that doubles with each failure (1, 2, …) up to `longestMs`.
 * @param {number} failures @param {number} firstMs @param {number} longestMs @param {() => number} [random] in [0, 1)
 */
export function backoff(failures, firstMs, longestMs, random = Math.random) {
  return random() * Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 30));
}

/** @param {Options} options @returns {import("./desk-stream.d.ts").Stream} */
export function connect(options) {
  return new Stream(options);
}

class Stream {
  /** @type {State} */ state = "stale";
  reason = "not connected yet";
  counts = { frames: 0, gaps: 0, repeated: 0, connections: 0, polls: 0 };
  /** @type {Line | null} */ #line = null;
  /** @type {string | undefined} */ #key;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #retry;
  /** @type {ReturnType<typeof setInterval>} */ #ticking;
  /** @type {Map<string, string>} */ #kinds = new Map();
  /** @type {Map<string, Map<string, Row>>} */ #polled = new Map();
  #ready = false;
  #polling = false;
  #failures = 0;
  #knownAt = -Infinity;

  /** @param {Options} options */
  constructor(options) {
    const url = String(options.url).replace(/\/+$/, "");
    this.options = { ...DEFAULTS, ...options, url, topics: [...options.topics] };
    this.mirror = new Mirror(Object.keys(this.options.filter).length === 0);
    this.#ticking = setInterval(() => this.#tick(), Math.min(1_000, this.options.heartbeatMs / 4));
    globalThis.addEventListener?.("online", this.#hurry);
    void this.#open();
  }

  /** @param {string} topic @returns {Map<string, Row>} */
  rows(topic) {
    return this.#polled.get(topic) ?? this.mirror.rows.get(topic) ?? new Map();
  }

  /** @param {string} topic */
  knows(topic) {
    return this.#polled.has(topic) || this.mirror.rows.has(topic);
  }

  /** @param {string[]} topics those that are followed already too */
  follow(topics) {
    const fresh = topics.filter((topic) => !this.options.topics.includes(topic));
    this.options.topics.push(...fresh);
    if (fresh.length) this.#subscribe(fresh);
  }

  /** @param {string[]} topics */
  drop(topics) {
    const left = this.options.topics.filter((topic) => topics.includes(topic));
    if (left.length) this.#line?.say(`unsubscribe ${left}`, { type: "unsubscribe", subscriptions: left });
    for (const topic of left) {
      this.options.topics.splice(this.options.topics.indexOf(topic), 1);
      this.#kinds.delete(topic);
      this.mirror.stands.delete(topic);
      this.mirror.rows.delete(topic);
    }
  }

  age() {
    return (performance.now() - this.#knownAt) / 1_000;
  }

  /** @param {string} path @returns {Promise<any>} */
  async read(path) {
    const headers = { "X-API-Key": this.#key ?? (await this.#secret()) };
    const signal = AbortSignal.timeout(this.options.readMs);
    const answer = await fetch(this.options.url + path, { headers, signal, cache: "no-store", redirect: "error" });
    if (answer.ok) return answer.json();
    const told = await answer.json().catch(() => ({}));
    throw Object.assign(new Error(`${answer.status} ${told.detail ?? told.title ?? ""}`), { status: answer.status });
  }

  close() {
    this.#end("closed", "closed by the page");
  }

  // ---- a connection --------------------------------------------------------------------------------------------

  async #secret() {
    const { key, getKey } = this.options;
    this.#key = getKey ? await getKey() : (key ?? "");
    return this.#key;
  }

  async #open() {
    this.#retry = undefined;
    let key;
    try {
      key = await this.#secret();
    } catch (error) {
      return this.#lost(`no key: ${error}`);
    }
    if (this.#over) return;
    this.#line = new Line(`${this.options.url.replace(/^http/, "ws")}/ws`, key, this.options, {
      onOpen: () => this.#subscribe([...this.options.topics]),
      onFrame: (frame) => (frame.topic === "connection" ? this.#manage(frame) : this.#take(frame)),
      onEnd: (reason, final) => (final ? this.#end("refused", reason) : this.#lost(reason)),
    });
  }

  /** @param {string[]} topics */
  #subscribe(topics) {
    const { filter } = this.options;
    const wanted = Object.keys(filter).length ? { filter } : {};
    for (const group of this.mirror.subscriptions(topics)) {
      this.#line?.say(`subscribe ${group.subscriptions}`, { type: "subscribe", ...group, ...wanted });
    }
  }

  /** @param {Frame} frame */
  #manage({ type, data }) {
    if (this.#ready) this.#knownAt = performance.now();
    if (type === "connection") {
      this.counts.connections += 1;
    } else if (type === "ack" && data.to === "subscribe") {
      this.#agreed(data.topics);
    } else if (type === "error" && data.code === "too_fast") {
      this.#repeat();
    } else if (type === "error") {
      this.#end("refused", `${data.code}: ${data.message}`);
    }
  }

  /** @param {Record<string, {kind: string, start: string}>} topics */
  #agreed(topics) {
    for (const [topic, { kind, start }] of Object.entries(topics)) {
      this.#kinds.set(topic, kind);
      if (start !== "resumed") this.mirror.stands.delete(topic); // a snapshot comes
    }
    this.#settle();
  }

  /** One message was not obeyed, and nobody says which. */
  #repeat() {
    this.#line?.breathe();
    const { stands } = this.mirror;
    this.#subscribe(this.options.topics.filter((topic) => !stands.has(topic) || !this.#kinds.has(topic)));
    for (const topic of stands.keys()) this.#saw(topic);
  }

  /** @param {Frame} frame */
  #take(frame) {
    const taken = this.mirror.take(frame);
    if (taken === "gap") {
      this.counts.gaps += 1;
      this.#subscribe([frame.topic]);
    } else if (taken === "repeated") {
      this.counts.repeated += 1;
    }
    if (taken !== "taken") return;
    this.counts.frames += 1;
    if (this.#ready) this.#knownAt = performance.now();
    this.#polled.delete(frame.topic);
    try {
      this.options.onFrame(frame);
      this.options.onState(frame.topic, this.rows(frame.topic), false);
    } finally {
      this.#saw(frame.topic);
      this.#settle();
    }
  }

  /** Let a `latest` topic go on: nothing new of it comes until the last that was sent is seen. @param {string} topic */
  #saw(topic) {
    const seq = this.mirror.stands.get(topic)?.seq;
    if (seq !== undefined && this.#kinds.get(topic) === "latest") {
      this.#line?.say(`seen ${topic}`, { type: "seen", topic, seq });
    }
  }

  // ---- none ----------------------------------------------------------------------------------------------------

  /** @param {string} reason */
  #lost(reason) {
    if (this.#over) return;
    this.#let();
    this.#failures += 1;
    const { firstWaitMs, longestWaitMs } = this.options;
    this.#retry = setTimeout(() => this.#open(), backoff(this.#failures, firstWaitMs, longestWaitMs));
    this.#settle(reason);
    void this.#poll();
  }

  #let() {
    this.#line?.leave();
    this.#line = null;
    this.#ready = false;
    this.#kinds.clear();
    clearTimeout(this.#retry);
  }

  #hurry = () => {
    if (this.#retry === undefined || this.#line !== null) return;
    clearTimeout(this.#retry);
    void this.#open();
  };

  async #poll() {
    const { pollMs, topics, reads, filter } = this.options;
    if (this.#polling || pollMs <= 0) return;
    this.#polling = true;
    while (!this.#ready && !this.#over) {
      try {
        this.#show(await polled(topics, reads, filter, (path) => this.read(path)));
      } catch (error) {
        const { status, message } = /** @type {any} */ (error);
        if (REFUSING.has(status)) this.#end("refused", message);
      }
      await new Promise((done) => setTimeout(done, pollMs));
    }
    this.#polling = false;
  }

  /** @param {Map<string, Map<string, Row>>} found */
  #show(found) {
    if (this.#ready || this.#over) return; // the stream was faster
    this.counts.polls += 1;
    this.#knownAt = performance.now();
    this.#polled = found;
    for (const [topic, rows] of found) this.options.onState(topic, rows, true);
    this.#settle();
  }

  // ---- what it is ----------------------------------------------------------------------------------------------

  get #over() {
    return this.state === "refused" || this.state === "closed";
  }

  #tick() {
    this.#line?.tick();
    this.#settle();
  }

  /** @param {string} [reason] */
  #settle(reason) {
    if (this.#over) return;
    if (!this.#ready && this.#whole()) this.#begin();
    const recent = this.age() * 1_000 < this.options.pollMs * 2.5;
    this.#tell(this.#ready ? "live" : recent ? "polling" : "stale", this.#ready ? "" : (reason ?? this.reason));
  }

  #whole() {
    return this.options.topics.every((topic) => this.#kinds.has(topic) && this.mirror.stands.has(topic));
  }

  #begin() {
    this.#ready = true;
    this.#failures = 0;
    this.#knownAt = performance.now();
    const topics = [...this.#polled.keys()];
    this.#polled.clear();
    for (const topic of topics) this.options.onState(topic, this.rows(topic), false);
  }

  /** @param {State} state @param {string} reason */
  #end(state, reason) {
    if (this.#over) return;
    clearInterval(this.#ticking);
    globalThis.removeEventListener?.("online", this.#hurry);
    this.#tell(state, reason);
    this.#let();
  }

  /** @param {State} state @param {string} reason */
  #tell(state, reason) {
    if (state === this.state && reason === this.reason) return;
    this.state = state;
    this.reason = reason;
    this.options.onStatus({ state, reason, age: this.age() });
  }
}
