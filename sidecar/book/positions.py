"""The book: every position, the money that its fills moved, and the round trips they closed."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

import msgspec

from sidecar.book.position import ZERO, Lot, Position, apply, flat, position_id, split
from sidecar.domain.contracts import parse_id
from sidecar.domain.orders import Fill

__all__ = ["Book", "Lot", "Position", "RoundTrip", "Trades", "apply", "position_id"]


class RoundTrip(msgspec.Struct, frozen=True):
    """One position from flat to flat; ``realized`` is gross, by average cost."""

    fund_id: str
    strategy: str
    symbol: str
    opened_at: int
    closed_at: int
    realized: Decimal
    fees: Decimal

    @property
    def net(self) -> Decimal:
        """What it earned after fees."""
        return self.realized - self.fees


class Trades(NamedTuple):
    """Closed round trips, and how many of them earned money after fees."""

    closed: int
    winners: int


class Tally(msgspec.Struct, frozen=True):
    """Sums since the book began. ``cash`` is money received less money paid and fees: a second road to the P&L."""

    cash: Decimal = ZERO
    realized: Decimal = ZERO
    fees: Decimal = ZERO
    trades: int = 0
    winners: int = 0


class Book:
    """Every position, from fills. The one mutable thing of this room; only the desk's step changes it.

    Sums by fund, strategy and underlying are over the whole life of the book, flat positions included; ``None`` means
    all. A fill id counts once, whatever comes under it later.
    """

    def __init__(self) -> None:
        self.positions: dict[str, Position] = {}
        self.seen: set[str] = set()
        self.round_trips: list[RoundTrip] = []
        self._open: dict[str, Position] = {}
        self._tallies: dict[tuple[str, str, str], Tally] = {}
        self._streaks: dict[str, int] = {}

    def apply(self, fill: Fill) -> Decimal | None:
        """Take a fill; the gross P&L it realised, or ``None``, and nothing changes, if its id was seen before.

        :raises InputError: a fill that cannot be: no quantity, price or fees not a number, no contract's id.
        """
        if fill.id in self.seen:
            return None
        key = position_id(fill.fund_id, fill.strategy, fill.symbol)
        underlying = parse_id(fill.symbol).underlying
        position = self.positions.get(key) or flat(fill)
        total, trips = ZERO, []
        for part in split(position, fill):
            position, realized = apply(position, part)
            total += realized
            if position.quantity == 0:
                trips.append(_round_trip(position, fill.at))
        self.seen.add(fill.id)
        self._keep(key, position)
        self._count(fill, underlying, total, trips)
        return total

    def open_positions(self) -> list[Position]:
        """The positions that hold something, by id."""
        return [self._open[key] for key in sorted(self._open)]

    def net(self, symbol: str, fund_id: str | None = None) -> int:
        """Signed units held of a contract by a fund, or by all."""
        held = (position for position in self._open.values() if position.symbol == symbol)
        return sum(position.quantity for position in held if fund_id in (None, position.fund_id))

    def units(self, fund_id: str) -> dict[str, int]:
        """Signed units of each contract that a fund holds, over its strategies."""
        held: dict[str, int] = {}
        for position in self.open_positions():
            if position.fund_id == fund_id:
                held[position.symbol] = held.get(position.symbol, 0) + position.quantity
        return held

    def realized(
        self, fund_id: str | None = None, strategy: str | None = None, underlying: str | None = None
    ) -> Decimal:
        """Realised P&L by average cost, gross of fees."""
        return sum((tally.realized for tally in self._of(fund_id, strategy, underlying)), ZERO)

    def fees(self, fund_id: str | None = None, strategy: str | None = None, underlying: str | None = None) -> Decimal:
        """Charges and taxes paid."""
        return sum((tally.fees for tally in self._of(fund_id, strategy, underlying)), ZERO)

    def cash(self, fund_id: str | None = None, strategy: str | None = None, underlying: str | None = None) -> Decimal:
        """Money received for what was sold, less money paid for what was bought, less fees."""
        return sum((tally.cash for tally in self._of(fund_id, strategy, underlying)), ZERO)

    def trades(self, fund_id: str | None = None, strategy: str | None = None) -> Trades:
        """Closed round trips and winners; a winner earned more than its fees."""
        tallies = list(self._of(fund_id, strategy, None))
        return Trades(sum(tally.trades for tally in tallies), sum(tally.winners for tally in tallies))

    def strategies(self) -> tuple[str, ...]:
        """Every strategy that ever had a fill, by name."""
        return tuple(sorted({strategy for _, strategy, _ in self._tallies}))

    def loss_streak(self, strategy: str) -> int:
        """How many of the strategy's last round trips in a row lost money after fees, over all funds."""
        return self._streaks.get(strategy, 0)

    def forgive(self, strategy: str) -> None:
        """Begin the strategy's count of losses anew: a named person has enabled it again."""
        self._streaks.pop(strategy, None)

    def imbalance(self) -> Decimal:
        """Cash plus cost held, less realised P&L after fees: zero, or the book is wrong."""
        cost = sum((position.cost for position in self._open.values()), ZERO)
        return self.cash() + cost - (self.realized() - self.fees())

    def _of(self, fund_id: str | None, strategy: str | None, underlying: str | None) -> list[Tally]:
        asked = (fund_id, strategy, underlying)
        return [
            tally
            for key, tally in self._tallies.items()
            if all(want is None or want == have for want, have in zip(asked, key, strict=True))
        ]

    def _keep(self, key: str, position: Position) -> None:
        self.positions[key] = position
        if position.quantity:
            self._open[key] = position
        else:
            self._open.pop(key, None)

    def _count(self, fill: Fill, underlying: str, realized: Decimal, trips: list[RoundTrip]) -> None:
        key = (fill.fund_id, fill.strategy, underlying)
        tally = self._tallies.get(key, Tally())
        self._tallies[key] = Tally(
            tally.cash - fill.quantity * fill.price - fill.fees,
            tally.realized + realized,
            tally.fees + fill.fees,
            tally.trades + len(trips),
            tally.winners + sum(trip.net > 0 for trip in trips),
        )
        self.round_trips += trips
        for trip in trips:
            # A round trip that earns exactly nothing is no loss, so it ends the streak.
            self._streaks[fill.strategy] = self.loss_streak(fill.strategy) + 1 if trip.net < 0 else 0


def _round_trip(position: Position, at: int) -> RoundTrip:
    return RoundTrip(
        position.fund_id,
        position.strategy,
        position.symbol,
        position.opened_at,
        at,
        position.trip_realized,
        position.trip_fees,
    )
