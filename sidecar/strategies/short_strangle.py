"""A short strangle on the nearest expiry, delta-hedged with a future where one is listed."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

from sidecar.domain import clock
from sidecar.domain.clock import MINUTE
from sidecar.domain.contracts import Right
from sidecar.domain.orders import OrderRequest, Side
from sidecar.domain.report import Chain, Intent, PositionLine, Published
from sidecar.strategies.option_legs import known, marketable, nearest_future, of_nearest
from sidecar.strategies.turns import Turns


class ShortStrangle:
    """Sells ``lots`` each of the call and the put whose delta is nearest ``delta``, and lets them settle at expiry.

    A leg whose delta has grown beyond ``roll`` is bought back, and another one sold in its place; none is sold whose
    delta is beyond the middle of the two, for it would be bought back again at once. With ``hedge`` the delta of all
    that it holds is kept within ``hedge_band`` lots with the nearest future, a lot at a time. On a chain that lists no
    future it cannot be hedged: nothing is traded in its place, and the book carries the delta. No strangle begins
    within ``last_entry_minutes`` of its expiry. Legs that have expired and wait for their settlement count no more.

    Where a chain has last prices alone, orders reach 2 % through them; else 0.4 % through the touch. Every order passes
    the gate like anyone else's. It keeps no book of its own: each order is decided from the report alone, so that it
    carries on after a restart. When it has a turn says :class:`~sidecar.strategies.turns.Turns`.
    """

    def __init__(
        self,
        fund_id: str = "main",
        underlying: str = "NIFTY",
        lots: int = 1,
        *,
        name: str = "short_strangle",
        delta: float = 0.20,
        roll: float = 0.40,
        hedge: bool = True,
        hedge_band: float = 0.5,
        last_entry_minutes: float = 60.0,
    ) -> None:
        self.name = name
        self.fund_id = fund_id
        self.underlying = underlying
        self.lots = lots
        self._target, self._roll, self._most = delta, roll, (delta + roll) / 2
        self._hedges, self._band = hedge, hedge_band
        self._last_entry = round(last_entry_minutes * MINUTE)
        self._turns = Turns(name, fund_id)

    def on_report(self, published: Published) -> tuple[Intent, ...]:
        """Cancels of old orders, else at most one round of new ones."""
        report = published.report
        first = self._turns.take(report)
        if first is not None:
            return first
        over = set(report.awaiting_settlement)
        held = [
            line
            for line in report.positions
            if (line.strategy, line.fund_id) == (self.name, self.fund_id) and line.id not in over
        ]
        now = clock.from_datetime(report.timestamp)
        return tuple(Intent(place=request) for request in self._wishes(published.chain, held, now))

    def _wishes(self, chain: Chain, held: list[PositionLine], now: int) -> Iterator[OrderRequest]:
        options = [line for line in held if line.option_type is not None]
        grown = [line for line in options if abs(line.delta) > self._roll * abs(line.quantity)]
        for line in grown:
            side = Side.BUY if line.quantity < 0 else Side.SELL
            yield from self._order(chain, chain.rows[line.symbol], side, abs(line.quantity), "roll: delta has grown")
        if grown:
            return
        rights = {line.option_type for line in options}
        expiry = max((line.expiry for line in options if line.expiry), default=None)
        after = now + (self._last_entry if expiry is None else 0)
        for right in Right:
            if right not in rights:
                rows = known(chain, self.underlying, right, after, expiry)
                row = of_nearest(chain, (row for row in rows if abs(chain.delta[row]) <= self._most), self._target)
                if row is not None:
                    size = self.lots * chain.contracts[row].lot_size
                    yield from self._order(chain, row, Side.SELL, size, "sell the strangle's leg")
        if self._hedges and (len(rights) == len(Right) or len(options) < len(held)):
            yield from self._hedge(chain, held, now)

    def _hedge(self, chain: Chain, held: list[PositionLine], now: int) -> Iterator[OrderRequest]:
        delta = sum(line.delta for line in held)  # NaN where one is unknown, and then nothing is done
        future = nearest_future(chain.contracts, self.underlying, now)
        if future is not None and isfinite(delta) and abs(delta) > self._band * future.lot_size:
            side = Side.SELL if delta > 0 else Side.BUY
            yield from self._order(chain, chain.rows[future.id], side, future.lot_size, "hedge delta")

    def _order(self, chain: Chain, row: int, side: Side, quantity: int, reason: str) -> Iterator[OrderRequest]:
        price = marketable(chain, row, side)
        if price is not None:
            symbol = chain.contracts[row].id
            yield OrderRequest(symbol, side, quantity, price, fund_id=self.fund_id, strategy=self.name, reason=reason)
