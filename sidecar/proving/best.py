"""The parameters that a backtest runs with: those that were asked for, or the best of a sweep."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from sidecar.backtest.sweep import Set, Spread, Study, spread_of
from sidecar.proving.asked import Asked

#: Runs every set and tells how many are done.
Sweep = Callable[[Sequence[Set], Callable[[int], None], Spread], Study]


class Best(NamedTuple):
    """The parameters that are run, and what they were chosen from, if from anything."""

    parameters: Set
    study: Study | None = None


def best_of(asked: Asked, begun: int, ended: int, sweep: Sweep) -> Best:
    """What the request's parameters are, or the best of those that it sweeps.

    ``sweep`` is said to take the run from ``begun`` to ``ended``, in thousandths.
    """
    if not asked.request.sweep:
        return Best(asked.request.parameters)
    sets = asked.sets()

    def told(done: int) -> None:
        asked.step("sweep", begun + (ended - begun) * done // len(sets), f"{done:,} of {len(sets):,} sets")

    with spread_of(asked.dask) as spread:
        study = sweep(sets, told, spread)
    return Best(sets[study.best], study)
