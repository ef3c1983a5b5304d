"""What the desk is told once, at the start. Frozen; the same values replay to the same bytes."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, Self

import msgspec
import numpy as np

from sidecar.alerts.policy import Policy
from sidecar.pricing.curve import Curve
from sidecar.risk.shocks import Shocks


class History(msgspec.Struct, frozen=True):
    """The one-day moves of :class:`~sidecar.risk.shocks.Shocks` as plain numbers: what a recorded tape can carry."""

    underlyings: tuple[str, ...]
    spot: tuple[tuple[float, ...], ...]
    vol: tuple[tuple[float, ...], ...]
    method: Literal["historical", "filtered", "implied"]

    @classmethod
    def of(cls, moves: Shocks) -> Self:
        """The moves as plain numbers."""
        spot, vol = (tuple(map(tuple, each.tolist())) for each in (moves.spot, moves.vol))
        return cls(moves.underlyings, spot, vol, moves.method)

    @property
    def shocks(self) -> Shocks:
        """The moves as arrays."""
        return Shocks(self.underlyings, np.array(self.spot), np.array(self.vol), self.method)


class DeskConfig(msgspec.Struct, frozen=True):
    """Rates are continuous and a year; ``_s`` is seconds; shares and margins are fractions.

    ``rate_curve`` is (years, zero rate) nodes; where it has none, ``risk_free_rate`` is every maturity's. ``history``
    are the one-day moves that tail risk draws from, if there is a history. ``stale_s`` and ``stale_warn_s`` come from
    the limits; ``confirmations`` is how many trusted valuations in a row a breach on marks needs before it trips; after
    ``blind_s`` without trusted marks nothing may be added. An order not answered within ``order_timeout_s`` is unknown;
    a cancel is repeated after ``cancel_retry_s`` and the venue asked every ``ask_every_s`` while something is not
    confirmed (both pauses double up to half a minute), and every ``reconcile_every_s`` otherwise. ``rehearsed`` are the
    faults that a simulated venue plays, for people to read. ``alerts`` says how patient the alerts are.
    """

    capital: dict[str, Decimal]
    limits: dict[str, float]
    exchange: str = "NSE"
    currency: str = "INR"
    volatility_index: str = "INDIAVIX"
    risk_free_rate: float = 0.065
    history: History | None = None
    rate_curve: tuple[tuple[float, float], ...] = ()
    confirmations: int = 3
    blind_s: float = 60.0
    margin_scale: float = 1.0
    mark_record_s: int = 60
    closing_band: float = 0.02
    closing_retry_s: float = 2.0
    closing_orders_per_s: int = 10
    order_timeout_s: float = 5.0
    cancel_retry_s: float = 2.0
    ask_every_s: float = 2.0
    reconcile_every_s: float = 60.0
    rehearsed: str = ""
    alerts: Policy = Policy()

    @property
    def rates(self) -> Curve:
        """What payments are discounted at."""
        if not self.rate_curve:
            return Curve.flat(self.risk_free_rate)
        years, rates = zip(*self.rate_curve, strict=True)
        return Curve(years, rates)
