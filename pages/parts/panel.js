// The live blotter: positions and orders of a fund as they change, and the last points of its P&L.

const MOST_ROWS = 20;
const MOST_ORDERS = 12;
const MARK_MS = 900;
const MARK = [{ backgroundColor: "rgba(242, 177, 52, 0.45)" }, { backgroundColor: "transparent" }];
const still = matchMedia("(prefers-reduced-motion: reduce)");
const STATES = { live: "● live", polling: "◐ polling", stale: "○ OLD", refused: "✕ refused", closed: "○ closed" };
const panels = new WeakMap();

export default function ({ data, parentElement }) {
  const panel = panels.get(parentElement) ?? new Panel(parentElement);
  panels.set(parentElement, panel);
  const turn = panel.take(data);
  return () => {
    // Streamlit may end an earlier call after a later one has begun.
    if (panel.turn !== turn) return;
    panel.leave();
    panels.delete(parentElement);
  };
}

class Panel {
  constructor(root) {
    this.root = root;
    this.turn = 0;
    this.frame = 0;
    this.orders = new Map();
    this.ticking = setInterval(() => this.tick(), 250);
  }

  at(name) {
    return this.root.querySelector(`[data-at="${name}"]`);
  }

  /** Streamlit calls again whenever it draws anew; another fund is shown at once. */
  take(data) {
    if (data.fund !== this.data?.fund) this.spark = new Spark(data.day);
    this.data = data;
    this.fund = data.fund ?? "*";
    const wire = wireTo(data.path);
    wire.take(data.ticket);
    if (this.wire !== wire) {
      this.release?.();
      this.wire = wire;
      const heard = (frame) => frame.topic === "orders" && this.heard(frame);
      this.release = wire.hold(["pnl", "positions", "orders"], { changed: () => this.ask(), heard });
      void this.recent();
    }
    this.draw();
    return (this.turn += 1);
  }

  leave() {
    this.turn = -1;
    clearInterval(this.ticking);
    clearTimeout(this.again);
    cancelAnimationFrame(this.frame);
    this.release?.();
  }

  ask() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  tick() {
    const { state } = this.wire;
    put(this.at("age"), `${STATES[state]} ${state === "refused" ? this.wire.reason.slice(0, 120) : since(this.wire.age())}`);
    if (this.root.querySelector(".panel").dataset.state !== state) this.ask();
    if (this.sampled === this.wire.status?.timestamp) return;
    this.sampled = this.wire.status?.timestamp;
    this.spark.add(Date.parse(this.sampled), this.wire.fresh ? this.total().daily_pnl : null);
    this.line();
  }

  // ---- orders --------------------------------------------------------------------------------------------------

  /** Those that ended before this page was there are read; from then on each change is heard. */
  async recent() {
    const { wire } = this;
    const told = await wire.read("/api/v1/orders?limit=50").catch(() => null);
    if (this.turn < 0 || wire !== this.wire) return;
    if (told) {
      for (const row of told.orders ?? []) this.order(row);
      this.read = true;
    }
    // Without a stream nothing is heard; and what was missed while there was none is read once there is one again.
    this.again = setTimeout(() => this.recent(), told && wire.state === "live" ? 30_000 : 2_000);
    this.ask();
  }

  heard({ type, data }) {
    for (const row of type === "snapshot" ? data.rows : [data]) this.order(row);
  }

  order(row) {
    const known = this.orders.get(String(row.id));
    if (known && String(known.updated_at) > String(row.updated_at)) return;
    this.orders.set(String(row.id), row);
    if (this.orders.size > 500) this.orders.delete(this.orders.keys().next().value);
  }

  // ---- what it shows -------------------------------------------------------------------------------------------

  mine(row) {
    return this.fund === "*" || row.fund_id === this.fund;
  }

  total() {
    return [...this.wire.rows("pnl").values()].find((row) => row.fund_id === this.fund) ?? {};
  }

  draw() {
    const currency = String(this.wire.status?.currency ?? "");
    const total = this.total();
    this.root.querySelector(".panel").dataset.state = this.wire.state;
    put(this.at("whose"), this.fund === "*" ? "All funds" : this.fund);
    put(this.at("pnl"), money(total.daily_pnl, currency));
    put(this.at("opened"), money(total.unrealized_pnl, currency));
    const rows = [...this.wire.rows("positions").values()].filter((row) => this.mine(row));
    rows.sort((a, b) => (String(a.id) < String(b.id) ? -1 : 1));
    const known = this.wire.knows("positions");
    put(this.at("count"), known ? counted(rows.length, MOST_ROWS) : UNKNOWN);
    fill(this.at("positions"), rows.slice(0, MOST_ROWS), (row) => [
      String(row.symbol), number(row.quantity, 0, true), number(row.current_price, 2), money(row.unrealized_pnl, currency),
    ]); // prettier-ignore
    const orders = [...this.orders.values()].filter((row) => this.mine(row));
    orders.sort((a, b) => (String(a.updated_at) > String(b.updated_at) ? -1 : 1));
    put(this.at("orders-count"), this.read ? counted(orders.length, MOST_ORDERS, "newest ") : UNKNOWN);
    fill(this.at("orders"), orders.slice(0, MOST_ORDERS), (row) => this.told(row));
    this.line();
  }

  told(row) {
    const zone = this.data.zone ?? "UTC";
    const price = number(Number(row.average_price ?? row.price ?? NaN), 2);
    const filled = `${number(row.filled, 0)} of ${number(row.quantity, 0)}`;
    return [String(row.symbol), clock(row.updated_at, zone, ""), `${phrase(row.side)} ${number(row.quantity, 0)}`,
      row.average_price == null ? `limit ${price}` : price, filled, phrase(row.state)]; // prettier-ignore
  }

  line() {
    const { path, zero, from } = this.spark.draw();
    for (const [name, shape] of [["path", path], ["zero", zero]]) {
      if (this.at(name).getAttribute("d") !== shape) this.at(name).setAttribute("d", shape);
    }
    const zone = this.data.zone ?? "UTC";
    put(this.at("span"), from === null ? "" : `since ${clock(new Date(from).toISOString(), zone, this.data.zone_name ?? "UTC")}`);
  }
}

function counted(many, most, which = "") {
  return many > most ? `${number(many, 0)}, ${which}${most} shown, ${number(many - most, 0)} more` : number(many, 0);
}

/** The rows of a table: a cell is written where it is new, and marked for a moment where it has changed. */
function fill(body, rows, cells) {
  const make = (row) => {
    const line = document.createElement("tr");
    line.append(...cells(row).map(() => document.createElement("td")));
    return line;
  };
  keyed(body, rows, (row) => String(row.id), make, (line, row, fresh) => {
    cells(row).forEach((text, place) => {
      const cell = line.children[place];
      if (put(cell, text) && !fresh && !still.matches) cell.animate(MARK, MARK_MS);
      if (place === 0 && cell.title !== text) cell.title = text;
    });
  });
}
