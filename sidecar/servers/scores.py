"""How often signals were right, by strategy, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterable
from math import nan

import msgspec

from sidecar.domain.rates import wilson
from sidecar.domain.signals import Signal, SignalStatus


class Score(msgspec.Struct, frozen=True):
    """What became of the signals of one strategy; ``*`` is all of them.

    ``directional`` are the scored ones that named a direction: of these, ``correct`` gained. ``hit_rate`` is their
    share, with its 95 % Wilson interval from ``hit_rate_low`` to ``hit_rate_high``, and ``mean_return`` their mean
    return, a fraction, with the sign of the direction and before any cost. NaN where there is none.
    """

    strategy: str
    signals: int
    open: int
    unscored: int
    scored: int
    directional: int
    correct: int
    hit_rate: float
    hit_rate_low: float
    hit_rate_high: float
    mean_return: float


def scores(signals: Iterable[Signal]) -> list[Score]:
    """A line a strategy, by name, after the one of all."""
    kept: dict[str, list[Signal]] = {"*": []}
    for signal in signals:
        kept["*"].append(signal)
        kept.setdefault(signal.request.strategy, []).append(signal)
    return [_score(name, kept[name]) for name in sorted(kept, key=lambda name: (name != "*", name))]


def _score(strategy: str, signals: list[Signal]) -> Score:
    by_status = {status: [one for one in signals if one.status is status] for status in SignalStatus}
    directional = [one for one in by_status[SignalStatus.SCORED] if one.correct is not None]
    returns = [one.outcome_return for one in directional if one.outcome_return is not None]
    correct = sum(bool(one.correct) for one in directional)
    low, high = wilson(correct, len(directional))
    return Score(
        strategy=strategy,
        signals=len(signals),
        open=len(by_status[SignalStatus.OPEN]),
        unscored=len(by_status[SignalStatus.UNSCORED]),
        scored=len(by_status[SignalStatus.SCORED]),
        directional=len(directional),
        correct=correct,
        hit_rate=correct / len(directional) if directional else nan,
        hit_rate_low=low,
        hit_rate_high=high,
        mean_return=sum(returns) / len(returns) if returns else nan,
    )
