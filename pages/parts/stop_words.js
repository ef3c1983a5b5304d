// What STOP says: before it is sent what it will do, afterwards what truly came of it, as far as that is known now.

/** @param {Stop} stop */
function consequences({ wire, root, plan, planTrouble }) {
  const { status } = wire;
  const flatten = root.querySelector('[data-at="flatten"]').checked;
  const working = status?.orders?.working;
  const open = status?.positions?.total_positions;
  const lines = [
    `${many(working, "working order")} will be cancelled`,
    flatten ? `${many(open, "open position")} will be closed` : `${many(open, "open position")} stay open, unless you flatten`,
    "orders that add risk are refused, by everyone, until an admin resets",
  ];
  if (flatten) lines.push(...costs(wire, plan, planTrouble));
  const stands = status?.circuit_breaker ?? {};
  if (stands.status === "emergency_stop") lines.push(`stopped already (halt no. ${number(stands.halt_seq, 0)}); another stop is recorded too`);
  const old = wire.statusAge();
  if (wire.trouble || old > OLD_S) {
    const seen = Number.isFinite(old) ? `${since(old)} old` : "missing";
    const why = wire.trouble ? ` (${wire.trouble.detail || "no answer"})` : "";
    lines.push(`the picture is ${seen}${why}: these counts may be wrong or unknown, and the stop is sent all the same`);
  }
  return { lines };
}

function many(value, noun) {
  return Number.isFinite(value) ? count(value, noun) : `an unknown number of ${noun}s`;
}

/** What the plan says of a flatten, or why there is none. */
function costs(wire, plan, trouble) {
  if (trouble !== null) return [`what a flatten would cost is unknown: ${trouble}`];
  if (!plan) return ["what a flatten would cost: being asked …"];
  const currency = String(wire.status?.currency ?? "");
  const after = new Map(plan.steps.map((step) => [step.fund_id, step.margin]));
  const left = [...after.values()].reduce((sum, margin) => sum + margin, 0);
  const freed = plan.steps.length && Number.isFinite(plan.margin) ? plan.margin - left : NaN;
  const lines = [
    `flatten: ${count(plan.steps.length, "closing order")}, cost ${money(plan.cost, currency, false)} with ` +
      `${money(plan.fees, currency, false)} fees, margin freed ${money(freed, currency, false)}, ` +
      `begun within ${number(plan.seconds, 1)} s`,
  ];
  for (const { position_id: id, reason } of (plan.left_out ?? []).slice(0, 5)) {
    lines.push(`cannot be closed now: ${String(id).slice(0, 120)} (${String(reason).slice(0, 120)})`);
  }
  return lines;
}

/** @param {Stop} stop */
function outcome(stop) {
  const elapsed = performance.now() - stop.began;
  if (stop.phase === "sending") return { headline: "… Sending the stop", lines: [`${number(elapsed, 0)} ms`] };
  if (stop.phase === "done") return { headline: `✓ ${phrase(stop.answer.state).toUpperCase()} · the gate is shut`, lines: carried(stop) };
  const now = standing(stop.wire);
  if (stop.phase === "refused") return { headline: "✕ REFUSED. Nothing was stopped by this.", lines: [stop.trouble, now] };
  return {
    headline: "? NOT CONFIRMED. It may or may not have been carried out.",
    lines: [stop.trouble, now, "It was sent once. Sending it again is safe: every stop is obeyed and recorded."],
  };
}

/** What the desk itself says now, whatever became of an answer. */
function standing(wire) {
  const stands = wire.status?.circuit_breaker;
  if (!stands || wire.trouble) return "the state now: unknown, the desk cannot be seen from here";
  const shut = stands.status === "emergency_stop" ? ", the stop stands" : "";
  return `the state now: ${phrase(stands.status)}${shut}, halt no. ${number(stands.halt_seq, 0)}, read ${since(wire.statusAge())} ago`;
}

/** The lines of a stop that the desk has answered, kept true while the venue answers. */
function carried({ answer, took, wire, flatten }) {
  const { orders_cancelled: orders = {}, positions_closed: closed = {} } = answer;
  const at = number(answer.latency_ms, answer.latency_ms < 10 ? 1 : 0);
  const lines = [
    `halt no. ${number(answer.halt_seq, 0)}, on disk before this answer came: ${at} ms at the desk, ${number(took, 0)} ms from here`,
  ];
  const asked = orders.asked ?? NaN;
  const owed = unanswered(orders, wire);
  lines.push(`cancels: ${number(orders.done, 0)} of ${number(asked, 0)} confirmed by the venue`);
  if ((orders.outstanding ?? []).length) {
    const settled = Number.isFinite(owed) ? `; ${number(orders.outstanding.length - owed, 0)} answered since` : "";
    lines.push(`${owed === 0 ? "✓" : "…"} venue unconfirmed: ${number(owed, 0)}${settled}`);
    if (owed !== 0) lines.push(`waited for: ${orders.outstanding.slice(0, 10).join(", ").slice(0, 300)}`);
  }
  if ((orders.ended_otherwise ?? []).length) {
    lines.push(`ended otherwise (filled, rejected or expired): ${orders.ended_otherwise.join(", ").slice(0, 300)}`);
  }
  if (flatten || closed.asked) {
    const flat = flattened(answer, wire);
    lines.push(`${flat === closed.asked ? "✓" : "…"} positions: ${number(flat, 0)} of ${number(closed.asked, 0)} flat`);
    if (flat !== closed.asked) lines.push("the desk keeps trying to close the rest; watch Positions");
  }
  return lines;
}

/** How many cancels the venue owes an answer now; NaN where that is unknown. */
function unanswered(orders, wire) {
  const waited = orders.outstanding ?? [];
  if (!wire.fresh || !wire.knows("orders")) return wire.trouble ? NaN : Math.min(waited.length, wire.status?.orders?.unconfirmed ?? NaN);
  const ids = new Set([...wire.rows("orders").values()].map((row) => row.id));
  return waited.filter((id) => ids.has(id)).length;
}

/** How many of the positions that were to be closed are flat now. */
function flattened({ positions = [], positions_closed: closed = {} }, wire) {
  if (!positions.length) return closed.done ?? NaN;
  if (!wire.fresh || !wire.knows("positions")) return closed.done ?? NaN;
  const ids = new Set([...wire.rows("positions").values()].map((row) => row.id));
  return positions.filter((row) => !ids.has(row.position_id)).length;
}
