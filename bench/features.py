"""The feature matrix of a million minute bars, and one new bar's features, against pandas and DuckDB.

    python -m bench.features

All make them of the same bars: pandas as in `tests/features/oracle.py`, a column at a time; DuckDB by window functions,
one thread, those that need no recursion and no join of days. The difference is the worst of any feature, in its
standard deviations. Live, pandas and the batch look at the last three sessions: so far back recursions reach. Equality
is of bytes: an engine fed bar by bar, replaced in the middle by one restored from its snapshot, against the batch.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median, quantiles
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bench.loop import table
from sidecar.domain.bars import INPUTS
from sidecar.features.matrix import NAMES, Engine, batch, warm
from tests.features import drawn, oracle

Array = NDArray[np.float64]

MINUTES, SESSIONS, BACK = 375, 2_667, 1_125
ROUNDS, STEPS, LIVE_ROUNDS, EQUAL = 3, 20_000, 15, 200_000

_LAST = "OVER (ORDER BY i ROWS BETWEEN {} PRECEDING AND CURRENT ROW)"
_MOVES = """
SELECT *, ln(close / lag(close) OVER (ORDER BY i)) AS r, ln(volume) AS lv, ln(high / low) ** 2 AS hl,
    (high + low + close) / 3 * volume AS paid FROM bars
