"""Histograms: which buckets each has, and how values fall into them.

A histogram costs a series a bucket for every child that it has, so those with a child a symbol, a strategy or an
endpoint have few, at the places where something is decided.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

#: Upper bounds in seconds.
FAST = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
SLOW = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
FORECASTS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
TRAININGS = (1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)
ANSWERS = (0.005, 0.025, 0.1, 0.5, 2.5)
FILLS = (0.1, 1.0, 10.0, 60.0)
#: The limits warn of data that is five seconds old, and trip at ten.
AGES = (1.0, 2.0, 5.0, 10.0, 60.0)
#: Money, and a fraction of the mid.
EARNED = (-10_000.0, -1_000.0, 0.0, 1_000.0, 10_000.0)
WIDTHS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25)

BOUNDS: dict[str, tuple[float, ...]] = {
    "api_request_duration_seconds": ANSWERS,
    "websocket_send_seconds": FAST,
    "journal_sync_seconds": FAST,
    "store_commit_seconds": SLOW,
    "loop_lag_seconds": FAST,
    "tick_to_report_seconds": SLOW,
    "emergency_stop_seconds": SLOW,
    "order_fill_time_seconds": FILLS,
    "ml_forecast_seconds": FORECASTS,
    "ml_training_duration_seconds": TRAININGS,
    "market_data_age_seconds": AGES,
    "trades_pnl": EARNED,
    "option_spread_ratio": WIDTHS,
}


class Buckets:
    """A histogram: ``counts`` by upper bound, the last for what lies beyond all, and the ``total`` of the values."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(self.bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count one value; a bound belongs to its own bucket."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def observe_all(self, values: NDArray[np.float64]) -> None:
        """Count many."""
        places = np.searchsorted(self.bounds, values)
        for place, count in enumerate(np.bincount(places, minlength=len(self.counts)).tolist()):
            self.counts[place] += count
        self.total += float(values.sum())

    def copy(self) -> Buckets:
        """The same numbers, apart."""
        made = Buckets(self.bounds)
        made.counts, made.total = list(self.counts), self.total
        return made
