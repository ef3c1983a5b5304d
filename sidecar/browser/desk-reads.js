// @ts-check
// How the rows of the stream's topics are read over REST while there is no stream.

import { table } from "./desk-mirror.js";

/** @typedef {import("./desk-stream.d.ts").Read} Read */
/** @typedef {import("./desk-stream.d.ts").Row} Row */

/** Whether a row says what a filter wants; a field that the row lacks is not asked of it. @param {Row} row @param {Row} filter */
export function passes(row, filter) {
  return Object.entries(filter).every(([field, value]) => !(field in row) || String(row[field]) === value);
}

const WORKING = new Set(["pending", "open", "partially_filled", "unknown"]);

/** @param {any} answer @returns {Row[]} */
function breaker(answer) {
  const found = answer.data.circuit_breaker;
  const cause = (found.triggers ?? []).at(-1) ?? {};
  const { trigger = "", actor = "", limit_name = "", limit = null, value = null, scope = "*" } = cause;
  const state = { event: "state", state: found.status, at: found.since, halt_seq: found.halt_seq };
  return [{ ...state, reason: trigger, trigger, actor, limit_name, limit, value, scope }];
}

/** Topic → where its rows are read over REST, and how. A topic without a row here has no state while the stream is down. */
export const READS = /** @type {Record<string, Read>} */ ({
  breaker: { path: "/emergency/status", key: [], rows: breaker },
  market: { path: "/emergency/status", key: ["symbol"], rows: (answer) => answer.data.markets },
  positions: { path: "/emergency/positions", key: ["id"], rows: (answer) => answer.positions },
  pnl: { path: "/api/v1/funds", key: ["fund_id"], rows: (answer) => answer.funds },
  greeks: { path: "/emergency/risk-metrics", key: ["fund_id", "underlying"], rows: (answer) => answer.data.greeks },
  data_quality: {
    path: "/emergency/data-quality",
    key: ["symbol"],
    rows: (answer) => Object.values(answer.report.symbols),
  },
  orders: {
    path: "/api/v1/orders?limit=500",
    key: ["id"],
    rows: (answer) => answer.orders.filter((/** @type {Row} */ row) => WORKING.has(row.state)),
  },
});

/**
 * Each topic's rows by name, read together; one that fails fails them all, for a picture in parts would pass for whole.
 * @param {string[]} topics @param {Record<string, Read>} reads @param {Row} filter
 * @param {(path: string) => Promise<any>} read
 * @returns {Promise<Map<string, Map<string, Row>>>}
 */
export async function polled(topics, reads, filter, read) {
  const known = topics.filter((topic) => topic in reads);
  const paths = [...new Set(known.map((topic) => reads[topic].path))];
  const answers = new Map(await Promise.all(paths.map(async (path) => /** @type {const} */ ([path, await read(path)]))));
  return new Map(
    known.map((topic) => {
      const { path, key, rows } = reads[topic];
      return [topic, table(rows(answers.get(path)).filter((row) => passes(row, filter)), key)];
    }),
  );
}
