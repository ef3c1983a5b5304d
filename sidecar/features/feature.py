"""One feature: a compiled function of the window, and the row that says what it is and what it may know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from numba.extending import register_jitable

#: Point-in-time rules.
BARS = "closed bars of the symbol, this one the last; the window may span sessions"
RECURSION = "closed bars of the symbol, the newer weighing more; bars without the input are skipped"
SESSION = "bars of this session, seen from its first minute"
ALONE = "this bar alone"
CALENDAR = "the session table, as known at the bar"
CONTRACTS = "the contract master, as known at the bar"
COMPLETED = "completed sessions before this one; a session's close is the last value seen in it"
CHAIN = "the chain's snapshot at this bar's close, nearest expiry"
SAME_EXPIRY = "snapshots at closed bars with the same nearest expiry; unknown across a roll"
SAME_SESSION = "snapshots at closed bars of this session with the same nearest expiry"

#: Clocks: when an input was known.
CLOSE = "the bar's end"
TABLE = "before the session"
QUOTES = "the bar's end; quotes at most 60 s old"
INTEREST = "the bar's end; open interest at most 5 min old, official figures from the next session on"
TOGETHER = "the bar's end; both prices at most 5 s apart"
INDEX = "the bar's end; the index at most 60 s old"

#: Units.
LOG, FRACTION, NUMBER, DAYS, POINTS, VOLATILITY, VARIANCE = (
    "log return", "fraction", "1", "days", "points", "fraction per √year", "fraction² per year"
)  # fmt: skip

inline = register_jitable(error_model="numpy", forceinline=True)


class Feature(NamedTuple):
    """``name``, ``formula`` (of bar t; a bare letter is this bar's), ``unit``, point-in-time ``rule``, the ``clock`` by
    which its inputs were known, and the warm-up: it is unknown before ``warmup`` bars, the last of them this one, and
    before ``sessions`` completed sessions. ``function`` of a :class:`~sidecar.features.window.Window` is its value.
    """

    name: str
    formula: str
    unit: str
    rule: str
    clock: str
    warmup: int
    sessions: int
    function: Callable[[Any], float]


def feature(
    unit: str, rule: str, clock: str, warmup: int = 1, sessions: int = 0
) -> Callable[[Callable[[Any], float]], Feature]:
    """The row of the function below: its name is the feature's, its docstring the formula."""

    def described(function: Callable[[Any], float]) -> Feature:
        formula = (function.__doc__ or "").rstrip(".")
        return Feature(function.__name__, formula, unit, rule, clock, warmup, sessions, inline(function))

    return described
