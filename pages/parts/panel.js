// The live panel. Whatever comes from the desk is written as text, never as markup.

const TOPICS = ["breaker", "pnl", "market", "positions"];
const MOST_ROWS = 8;
/** After this long without a change a state is said to those who listen. */
const SETTLED_MS = 1_500;
const RETRY_MS = 2_000;
const STATES = { live: "● live", polling: "◐ polling", stale: "○ stale", refused: "✕ refused", closed: "○ closed" };
const BREAKERS = {
  active: "✓ active",
  tripped: "⚠ tripped by a limit",
  emergency_stop: "✋ emergency stop",
  market_halt: "⏸ market halt",
  manual_disable: "🔒 disabled by hand",
};
const SYMBOLS = { INR: "₹", USD: "$", EUR: "€", GBP: "£" };
const panels = new WeakMap();

export default function ({ data, parentElement }) {
  const panel = panels.get(parentElement) ?? new Panel(parentElement);
  panels.set(parentElement, panel);
  panel.take(data);
  return () => {
    panel.leave();
    panels.delete(parentElement);
  };
}

/** @param {unknown} value @param {number} places @param {boolean} [signed] a dash where it is unknown, never a zero */
function number(value, places, signed = false) {
  if (typeof value !== "number" || !Number.isFinite(value)) return "–";
  const digits = { minimumFractionDigits: places, maximumFractionDigits: places };
  const text = Math.abs(value).toLocaleString("en-US", digits);
  const zero = !/[1-9]/.test(text);
  return (zero ? "" : value < 0 ? "−" : signed ? "+" : "") + text;
}

/** @param {unknown} value @param {string} currency with an arrow and a sign: gain and loss are not told by colour */
function money(value, currency) {
  const text = number(value, 0, true);
  const sign = /^[+−]/.test(text) ? text[0] : "";
  const arrow = { "+": "▲ ", "−": "▼ " }[sign] ?? "";
  return text === "–" ? text : arrow + sign + (SYMBOLS[currency] ?? `${currency} `) + text.slice(sign.length);
}

/** @param {number} seconds */
function since(seconds) {
  if (!Number.isFinite(seconds)) return "never heard";
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s old`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s old`;
}

/** @param {string} tag @param {string} text */
function element(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

class Panel {
  constructor(root) {
    this.root = root;
    this.currency = "";
    this.desk = null;
    this.fund = "*";
    this.frame = 0;
    this.said = "";
    this.clock = setInterval(() => this.age(), 250);
  }

  at(name) {
    return this.root.querySelector(`[data-at="${name}"]`);
  }

  /** Streamlit calls again whenever it draws; a new fund is shown, and a new ticket opens what is shut. */
  async take({ ticket, path, fund = "*" }) {
    const known = this.ticket === ticket;
    this.ticket = ticket;
    this.fund = fund;
    if (this.desk) this.ask();
    if (known || (this.desk && this.desk.state !== "refused")) return;
    const base = location.origin + path;
    const { connect, READS } = await import(`${base}/client/desk-stream.js`);
    if (this.left || this.ticket !== ticket) return;
    const money = (answer) => [...(answer.funds ?? []), answer.totals];
    const pnl = { path: "/emergency/positions", key: ["fund_id"], rows: money }; // the relay has no /api
    this.desk = connect({
      url: base,
      getKey: () => this.ticket,
      topics: TOPICS,
      heartbeatMs: 4_000,
      longestWaitMs: 5_000,
      pollMs: 1_000,
      reads: { ...READS, pnl },
      onState: () => this.ask(),
      onStatus: (status) => this.tell(status),
    });
  }

  leave() {
    this.left = true;
    clearInterval(this.clock);
    clearTimeout(this.saying);
    clearTimeout(this.asking);
    cancelAnimationFrame(this.frame);
    this.desk?.close();
  }

  /** Draw at the next frame, however much has changed by then. */
  ask() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  tell({ state, reason }) {
    this.root.querySelector(".panel").dataset.state = state;
    this.at("state").textContent = STATES[state];
    this.at("reason").textContent = reason;
    if (state === "live" || state === "polling") void this.facts();
    this.age();
    this.say();
  }

  /** What the stream does not say: whose money, and whether it is any. */
  async facts() {
    clearTimeout(this.asking);
    const found = await this.desk.read("/emergency/status").catch(() => null);
    if (this.left) return;
    if (found === null) {
      this.asking = setTimeout(() => this.facts(), RETRY_MS);
      return;
    }
    this.currency = String(found.data.currency ?? "");
    this.at("simulated").hidden = found.data.simulated === false;
    this.at("simulated").textContent = found.data.simulated ? "⚗ simulated data" : "real or simulated: unknown";
    this.ask();
  }

  age() {
    if (this.desk) this.at("age").textContent = since(this.desk.age());
  }

  /** Tell listeners what has changed for good: the state and the breaker, not every price. */
  say() {
    clearTimeout(this.saying);
    this.saying = setTimeout(() => {
      const text = `${STATES[this.desk.state].slice(2)}; breaker ${this.at("breaker").textContent}`;
      if (text !== this.said) this.at("said").textContent = this.said = text;
    }, SETTLED_MS);
  }

  draw() {
    const [breaker] = this.desk.rows("breaker").values();
    const total = [...this.desk.rows("pnl").values()].find((row) => row.fund_id === this.fund) ?? {};
    const before = this.at("breaker").textContent;
    this.at("breaker").textContent = breaker ? (BREAKERS[breaker.state] ?? String(breaker.state)) : "–";
    this.at("pnl").textContent = money(total.daily_pnl, this.currency);
    this.at("opened").textContent = money(total.unrealized_pnl, this.currency);
    this.at("markets").replaceChildren(...[...this.desk.rows("market").values()].map((row) => this.market(row)));
    const mine = (row) => this.fund === "*" || row.fund_id === this.fund;
    const rows = [...this.desk.rows("positions").values()].filter(mine);
    rows.sort((a, b) => (String(a.id) < String(b.id) ? -1 : 1));
    this.at("count").textContent = rows.length > MOST_ROWS ? `${rows.length}, ${MOST_ROWS} shown` : String(rows.length);
    this.at("positions").replaceChildren(...rows.slice(0, MOST_ROWS).map((row) => this.position(row)));
    if (before !== this.at("breaker").textContent) this.say();
  }

  market(row) {
    const cell = document.createElement("div");
    const quality = row.quality === "live" ? "" : ` (${String(row.quality).replaceAll("_", " ")})`;
    cell.append(element("dt", `${row.symbol} spot`), element("dd", number(row.spot_price, 2) + quality));
    return cell;
  }

  position(row) {
    const line = document.createElement("tr");
    const told = [number(row.quantity, 0, true), number(row.current_price, 2), money(row.unrealized_pnl, this.currency)];
    line.append(element("td", String(row.symbol)), ...told.map((text) => element("td", text)));
    return line;
  }
}
