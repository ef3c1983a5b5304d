"""An iron condor on the nearest expiry: a strangle sold, with a bought option beyond each leg."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from math import isfinite

from sidecar.domain import clock
from sidecar.domain.clock import MINUTE
from sidecar.domain.contracts import Right
from sidecar.domain.orders import OrderRequest, Side
from sidecar.domain.report import Chain, DeskReport, Intent, PositionLine, Published
from sidecar.strategies.option_legs import known, marketable, of_nearest
from sidecar.strategies.turns import Turns

_WING, _BODY, _STOP = "buy the condor's wing", "sell the condor's leg", "stop: close the condor"


class IronCondor:
    """Sells ``lots`` each of the call and the put whose delta is nearest ``delta``, behind wings of delta ``wing``.

    The wings are bought first, so that the margin of what is sold is that of a spread; the legs are sold once both
    wings are held, each nearer the money than its wing. One condor an expiry: it is held until it settles, or until it
    has lost ``stop`` times the credit that it was sold for (0: never), and then closed: what was sold is bought back,
    and the wings are sold at the bid. None begins within ``last_entry_minutes`` of the expiry. Where no strike lies
    beyond the leg, there is no condor.

    Prices, refusals and restarts are as in :class:`~sidecar.strategies.short_strangle.ShortStrangle`; a stop is
    remembered from its orders as long as the report tells of them.
    """

    def __init__(
        self,
        fund_id: str = "main",
        underlying: str = "NIFTY",
        lots: int = 1,
        *,
        name: str = "iron_condor",
        delta: float = 0.20,
        wing: float = 0.08,
        stop: float = 0.0,
        last_entry_minutes: float = 60.0,
    ) -> None:
        self.name = name
        self.fund_id = fund_id
        self.underlying = underlying
        self.lots = lots
        self._delta, self._wing, self._stop = delta, wing, stop
        self._last_entry = round(last_entry_minutes * MINUTE)
        self._turns = Turns(name, fund_id)
        self._stopped: set[date | None] = set()

    def on_report(self, published: Published) -> tuple[Intent, ...]:
        """Cancels of old orders, else at most one round of new ones."""
        report, chain = published.report, published.chain
        first = self._turns.take(report)
        if first is not None:
            return first
        now = clock.from_datetime(report.timestamp)
        self._remember(report, chain)
        held = [
            line
            for line in report.positions
            if (line.strategy, line.fund_id, line.underlying) == (self.name, self.fund_id, self.underlying)
            if (chain.contracts[chain.rows[line.symbol]].expires_at or 0) > now
        ]
        if self._has_lost(held):
            self._stopped |= {line.expiry for line in held}
        over = [line for line in held if line.expiry in self._stopped]
        wishes = self._close(chain, over) if over else self._build(chain, held, now)
        return tuple(Intent(place=request) for request in wishes)

    def _remember(self, report: DeskReport, chain: Chain) -> None:
        """The expiries whose condor was stopped, after a restart too."""
        for order in report.orders:
            request = order.request
            if (request.strategy, request.fund_id, request.reason) == (self.name, self.fund_id, _STOP):
                self._stopped.add(chain.contracts[chain.rows[request.symbol]].expiry)

    def _has_lost(self, held: list[PositionLine]) -> bool:
        """Whether the stop is reached: False where there is none, or a price of it is not known."""
        credit = -sum(line.entry_price * line.quantity for line in held)
        lost = -sum(line.unrealized_pnl for line in held)
        return self._stop > 0.0 and credit > 0.0 and isfinite(lost) and lost >= self._stop * credit

    def _close(self, chain: Chain, held: list[PositionLine]) -> Iterator[OrderRequest]:
        sold = [line for line in held if line.quantity < 0]
        for line in sold or held:
            side = Side.BUY if line.quantity < 0 else Side.SELL
            yield from self._order(chain, chain.rows[line.symbol], side, abs(line.quantity), _STOP)

    def _build(self, chain: Chain, held: list[PositionLine], now: int) -> Iterator[OrderRequest]:
        """What is missing of the condor: both wings first, then what they stand behind."""
        wings = {right: self._leg(chain, held, right, now, bought=True) for right in Right}
        legs = {right: self._leg(chain, held, right, now, bought=False) for right in Right}
        if any(row is None for row in (*wings.values(), *legs.values())):
            return
        has = {line.symbol: abs(line.quantity) for line in held}
        parts = ((wings, Side.BUY, _WING), (legs, Side.SELL, _BODY))
        for rows, side, reason in parts:
            missing = False
            for row in rows.values():
                contract = chain.contracts[row or 0]
                gap = self.lots * contract.lot_size - has.get(contract.id, 0)
                if gap > 0:
                    missing = True
                    yield from self._order(chain, row or 0, side, gap, reason)
            if missing:
                return

    def _leg(self, chain: Chain, held: list[PositionLine], right: Right, now: int, *, bought: bool) -> int | None:
        """The row of one leg: the one that is held, else the one to be traded; None where there is none."""
        of_right = [line for line in held if line.option_type is right]
        own = [line for line in of_right if (line.quantity > 0) is bought]
        if own:
            return chain.rows[own[0].symbol]
        expiry = max((line.expiry for line in held if line.expiry), default=None)
        after = now + (self._last_entry if expiry is None else 0)
        rows = [row for row in known(chain, self.underlying, right, after, expiry) if self._is_open(chain, row)]
        beyond = [line.strike or 0.0 for line in of_right]  # a wing that is held, behind which the leg must lie
        if not bought:
            return of_nearest(chain, [row for row in rows if not beyond or _inside(chain, row, right, beyond[0])],
                              self._delta)  # fmt: skip
        leg = self._leg(chain, held, right, now, bought=False)
        inner = chain.contracts[leg].strike or 0.0 if leg is not None else 0.0
        if leg is None:
            return None
        further = [row for row in rows if not _inside(chain, row, right, inner) and row != leg]
        same = [row for row in further if chain.contracts[row].expiry == chain.contracts[leg].expiry]
        return of_nearest(chain, same, self._wing)

    def _is_open(self, chain: Chain, row: int) -> bool:
        return chain.contracts[row].expiry not in self._stopped

    def _order(self, chain: Chain, row: int, side: Side, quantity: int, reason: str) -> Iterator[OrderRequest]:
        price = marketable(chain, row, side, touching=reason == _STOP and side is Side.SELL)
        if price is not None:
            symbol = chain.contracts[row].id
            yield OrderRequest(symbol, side, quantity, price, fund_id=self.fund_id, strategy=self.name, reason=reason)


def _inside(chain: Chain, row: int, right: Right, strike: float) -> bool:
    """Whether a row's strike is nearer the money than ``strike``."""
    own = chain.contracts[row].strike or 0.0
    return own < strike if right is Right.CALL else own > strike
