"""Whether a strategy sees ahead: scramble what comes after an instant, run again, and compare what was before.

A look-ahead of one bar is invisible to every statistic of a backtest but its profit, and visible here bit for bit.

What it cannot see: a strategy that was itself chosen, or whose parameters were, by how it did on these very days; a
model that was fitted on them (``models.predicted`` refuses that by itself); data beside the bars or events that a
strategy reads from elsewhere, for nobody scrambles those; data that were wrong about their own time, as a close that
is stamped with the day's open; and a look that no cut fell behind, or that changed no decision where one did. Nothing
found is no proof of honesty; something found is proof of the opposite, or that the strategy is not the same twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sidecar.backtest.executed import Executed
from sidecar.backtest.scrambled import scrambled_columns, scrambled_events
from sidecar.domain.backtest_result import Lookahead
from sidecar.domain.clock import iso
from sidecar.domain.events import AnyEvent

Columns = Mapping[str, NDArray[Any]]
Targets = Callable[[Columns], NDArray[np.float64]]
Run = Callable[[Iterable[AnyEvent]], Executed]

#: Cuts that fall on the edge of a window miss what it hides: ten at random find all that was ever planted.
CUTS_OF_A_RULE, CUTS_OF_EVENTS = 12, 4
#: A rule is looked at over its newest bars; a decision on one of them is as good as on any other.
MOST_BARS = 20_000
_LEAST = 8
#: What was traded or tried at an instant, as words that two runs can share.
_Deed = tuple[int, str]


def of_rule(targets: Targets, columns: Columns, seed: int, cuts: int = CUTS_OF_A_RULE) -> Lookahead:
    """Whether the targets of a rule up to a bar change when the bars after it do.

    ``targets`` makes (n,) of ``columns``, arrays (n,) by name. At each of ``cuts`` bars, drawn by ``seed`` from the
    last three quarters of the newest 20,000, the future is made higher once and lower once, and every target up to the
    cut is compared to the last bit.
    """
    columns = {name: np.asarray(values)[-MOST_BARS:] for name, values in columns.items()}
    n = min((len(values) for values in columns.values()), default=0)
    if n < _LEAST:
        return Lookahead(note=f"not looked at: {n} bars are too few to cut")
    rng = np.random.default_rng(seed)
    honest = _bits(targets(columns))
    changed, first = 0, ""
    for cut in np.sort(rng.integers(n // 4, n - 1, size=cuts)).tolist():
        for up in (True, False):
            again = _bits(targets(scrambled_columns(columns, cut, up, rng)))
            rows = np.flatnonzero(again[: cut + 1] != honest[: cut + 1])
            if rows.size:
                changed += 1
                first = (
                    first or f"the target of {_bar(columns, int(rows[0]))} follows what came after {_bar(columns, cut)}"
                )
                break
    return Lookahead(cuts, changed, first)


def of_events(
    run: Run, events: Sequence[AnyEvent], seed: int, cuts: int = CUTS_OF_EVENTS, base: Executed | None = None
) -> Lookahead:
    """Whether what a strategy traded, or tried to, up to an instant changes when the prices after it do.

    ``run`` takes events through a fresh strategy and a fresh desk; ``base`` is what came of ``events`` as they are,
    where that is known already. Three quarters of the cuts are drawn from the instants at which something was traded,
    and the future is turned against it: what was bought falls. The others are drawn from all events. Fills and orders
    without one are compared with their time, contract, quantity, price, fees and reason.
    """
    if len(events) < _LEAST:
        return Lookahead(note=f"not looked at: {len(events)} events are too few to cut")
    rng = np.random.default_rng(seed)
    base = run(events) if base is None else base
    honest = _deeds(base)
    changed, first = 0, ""
    chosen = _chosen(base, events, cuts, rng)
    for cut, up in chosen:
        again = _deeds(run(scrambled_events(events, cut, up, rng)))
        before, after = ([deed for deed in deeds if deed[0] <= cut] for deeds in (honest, again))
        if before != after:
            changed += 1
            first = first or _difference(before, after, cut)
    return Lookahead(len(chosen), changed, first)


def _chosen(base: Executed, events: Sequence[AnyEvent], cuts: int, rng: np.random.Generator) -> list[tuple[int, bool]]:
    """Instants in order, and whether prices go up after each."""
    last = events[-1].at
    traded = [(fill.at, fill.quantity < 0) for fill in base.fills if fill.at < last]
    traded += [(one.at, one.quantity < 0) for one in base.unfilled if one.at < last]
    places = rng.choice(len(traded), min(len(traded), (3 * cuts + 3) // 4), replace=False) if traded else ()
    chosen = [traded[int(place)] for place in places]
    start = len(events) // 4
    for number, place in enumerate(rng.integers(start, len(events) - 1, size=cuts - len(chosen))):
        chosen.append((events[int(place)].at, number % 2 == 0))
    return sorted(chosen)


def _deeds(run: Executed) -> list[_Deed]:
    fills = [(fill.at, f"{fill.quantity:+d} {fill.symbol} at {fill.price}, fees {fill.fees}") for fill in run.fills]
    tried = [(one.at, f"{one.quantity:+d} {one.symbol} unfilled: {one.reason}") for one in run.unfilled]
    return sorted(fills + tried)


def _difference(before: list[_Deed], after: list[_Deed], cut: int) -> str:
    gone = sorted(set(before) - set(after)) or sorted(set(after) - set(before)) or before or after
    at, words = gone[0]
    return f"{words}, {iso(at)}, follows what came after {iso(cut)}"


def _bar(columns: Columns, row: int) -> str:
    return f"the bar of {iso(int(columns['at'][row]))}" if "at" in columns else f"bar {row}"


def _bits(values: NDArray[np.float64]) -> NDArray[np.uint64]:
    return np.ascontiguousarray(values, np.float64).view(np.uint64)
