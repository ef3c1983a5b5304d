// The bar of every page: may we trade, is it real, what is the money, what stands out, and how old is all that.

const BAR_TOPICS = ["breaker", "pnl", "market", "alerts"];
/** After this long without a change a state is said to those who listen. */
const SETTLED_MS = 1_500;
/** A hidden page is let be after this long; one that is looked at again says so until it is heard. */
const AWAY_MS = 5_000;
const AGAIN_MS = 3_000;
const bars = new WeakMap();

export default function ({ data, parentElement, setStateValue }) {
  const bar = bars.get(parentElement) ?? new Bar(parentElement);
  bars.set(parentElement, bar);
  const turn = bar.take(data, setStateValue);
  return () => {
    // Streamlit may end an earlier call after a later one has begun.
    if (bar.turn !== turn) return;
    bar.leave();
    bars.delete(parentElement);
  };
}

class Bar {
  constructor(root) {
    this.root = root;
    this.turn = 0;
    this.frame = 0;
    this.said = "";
    this.spots = new Map();
    this.ticking = setInterval(() => this.ask(), 250);
    this.onVisible = () => this.visible();
    document.addEventListener("visibilitychange", this.onVisible);
    this.at("alerts").onclick = (event) => this.follow(event);
  }

  at(name) {
    return this.root.querySelector(`[data-at="${name}"]`);
  }

  /** Streamlit calls again whenever it draws anew or the theme has changed. */
  take(data, setStateValue) {
    this.data = data;
    this.setStateValue = setStateValue;
    const wire = wireTo(data.path);
    wire.take(data.ticket);
    if (this.wire !== wire) {
      this.release?.();
      this.wire = wire;
      this.release = wire.hold(BAR_TOPICS, { changed: () => this.ask() });
    }
    this.stop = stopBox();
    this.stop.take(this.root, data);
    this.visible();
    this.draw();
    return (this.turn += 1);
  }

  leave() {
    this.turn = -1;
    clearInterval(this.ticking);
    clearTimeout(this.saying);
    clearTimeout(this.telling);
    cancelAnimationFrame(this.frame);
    document.removeEventListener("visibilitychange", this.onVisible);
    this.release?.();
    this.stop?.let();
  }

  /** Draw at the next frame, however much has changed by then. */
  ask() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  /** Another page without another session: as its link in the navigation does. */
  follow(event) {
    const link = document.querySelector('[data-testid="stSidebarNavLink"][href$="/alerts"]');
    if (!link) return;
    event.preventDefault();
    link.click();
  }

  /** Tell Streamlit that nobody looks, or somebody does again, until what it draws says that it knows. */
  visible() {
    clearTimeout(this.telling);
    const hidden = document.hidden;
    if (hidden === Boolean(this.data.hidden)) return;
    this.telling = setTimeout(() => this.tellVisible(hidden), hidden ? AWAY_MS : 0);
  }

  tellVisible(hidden) {
    // A whole run would close what is open: who reads a dialog comes back to it.
    if (hidden && document.querySelector('[data-testid="stDialog"]')) return;
    this.setStateValue?.("hidden", hidden);
    if (!hidden) this.telling = setTimeout(() => this.visible(), AGAIN_MS);
  }

  // ---- what it shows -------------------------------------------------------------------------------------------

  draw() {
    const { wire } = this;
    const known = this.breaker();
    const now = known.fresh ? known.state : "unknown";
    const section = this.root.querySelector(".bar");
    section.dataset.state = now in BREAKERS ? now : "unknown";
    section.dataset.fresh = wire.fresh ? "now" : "old";
    const words = BREAKERS[known.state] ?? (known.state ? `? ${phrase(known.state)}` : "? STATE UNKNOWN");
    keyed(
      this.at("facts"),
      [["breaker", known.fresh || !known.state ? words : `? was: ${words.replace(/^\S+ /u, "")}`, ""], ...facts(this.wire)],
      ([key]) => key,
      ([key]) => Object.assign(element(key === "breaker" ? "strong" : "span"), { className: "chip" }),
      (node, [, text, tone]) => {
        put(node, text);
        if (node.dataset.tone !== tone) node.dataset.tone = tone;
      },
    );
    this.money();
    this.ticker();
    this.alerts();
    put(this.at("freshness"), this.freshness());
    put(this.at("time"), clock(wire.status?.timestamp, this.data.zone ?? "UTC", this.data.zone_name ?? "UTC"));
    this.trouble();
    this.say(`${section.dataset.state === "unknown" ? "state unknown" : words.replace(/^\S+ /u, "")}; ${this.word()}`);
  }

