"""The fitted volatility surface of each underlying, refitted when its quotes moved, at most every two seconds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sidecar.desk.board import Board, Group
from sidecar.domain.analytics import SmileLine
from sidecar.domain.clock import SECOND
from sidecar.pricing.bands import Quotes, bands
from sidecar.pricing.curve import Curve
from sidecar.pricing.daycount import years
from sidecar.pricing.surface import Surface
from sidecar.pricing.surface_fit import fit

Floats = NDArray[np.float64]

#: A smile hardly changes shape within it, and its place moves with the forward anyway.
_EVERY = 2 * SECOND
_NEVER = 2**63 - 1


class Known(Protocol):
    """What is known of an expiry's forward."""

    @property
    def forward(self) -> float: ...
    @property
    def forward_error(self) -> float: ...


class Surfaces:
    """The newest surface of each underlying; ``lines`` tells them all."""

    def __init__(self) -> None:
        self.fitted: dict[str, Surface] = {}
        self.lines: tuple[SmileLine, ...] = ()
        self._by_underlying: dict[str, tuple[SmileLine, ...]] = {}
        self._touched: set[str] = set()
        self._fitted_at: dict[str, int] = {}
        self._ends: dict[str, int] = {}

    def touch(self, underlying: str) -> None:
        """Something that its surface is made of has moved."""
        self._touched.add(underlying)

    def refit(self, board: Board, mark: Floats, known: Mapping[tuple[str, str], Known], now: int, rates: Curve) -> None:
        """Fit the surfaces that moved and are due, and those of which an expiry is over."""
        moved = (name for name in self._touched if now - self._fitted_at.get(name, 0) >= _EVERY)
        due = sorted({*moved, *(name for name, end in self._ends.items() if end <= now)})
        for name in due:
            live = [
                group
                for group in board.groups
                if group.underlying == name and group.expires_at > now and group.key in known
            ]
            live.sort(key=lambda group: group.expires_at)
            quotes = [_quotes(board, mark, group, known[group.key], now, rates) for group in live]
            surface = fit(bands(quotes), self.fitted.get(name))
            self.fitted[name] = surface
            self._by_underlying[name] = surface.lines(name, [group.expiry for group in live if group.expiry])
            self._fitted_at[name] = now
            self._ends[name] = live[0].expires_at if live else _NEVER
            self._touched.discard(name)
        if due:
            self.lines = tuple(line for _, lines in sorted(self._by_underlying.items()) for line in lines)

    def volatility(self, underlying: str, strikes: Floats, time: float) -> Floats:
        """The fitted volatility of each strike; NaN where there is no smile."""
        surface = self.fitted.get(underlying)
        if surface is None or not surface.fitted.size:
            return np.full(strikes.shape, np.nan)
        return surface.volatility(time, strike=strikes)


def _quotes(board: Board, mark: Floats, group: Group, known: Known, now: int, rates: Curve) -> Quotes:
    """The expiry's quotes; where nobody quotes, the mark of a trade stands for both sides."""
    bid, ask = board.column("bid"), board.column("ask")
    traded = np.isnan(bid) & np.isnan(ask)
    low, high = np.where(traded, mark, bid), np.where(traded, mark, ask)
    time = years(now, group.expires_at)
    return Quotes(
        years=time,
        forward=known.forward,
        forward_error=known.forward_error,
        discount=float(rates.discount(time)),
        strikes=group.strikes,
        call_bid=low[group.calls],
        call_ask=high[group.calls],
        put_bid=low[group.puts],
        put_ask=high[group.puts],
    )
