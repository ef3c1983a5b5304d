// @ts-check
// The state that a stream's frames add up to.

/** @typedef {import("./desk-stream.d.ts").Frame} Frame */
/** @typedef {import("./desk-stream.d.ts").Row} Row */

/** The rows of each topic, kept true by frames that are fed in order. */
export class Mirror {
  /** @param {boolean} contiguous whether every `seq` of a topic must come: true of a subscription without a filter. */
  constructor(contiguous) {
    this.contiguous = contiguous;
    /** @type {Map<string, Map<string, Row>>} */
    this.rows = new Map();
    /** @type {Map<string, string[]>} */
    this.keys = new Map();
    /** @type {Map<string, {epoch: string, seq: number}>} */
    this.stands = new Map();
  }

  /**
   * Take one frame. `gap`: something before it is missing, so the topic needs a snapshot; `awaited`: it has asked for
   * one; `repeated`: it is known already. Only a frame that is `taken` changes the rows.
   * @param {Frame} frame
   * @returns {"taken" | "gap" | "awaited" | "repeated"}
   */
  take(frame) {
    const { topic, epoch, seq } = frame;
    if (frame.type === "snapshot") {
      this.keys.set(topic, frame.data.key);
      this.rows.set(topic, table(frame.data.rows, frame.data.key));
    } else {
      const stand = this.stands.get(topic);
      if (stand === undefined) return "awaited";
      if (epoch !== stand.epoch || (this.contiguous && seq > stand.seq + 1)) {
        this.stands.delete(topic);
        return "gap";
      }
      if (seq <= stand.seq) return "repeated";
      this.#change(topic, frame.data);
    }
    this.stands.set(topic, { epoch, seq });
    return "taken";
  }

  /** @param {string} topic @param {Row} row */
  #change(topic, row) {
    const rows = this.rows.get(topic) ?? new Map();
    const name = nameOf(row, this.keys.get(topic) ?? []);
    if (row.removed) rows.delete(name);
    else rows.set(name, row);
  }

  /**
   * What to ask for to go on from here: topics of one epoch together, and those that need a snapshot.
   * @param {string[]} topics
   * @returns {{subscriptions: string[], resume?: {epoch: string, seq: Record<string, number>}}[]}
   */
  subscriptions(topics) {
    /** @type {Map<string, string[]>} */
    const groups = new Map();
    for (const topic of topics) {
      const epoch = this.stands.get(topic)?.epoch ?? "";
      groups.set(epoch, [...(groups.get(epoch) ?? []), topic]);
    }
    return [...groups].map(([epoch, names]) => {
      if (epoch === "") return { subscriptions: names };
      const seq = Object.fromEntries(names.map((name) => [name, this.stands.get(name)?.seq ?? 0]));
      return { subscriptions: names, resume: { epoch, seq } };
    });
  }
}

/** @param {Row} row @param {string[]} key */
export function nameOf(row, key) {
  return JSON.stringify(key.map((field) => String(row[field])));
}

/** @param {Row[]} rows @param {string[]} key @returns {Map<string, Row>} */
export function table(rows, key) {
  return new Map(rows.map((row) => [nameOf(row, key), row]));
}
