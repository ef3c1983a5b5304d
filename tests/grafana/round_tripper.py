"""A strategy that is never done: it buys a lot, sells it at its stop, leaves an order far away, cancels it, again."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from sidecar.domain import clock
from sidecar.domain.clock import MINUTE
from sidecar.domain.orders import WORKING, OrderRequest, Side
from sidecar.domain.report import Intent, Published
from sidecar.strategies.option_legs import at_the_money, marketable

#: Market time between two of its acts.
PAUSE = 4 * MINUTE
TICK = Decimal("0.05")


class Strategy:
    """It fails, as strategies do, while limits are overridden."""

    name = "round_tripper"

    def __init__(self, fund_id: str, underlying: str) -> None:
        self._fund = fund_id
        self._underlying = underlying
        self._due = 0

    def on_report(self, published: Published) -> Iterator[Intent]:
        report = published.report
        now = clock.from_datetime(report.timestamp)
        if report.breaker.override is not None:
            raise RuntimeError("it was not written for this")
        if now < self._due or not report.session_open or not report.breaker.active:
            return
        self._due = now + PAUSE
        yield from self._act(published, now)

    def _act(self, published: Published, now: int) -> Iterator[Intent]:
        report, chain = published.report, published.chain
        waiting = [
            order.id for order in report.orders if order.request.strategy == self.name and order.state in WORKING
        ]
        if waiting:
            yield Intent(cancel=waiting[0])
            return
        for line in report.positions:
            if line.strategy == self.name:
                yield from self._order(published, line.symbol, Side.SELL, line.quantity, "stop: it was held enough")
                return
        pair = at_the_money(chain.contracts, self._underlying, report.markets[0].spot_price, now)
        if pair is not None:
            yield from self._order(published, pair.call.id, Side.BUY, pair.call.lot_size, "begin again")
            far = OrderRequest(pair.put.id, Side.BUY, pair.put.lot_size, self._far(published, pair.put.id),
                               fund_id=self._fund, strategy=self.name, reason="nobody will take this")  # fmt: skip
            yield Intent(place=far)

    def _order(self, published: Published, symbol: str, side: Side, quantity: int, reason: str) -> Iterator[Intent]:
        price = marketable(published.chain, published.chain.rows[symbol], side)
        if price is not None:
            request = OrderRequest(symbol, side, quantity, price, fund_id=self._fund, strategy=self.name, reason=reason)
            yield Intent(place=request)

    def _far(self, published: Published, symbol: str) -> Decimal:
        """So far below the last price that the market does not come there before it is cancelled."""
        last = Decimal(str(float(published.chain.last[published.chain.rows[symbol]])))
        return (last * Decimal("0.6") / TICK).to_integral_value() * TICK
