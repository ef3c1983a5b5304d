"""Round trips by strategy, folded as they come: what they earned, how many won, how evenly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from math import nan, sqrt
from threading import Lock
from typing import Protocol

from sidecar.telemetry.bounded import MOST_STRATEGIES, Bounded
from sidecar.telemetry.buckets import BOUNDS, Buckets


class Trip(Protocol):
    """One position from flat to flat; ``net`` is what it earned after fees, ``closed_at`` microseconds UTC."""

    @property
    def strategy(self) -> str: ...
    @property
    def closed_at(self) -> int: ...
    @property
    def net(self) -> Decimal: ...


@dataclass
class Earned:
    """What one strategy's round trips earned since the book began, account currency after fees."""

    closed: int = 0
    won: int = 0
    profit: Decimal = Decimal(0)
    loss: Decimal = Decimal(0)
    squares: float = 0.0
    spread: Buckets = field(default_factory=lambda: Buckets(BOUNDS["trades_pnl"]))

    def take(self, net: Decimal) -> None:
        """One more."""
        self.closed += 1
        self.won += net > 0
        self.profit += max(net, Decimal(0))
        self.loss += max(-net, Decimal(0))
        self.squares += float(net) ** 2
        self.spread.observe(float(net))

    @property
    def win_rate(self) -> float:
        """Winners over all, a fraction."""
        return self.won / self.closed if self.closed else nan

    @property
    def mean(self) -> float:
        """Of the net P&L."""
        return float(self.profit - self.loss) / self.closed if self.closed else nan

    @property
    def sharpe(self) -> float:
        """Mean over sample deviation of the net P&L of single round trips, not annualised; NaN below two of them."""
        if self.closed < 2:
            return nan
        variance = (self.squares - self.closed * self.mean**2) / (self.closed - 1)
        return self.mean / sqrt(variance) if variance > 1e-12 * self.squares else nan


class Trips:
    """Reads a list that only grows; each round trip is folded once. ``rows`` are in the order in which they closed,
    ``label`` gives a strategy's.
    """

    def __init__(self, rows: Callable[[], Sequence[Trip]], label: Callable[[str], str] | None = None) -> None:
        self._rows = rows
        self._label = label or Bounded(MOST_STRATEGIES)
        self._lock = Lock()
        self._folded = 0
        self._earned: dict[str, Earned] = {}

    def earned(self) -> dict[str, Earned]:
        """By strategy; those beyond the labels' bound together as ``other``."""
        with self._lock:
            rows = self._rows()
            for trip in rows[self._folded :]:
                self._earned.setdefault(self._label(trip.strategy), Earned()).take(trip.net)
                self._folded += 1
            return {name: replace(line, spread=line.spread.copy()) for name, line in self._earned.items()}

    def since(self, at: int) -> dict[str, int]:
        """How many closed at or after ``at``, by strategy; 0 for those that closed none."""
        found = dict.fromkeys(self.earned(), 0)
        for trip in reversed(self._rows()[: self._folded]):
            if trip.closed_at < at:
                break
            found[self._label(trip.strategy)] += 1
        return found