  /** What the breaker is and whether that is of now: streamed, else read. Where the two differ, nobody may trade. */
  breaker() {
    const [row] = this.wire.rows("breaker").values();
    const read = this.wire.status?.circuit_breaker?.status;
    const told = row && this.wire.fresh ? String(row.state) : "";
    const seen = read && this.wire.statusAge() < STATUS_OLD_S && !this.wire.trouble ? String(read) : "";
    if (told || seen) return { state: told === "active" && seen ? seen : told || seen, fresh: true };
    return { state: read ?? row?.state, fresh: false };
  }

  money() {
    const total = [...this.wire.rows("pnl").values()].find((row) => row.fund_id === "*") ?? {};
    const currency = String(this.wire.status?.currency ?? "");
    put(this.at("pnl"), money(total.daily_pnl, currency));
    put(this.at("opened"), money(total.unrealized_pnl, currency));
  }

  ticker() {
    const rows = [...this.wire.rows("market").values()];
    const index = rows.find((row) => Number.isFinite(row.vix))?.vix;
    const cells = rows.map((row) => [`spot ${row.symbol}`, phrase(row.symbol), this.spot(row)]);
    if (!rows.length) cells.push(["spot", "spot", UNKNOWN]);
    cells.push(["index", "volatility index", number(index, 2)]);
    const make = () => {
      const cell = element("span");
      cell.className = "cell";
      cell.append(element("small"), " ", element("b"));
      return cell;
    };
    keyed(this.at("ticker"), cells, ([key]) => key, make, (cell, [, name, text]) => {
      put(cell.children[0], name);
      put(cell.children[1], text);
    });
  }

  /** The spot, which way it moved last, and what is wrong with it. */
  spot(row) {
    const before = this.spots.get(row.symbol) ?? { price: row.spot_price, move: "" };
    if (Number.isFinite(row.spot_price) && row.spot_price !== before.price) {
      if (Number.isFinite(before.price)) before.move = row.spot_price > before.price ? " ▲" : " ▼";
      before.price = row.spot_price;
    }
    this.spots.set(row.symbol, before);
    const quality = row.quality === "live" ? "" : ` (${phrase(row.quality)})`;
    return number(row.spot_price, 2) + (row.spot_price === before.price ? before.move : "") + quality;
  }

  alerts() {
    const link = this.at("alerts");
    if (!this.wire.knows("alerts")) {
      put(link, "alerts –");
      link.dataset.tone = "";
      return;
    }
    const rows = [...this.wire.rows("alerts").values()].filter((row) => !row.resolved && row.shown !== false);
    const told = LEVELS.map(([level, noun]) => [rows.filter((row) => row.level === level).length, noun]);
    const words = told.filter(([many]) => many).map(([many, noun]) => `${number(many, 0)} ${noun}`);
    put(link, words.length ? `⚑ ${words.join(", ")}` : "⚐ no alert");
    link.dataset.tone = told[0][0] ? "red" : words.length ? "orange" : "";
  }

  freshness() {
    const { state, fresh } = this.wire;
    const old = since(this.wire.age());
    return fresh ? `${state === "live" ? "● live" : "◐ polling"} ${old}` : Number.isFinite(this.wire.age()) ? `○ OLD ${old}` : "○ never seen";
  }

  word() {
    return this.wire.fresh ? this.wire.state : this.wire.trouble ? TROUBLES[this.wire.trouble.kind].slice(2) : "old";
  }

  /** What is wrong between here and the desk, and the clocks that do not agree. */
  trouble() {
    const { trouble, skew, state, reason } = this.wire;
    const told = [];
    if (trouble) told.push(`${TROUBLES[trouble.kind]} ${trouble.kind === "app" ? "" : trouble.detail}`.trim());
    else if (state === "refused") told.push(`✕ NO STREAM: ${String(reason).slice(0, 200)}`);
    const ahead = skew > 0 ? "ahead of" : "behind";
    if (skew) told.push(`◷ This browser's clock is ${since(Math.abs(skew))} ${ahead} the desk's.`);
    const place = this.at("trouble");
    put(place, told.join(" "));
    place.hidden = told.length === 0;
  }

  /** Tell listeners what has changed for good: the state, not every price. */
  say(text) {
    if (text === this.next) return;
    this.next = text;
    clearTimeout(this.saying);
    this.saying = setTimeout(() => put(this.at("said"), text), SETTLED_MS);
  }
}
