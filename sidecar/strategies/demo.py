"""The demonstration: a short strangle on the nearest expiry, delta-hedged with a future where one is listed.

It exists so that a newcomer sees a living book; it is not a recommendation. It sells one lot each of the call and the
put whose delta is nearest 0.20, rolls a leg whose delta has grown beyond 0.40, keeps the book's delta within half a lot
with the nearest future (a strangle of one lot seldom needs it), and lets what is left settle at expiry. Every order
passes the gate like anyone else's; after a refusal it pauses for a minute.

It keeps no book of its own: each order is decided from the report alone, so it carries on after a restart. Beside its
orders it says about once a minute what it expects of the underlying (:class:`~sidecar.strategies.reversion.Reversion`).
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from math import isfinite

from sidecar.domain import clock
from sidecar.domain.clock import MINUTE, SECOND
from sidecar.domain.contracts import Contract, Kind, Right
from sidecar.domain.orders import WORKING, OrderRequest, Side
from sidecar.domain.report import Chain, DeskReport, Intent, PositionLine, Published
from sidecar.strategies.reversion import Reversion

_TARGET = 0.20
_ROLL = 0.40
#: No leg is sold whose delta is this large already: it would be bought back again at once.
_MOST = 0.30
_DECIDE_EVERY = 5 * SECOND
_WAIT_AFTER_REFUSAL = 60 * SECOND
_ORDER_LIFE = 5 * MINUTE
#: No new strangle on an expiry this close: too little is left to sell.
_LAST_ENTRY = 60 * MINUTE
#: How far through the touch a marketable limit reaches, and through the last trade where no touch is known.
_THROUGH = 0.004
_THROUGH_LAST = 0.02


class Demo:
    """The demonstration strategy for one fund."""

    name = "demo"

    def __init__(self, fund_id: str = "main", underlying: str = "NIFTY", lots: int = 1) -> None:
        self.fund_id = fund_id
        self.underlying = underlying
        self.lots = lots
        self._opinion = Reversion(underlying, self.name, fund_id)
        self._next = 0

    def on_report(self, published: Published) -> tuple[Intent, ...]:
        """A signal when it has one to give; cancels of old orders, else at most one round of new ones."""
        signal = self._opinion.look(published.report)
        orders = self._orders(published.report, published.chain)
        return orders if signal is None else (Intent(signal=signal), *orders)

    def _orders(self, report: DeskReport, chain: Chain) -> tuple[Intent, ...]:
        """What to place or to cancel, every five seconds of market time."""
        now = clock.from_datetime(report.timestamp)
        if now < self._next or not report.session_open or not report.breaker.active or report.blind:
            return ()
        self._next = now + _DECIDE_EVERY
        own = [order for order in report.orders if order.request.strategy == self.name]
        working = [order for order in own if order.state in WORKING]
        if working:
            return tuple(Intent(cancel=order.id) for order in working if now - order.created_at > _ORDER_LIFE)
        if any(order.state == "refused" and now - order.created_at < _WAIT_AFTER_REFUSAL for order in own):
            return ()
        held = [line for line in report.positions if line.strategy == self.name and line.fund_id == self.fund_id]
        return tuple(Intent(place=request) for request in self._wishes(chain, held, now))

    def _wishes(self, chain: Chain, held: list[PositionLine], now: int) -> Iterator[OrderRequest]:
        options = [line for line in held if line.option_type is not None]
        rolled = False
        for line in options:
            if abs(line.delta) > _ROLL * abs(line.quantity):
                side = Side.BUY if line.quantity < 0 else Side.SELL
                yield from self._order(
                    chain, chain.rows[line.symbol], side, abs(line.quantity), "roll: delta has grown"
                )
                rolled = True
        if rolled:
            return
        rights = {line.option_type for line in options}
        expiry = max((line.expiry for line in options if line.expiry), default=None)
        for right in Right:
            if right not in rights:
                row = self._choose(chain, right, expiry, now)
                if row is not None:
                    size = self.lots * chain.contracts[row].lot_size
                    yield from self._order(chain, row, Side.SELL, size, "sell the strangle's leg")
        if len(rights) == len(Right) or len(options) < len(held):
            yield from self._hedge(chain, held, now)

    def _hedge(self, chain: Chain, held: list[PositionLine], now: int) -> Iterator[OrderRequest]:
        delta = sum(line.delta for line in held)  # NaN where one is unknown, and then nothing is done
        futures = [
            (contract.expires_at or 0, row)
            for row, contract in enumerate(chain.contracts)
            if contract.kind is Kind.FUTURE
            and contract.underlying == self.underlying
            and (contract.expires_at or 0) > now
        ]
        if not futures or not isfinite(delta):
            return
        row = min(futures)[1]
        lot = chain.contracts[row].lot_size
        if abs(delta) > 0.5 * lot:
            side = Side.SELL if delta > 0 else Side.BUY
            yield from self._order(chain, row, side, lot, "hedge delta")

    def _choose(self, chain: Chain, right: Right, expiry: object, now: int) -> int | None:
        """The row of the nearest expiry whose delta is closest to the target; None where no delta is known."""
        rows = [
            row
            for row, contract in enumerate(chain.contracts)
            if self._tradable(contract, right, expiry, now) and isfinite(chain.delta[row]) and isfinite(chain.mark[row])
            if abs(chain.delta[row]) <= _MOST
        ]
        nearest = min((chain.contracts[row].expires_at or 0 for row in rows), default=0)
        return min(
            (row for row in rows if chain.contracts[row].expires_at == nearest),
            key=lambda row: (abs(abs(float(chain.delta[row])) - _TARGET), row),
            default=None,
        )

    def _tradable(self, contract: Contract, right: Right, expiry: object, now: int) -> bool:
        if contract.underlying != self.underlying or contract.right is not right:
            return False
        if expiry is not None and contract.expiry != expiry:
            return False
        return (contract.expires_at or 0) - now > (0 if expiry is not None else _LAST_ENTRY)

    def _order(self, chain: Chain, row: int, side: Side, quantity: int, reason: str) -> Iterator[OrderRequest]:
        """A marketable limit a little through the touch; nothing where there is no price to go by."""
        contract = chain.contracts[row]
        touch = float(chain.ask[row] if side is Side.BUY else chain.bid[row])
        through = _THROUGH
        if not isfinite(touch):
            touch, through = float(chain.last[row]), _THROUGH_LAST
        if not isfinite(touch):
            return
        reach = max(touch * through, float(contract.tick_size))
        price = in_ticks(touch + side.sign * reach, contract.tick_size, side)
        if price > 0:
            yield OrderRequest(
                contract.id, side, quantity, price, fund_id=self.fund_id, strategy=self.name, reason=reason
            )


def in_ticks(price: float, tick: Decimal, side: Side) -> Decimal:
    """A price on the tick grid: rounded up for a buy and down for a sell, so that it reaches at least as far."""
    steps = (Decimal(repr(price)) / tick).to_integral_value(ROUND_UP if side is Side.BUY else ROUND_DOWN)
    return steps * tick
