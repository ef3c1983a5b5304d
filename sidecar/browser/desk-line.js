// @ts-check
// One connection to the desk: the key first, messages not faster than the desk takes them, and left when it is silent.

/** @typedef {import("./desk-stream.d.ts").Frame} Frame */

const POLICY = 1008;
const TOO_LARGE = 1009;
/** After the desk has said that it was told too much at once. */
const BREATH_MS = 1_000;

export class Line {
  #heardAt = performance.now();
  #tickedAt = performance.now();
  #asked = false;
  #left = false;
  /** @type {Map<string, object>} */ #waiting = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #pace;

  /**
   * @param {string} url @param {string} key
   * @param {{heartbeatMs: number, paceMs: number}} timing
   * @param {{onOpen: () => void, onFrame: (frame: Frame) => void, onEnd: (reason: string, final: boolean) => void}} told
   *   `onEnd` is called once; `final` says that the desk will not have this client
   */
  constructor(url, key, timing, told) {
    this.timing = timing;
    this.told = told;
    this.socket = new WebSocket(url);
    this.socket.onopen = () => {
      this.socket.send(JSON.stringify({ type: "auth", key }));
      told.onOpen();
    };
    this.socket.onmessage = (event) => this.#hear(event.data);
    this.socket.onclose = ({ code, reason }) => {
      this.#end(reason || `the connection ended (${code})`, code === POLICY || code === TOO_LARGE);
    };
  }

  /** A message replaces the one of its name that still waits. @param {string} name @param {object} message */
  say(name, message) {
    this.#waiting.set(name, message);
    if (this.#pace === undefined) this.#next();
  }

  /** Say nothing for a while. */
  breathe() {
    clearTimeout(this.#pace);
    this.#pace = setTimeout(() => this.#next(), BREATH_MS);
  }

  /** Ask a silent desk for a sign of life; leave it when none comes. Call it every second or so. */
  tick() {
    const now = performance.now();
    const { heartbeatMs } = this.timing;
    // A page that slept has not heard yet what waits for it: it asks before it leaves.
    if (now - this.#tickedAt > heartbeatMs / 2) this.#heardAt = Math.max(this.#heardAt, now - heartbeatMs);
    this.#tickedAt = now;
    const quiet = now - this.#heardAt;
    if (quiet >= heartbeatMs * 1.5) {
      this.#end(`nothing heard for ${Math.round(quiet / 1_000)} s`, false);
    } else if (quiet >= heartbeatMs && !this.#asked) {
      this.#asked = true;
      this.say("ping", { type: "ping" });
    }
  }

  /** Go; nothing is told any more. The socket may never say that it has ended, so nobody waits for that. */
  leave() {
    this.#left = true;
    clearTimeout(this.#pace);
    this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
    this.socket.close();
  }

  /** @param {string} text */
  #hear(text) {
    this.#heardAt = performance.now();
    this.#asked = false;
    /** @type {Frame} */
    let frame;
    try {
      frame = JSON.parse(text);
    } catch {
      return this.#end("the desk sent what is no JSON", false);
    }
    this.told.onFrame(frame);
  }

  #next() {
    const [entry] = this.#waiting;
    this.#pace = undefined;
    if (entry === undefined || this.socket.readyState !== WebSocket.OPEN) return;
    this.#waiting.delete(entry[0]);
    this.socket.send(JSON.stringify(entry[1]));
    this.#pace = setTimeout(() => this.#next(), this.timing.paceMs);
  }

  /** @param {string} reason @param {boolean} final */
  #end(reason, final) {
    if (this.#left) return;
    this.leave();
    this.told.onEnd(reason, final);
  }
}
