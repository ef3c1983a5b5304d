// A line of a few points in little room, with gaps where nothing is known.

const SPARK_WIDTH = 240;
const SPARK_HEIGHT = 36;
const MOST_POINTS = 240;
/** So many times the usual distance of two points is a gap. */
const GAP = 8;

/** The last points: `[milliseconds, value or null]`, in order, each later than the one before. */
class Spark {
  /** @param {[string, number | null][]} day what was before */
  constructor(day = []) {
    this.points = [];
    for (const [at, value] of day) this.add(Date.parse(at), value);
  }

  add(at, value) {
    const last = this.points.at(-1);
    if (Number.isNaN(at) || (last && at <= last[0])) return;
    this.points.push([at, Number.isFinite(value) ? value : null]);
    if (this.points.length > MOST_POINTS) this.points.shift();
  }

  /** The path of the line and of its zero, where that is in sight. */
  draw() {
    const known = this.points.filter(([, value]) => value !== null);
    if (known.length < 2) return { path: "", zero: "", from: null };
    const [from, to] = [this.points[0][0], this.points.at(-1)[0]];
    const values = known.map(([, value]) => value);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const x = (at) => (((at - from) / (to - from || 1)) * SPARK_WIDTH).toFixed(1);
    const y = (value) => (SPARK_HEIGHT - 2 - ((value - low) / (high - low || 1)) * (SPARK_HEIGHT - 4)).toFixed(1);
    let path = "";
    let open = false;
    let before = from;
    const widest = this.widest();
    for (const [at, value] of this.points) {
      if (value === null || at - before > widest) open = false;
      if (value !== null) {
        path += `${open ? "L" : "M"}${x(at)} ${y(value)}`;
        open = true;
      }
      before = at;
    }
    const zero = low < 0 && high > 0 ? `M0 ${y(0)}H${SPARK_WIDTH}` : "";
    return { path, zero, from };
  }

  /** The distance of two points beyond which the line is broken. */
  widest() {
    const apart = this.points.slice(1).map(([at], place) => at - this.points[place][0]);
    apart.sort((a, b) => a - b);
    return (apart[apart.length >> 1] ?? 0) * GAP;
  }
}