"""
_MORE = "SELECT *, lag(r) OVER (ORDER BY i) AS r1, abs(r) / (close * volume) AS ill FROM moves"
_COLUMNS = {
    **{f"ret_{k}": f"ln(close / lag(close, {k}) OVER (ORDER BY i))" for k in (1, 5, 15, 60)},
    "ret_open": "ln(close / first_value(open) OVER (PARTITION BY session ORDER BY i))",
    **{f"rv_{k}": f"sqrt(sum(r * r) {_LAST.format(k - 1)})" for k in (15, 60, 375)},
    "vol_ratio": f"2 * sqrt(sum(r * r) {_LAST.format(14)}) / sqrt(sum(r * r) {_LAST.format(59)})",
    "park_30": f"sqrt(avg(hl) {_LAST.format(29)} / (4 * ln(2)))",
    **{f"d_sma{k}": f"close / avg(close) {_LAST.format(k - 1)} - 1" for k in (20, 50)},
    "bb_pctb": f"(close - avg(close) {_LAST.format(19)}) / (4 * stddev_pop(close) {_LAST.format(19)}) + 0.5",
    "bb_width": f"4 * stddev_pop(close) {_LAST.format(19)} / avg(close) {_LAST.format(19)}",
    "donch_20": f"(close - min(low) {_LAST.format(19)}) / (max(high) {_LAST.format(19)} - min(low) {_LAST.format(19)})",
    "slope_20": f"regr_slope(close, i) {_LAST.format(19)} / close",
    "ac1_60": f"corr(r, r1) {_LAST.format(59)}",
    "v_ratio20": f"volume / avg(volume) {_LAST.format(19)}",
    "v_z60": f"(lv - avg(lv) {_LAST.format(59)}) / stddev_pop(lv) {_LAST.format(59)}",
    "sv_20": f"sum(sign(r) * volume) {_LAST.format(19)} / sum(volume) {_LAST.format(19)}",
    "d_vwap": "close / (sum(paid) OVER day / sum(volume) OVER day) - 1",
    "amihud_60": f"avg(ill) {_LAST.format(59)} * 1e9",
    "tod_sin": "sin(2 * pi() * minute / minutes)", "tod_cos": "cos(2 * pi() * minute / minutes)",
    "to_close": "(minutes - 1 - minute) / minutes", "iv_term": "ln(atm_iv2 / atm_iv)", "pcr_oi": "oi_put / oi_call",
    "max_pain_dist": "ln(close / max_pain)", "basis": "(future / close - 1) / future_t",
}  # fmt: skip
QUERY = (
    f"WITH moves AS ({_MOVES}), more AS ({_MORE}) SELECT "
    + ", ".join(f"{formula} AS {name}" for name, formula in _COLUMNS.items())
    + " FROM more WINDOW day AS (PARTITION BY session ORDER BY i) ORDER BY i"
)


def by_sql(rows: Array) -> dict[str, Array]:
    columns = {name: rows[:, i] for i, name in enumerate(INPUTS)} | {"i": np.arange(len(rows))}
    with duckdb.connect(config={"threads": 1}) as database:
        database.register("bars", pa.table(columns))
        made: dict[str, Any] = database.execute(QUERY).fetchnumpy()
    return {name: np.ma.filled(each, np.nan) for name, each in made.items()}


def timed(way: Callable[[], Any], rounds: int) -> tuple[Any, float, float]:
    """What it made, and the median seconds and CPU seconds."""
    made, wall, used = None, [], []
    for _ in range(rounds):
        began, cpu = time.perf_counter(), time.process_time()
        made = way()
        wall.append(time.perf_counter() - began)
        used.append(time.process_time() - cpu)
    return made, median(wall), median(used)


def difference(ours: NDArray[np.float32], theirs: Any) -> str:
    """The worst of all features, in standard deviations, where both are known."""
    worst = (0.0, "")
    for name in theirs:
        a, b = ours[:, NAMES.index(name)].astype(np.float64), np.asarray(theirs[name], np.float64)
        both = np.isfinite(a) & np.isfinite(b)
        both[:BACK] = False  # where windows are not full, DuckDB takes shorter ones
        worst = max(worst, (float(np.abs(a - b)[both].max() / a[both].std()), name))
    return f"{worst[0]:.1e} ({worst[1]})"


def history(rows: Array) -> None:
    ours, *took = timed(lambda: batch(rows), ROUNDS)
    others = {"pandas": lambda: oracle.features(rows), "DuckDB, window functions": lambda: by_sql(rows)}
    lines = [("**Deskwatch**", str(len(NAMES)), *(f"{each:.2f}" for each in took), "")]
    for name, way in others.items():
        made, *took = timed(way, ROUNDS)
        lines.append((name, str(len(list(made))), *(f"{each:.2f}" for each in took), difference(ours, made)))
    table((f"{len(rows):,} minute bars", "features", "seconds", "of CPU", "apart from ours, worst"), lines)


def equality(rows: Array) -> None:
    engine, same, whole = Engine(), 0, batch(rows)
    for i, row in enumerate(rows):
        if i == len(rows) // 2:
            kept, engine = engine.snapshot(), Engine()
            engine.restore(kept)
        same += engine.step(row).tobytes() == whole[i].tobytes()
    print(
        f"Bar by bar, with a restart in the middle, and at once: {same:,} of {len(rows):,} vectors equal, bit by bit.\n"
    )


def live(rows: Array) -> None:
    engine, took = Engine(), []
    for row in rows[:STEPS]:
        began = time.perf_counter_ns()
        engine.step(row)
        took.append((time.perf_counter_ns() - began) / 1e3)
    cuts = quantiles(took[BACK:], n=100)
    last = rows[STEPS - BACK : STEPS]
    ways = {
        "our batch over the last 1,125 bars": lambda: batch(last),
        "pandas over the last 1,125 bars": lambda: oracle.features(last),
        "DuckDB over the last 1,125 bars": lambda: by_sql(last),
    }
    step = median(took[BACK:])
    lines = [("**Deskwatch, one step**", f"{step:.1f}", f"{cuts[98]:.1f}", "1")]
    for name, way in ways.items():
        each = [timed(way, 1)[1] * 1e6 for _ in range(LIVE_ROUNDS)]
        lines.append((name, f"{median(each):,.0f}", f"{max(each):,.0f}", f"{median(each) / step:,.0f}"))
    table(("one new bar", "µs p50", "p99 (of the others the worst)", "times ours"), lines)


def main() -> None:
    warm()
    rows = drawn.bars([MINUTES] * SESSIONS)
    history(rows)
    equality(rows[:EQUAL])
    live(rows)


if __name__ == "__main__":
    main()
