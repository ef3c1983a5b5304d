// The bar's words: a sign and words for whatever may stand, so that no colour is needed.

/** Past this the status is not of now. */
const STATUS_OLD_S = 6;
const BREAKERS = {
  active: "✓ TRADING ALLOWED",
  tripped: "⚠ TRIPPED by a limit",
  emergency_stop: "■ EMERGENCY STOP",
  market_halt: "‖ MARKET HALT",
  manual_disable: "⊘ DISABLED by hand",
};
const FEEDS = {
  up: ["⌁ feed up", ""],
  degraded: ["⌁ feed degraded", "orange"],
  silent: ["⊘ FEED SILENT", "red"],
  down: ["⊘ FEED DOWN", "red"],
};
const TROUBLES = {
  app: "✕ THE APP DOES NOT ANSWER.",
  sidecar: "✕ THE SIDECAR DOES NOT ANSWER.",
  desk: "✕ THE DESK CANNOT SAY HOW IT STANDS.",
  refused: "✕ THE APP REFUSES THIS PAGE. Reload it.",
};
const LEVELS = [
  ["critical", "critical"],
  ["error", "error"],
  ["warning", "warning"],
];

/** Key, words and tone of each fact that stands. */
function facts({ status, feed, statusAt }) {
  if (!status) return [["session", "? session unknown", ""]];
  const breaker = status.circuit_breaker ?? {};
  const open = { true: "☀ session open", false: "☾ session closed" }[breaker.market_open] ?? "? session unknown";
  const rows = [["session", open, ""]];
  if (status.simulated) rows.push(["simulated", "⚗ SIMULATED MARKET", "violet"]);
  else if (status.simulated !== false) rows.push(["simulated", "? real or simulated: unknown", "orange"]);
  rows.push(["feed", ...(FEEDS[feed] ?? ["? feed unknown", ""])]);
  if (breaker.blind) rows.push(["blind", "⊘ BLIND: no trusted marks", "red"]);
  if (breaker.override_enabled) rows.push(["override", "◇ override on", "orange"]);
  for (const scope of new Set((breaker.partial ?? []).map((row) => String(row.scope)))) {
    rows.push([`shut ${scope}`, `⊘ SHUT: ${scope.slice(0, 60)}`, "orange"]);
  }
  const owed = status.orders?.unconfirmed;
  if (owed) rows.push(["owed", `… venue unconfirmed: ${number(owed, 0)}`, "orange"]);
  const closing = status.positions?.closing;
  if (closing) rows.push(["closing", `↓ positions closing: ${number(closing, 0)}`, "orange"]);
  const old = (performance.now() - statusAt) / 1_000;
  if (old > STATUS_OLD_S) rows.push(["old", `these as of ${since(old)} ago`, "red"]);
  return rows;
}
