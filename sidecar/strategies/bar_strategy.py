"""A rule on bars as a strategy of the desk: it trades what the rule wants, the same live and in a backtest."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from math import isfinite, trunc

from sidecar.domain import ticks
from sidecar.domain.backtests import Instrument
from sidecar.domain.clock import MINUTE, from_datetime
from sidecar.domain.contracts import Contract
from sidecar.domain.models import ModelRole, Prediction
from sidecar.domain.orders import WORKING, OrderRequest, Side, TimeInForce
from sidecar.domain.report import Chain, DeskReport, Intent, Published
from sidecar.strategies.bar_watch import BarWatch, SeenBar
from sidecar.strategies.option_legs import Pair, at_the_money, nearest_future, price_of
from sidecar.strategies.rules import ClosedBar, Rule

#: At how many openings before the session's end an option may still be sold.
TRIES = 3


class BarStrategy:
    """Trades a rule's target in one instrument of the underlying, in whole lots, decided at each bar's close.

    The target times ``lots``, rounded toward zero, is what shall be held; NaN leaves things as they are. Where it is
    not what is held, one order leaves for the difference: LIMIT, immediate or cancel, 4 % through what the contract is
    worth at the close (:func:`sidecar.domain.ticks.limit_price`): the middle of its quote, else its last price. It
    meets the next quote; what finds no match is gone, and the next bar decides anew. Nothing leaves at a session's last
    bar, while an own order works, while the session is shut, the breaker is not active or the desk is blind, or where
    the contract has no price.

    ``Instrument.FUTURE`` is the nearest future that still trades. ``Instrument.ATM_OPTIONS`` is the pair at the money
    of the nearest expiry as of the first bar seen of a session: above 0 the call is held, below 0 the put, each as many
    lots as the target says. From the close of the fourth bar from the session's end on what is held of them is sold,
    so that it has three openings to go at and nothing is left overnight; an option of another strike or of a day before
    is sold at the first chance.

    A rule that looks at probabilities waits for the champion's prediction on the very bar; where there are several
    champions, the first family by name counts. ``patience`` is how many reports after the one that closed the bar may
    pass without it, None as many as come before the next bar closes; then the rule sees NaN. The rule begins anew with
    each start of the desk; its target in its warm-up should be NaN, which keeps what was held.

    It never wants more than ``lots`` lots, however large a target is.
    """

    def __init__(
        self,
        rule: Rule,
        name: str,
        fund_id: str,
        underlying: str,
        lots: int = 1,
        instrument: Instrument = Instrument.FUTURE,
        period: int = MINUTE,
        patience: int | None = None,
    ) -> None:
        self.name = name
        self.rule = rule
        self._fund_id = fund_id
        self._underlying = underlying
        self._lots = lots
        self._instrument = instrument
        self._period = period
        self._patience = patience
        self._watch = BarWatch(underlying, period)
        self._step = rule.stepper()
        self._waiting: SeenBar | None = None
        self._waited = 0
        self._session = 0
        self._pair: Pair | None = None

    def on_report(self, published: Published) -> tuple[Intent, ...]:
        """Its orders after this report: none but where a bar has been decided on."""
        decided = self._decided(published)
        if decided is None:
            return ()
        bar, target = decided
        report, chain = published.report, published.chain
        ends = bar.closes_at + TRIES * self._period >= bar.session_closes_at
        if self._instrument is Instrument.ATM_OPTIONS and ends:
            target = 0.0
        if not isfinite(target) or bar.last or self._must_wait(report):
            return ()
        lots = trunc(self._lots * min(max(target, -1.0), 1.0))
        wanted = self._wanted(chain, lots, from_datetime(report.timestamp))
        return tuple(self._orders(report, chain, wanted, f"{self.rule.name}: target {target:g}"))

    def _decided(self, published: Published) -> tuple[SeenBar, float] | None:
        """The newest bar that the rule has been stepped with just now, and what it wants."""
        decided, report = None, published.report
        for bar in self._watch.take(report):
            if self._waiting is not None:
                decided = self._waiting, self._stepped(self._waiting, None)
            self._waiting, self._waited = bar, 0
            self._choose(published, bar)
        bar_now = self._waiting
        if bar_now is None:
            return decided
        prediction = self._prediction(report, bar_now.closes_at) if self.rule.needs_model else None
        over = self._patience is not None and self._waited >= self._patience
        if self.rule.needs_model and prediction is None and not over:
            self._waited += 1
            return decided
        self._waiting = None
        return bar_now, self._stepped(bar_now, prediction)

    def _stepped(self, bar: SeenBar, prediction: Prediction | None) -> float:
        if prediction is None:
            return self._step(ClosedBar(bar.closes_at, bar.close, bar.first))
        return self._step(ClosedBar(bar.closes_at, bar.close, bar.first, *prediction.probabilities))

    def _prediction(self, report: DeskReport, closes_at: int) -> Prediction | None:
        # Oldest first, and only the newest can be of this bar.
        newest = takewhile(lambda one: one.bar_at >= closes_at, reversed(report.predictions))
        found = (
            one
            for one in newest
            if one.bar_at == closes_at and one.symbol == self._underlying and one.role is ModelRole.CHAMPION
        )
        return min(found, key=lambda one: one.family, default=None)

    def _must_wait(self, report: DeskReport) -> bool:
        if not report.session_open or not report.breaker.active or report.blind:
            return True
        return any(
            order.state in WORKING and order.request.strategy == self.name and order.request.fund_id == self._fund_id
            for order in report.orders
        )

    def _choose(self, published: Published, bar: SeenBar) -> None:
        """The pair at the money, once a session."""
        if self._instrument is Instrument.FUTURE:
            return
        if self._session != bar.session_closes_at or self._pair is None:
            self._pair = at_the_money(published.chain.contracts, self._underlying, bar.close, bar.closes_at)
            self._session = bar.session_closes_at

    def _wanted(self, chain: Chain, lots: int, now: int) -> dict[Contract, int]:
        """Units by contract of all that it could trade now, those included that it wants none of."""
        if self._instrument is Instrument.FUTURE:
            future = nearest_future(chain.contracts, self._underlying, now)
            return {future: lots * future.lot_size} if future is not None else {}
        if self._pair is None:
            return {}
        call, put = self._pair
        return {call: max(lots, 0) * call.lot_size, put: max(-lots, 0) * put.lot_size}

    def _orders(self, report: DeskReport, chain: Chain, wanted: dict[Contract, int], reason: str) -> Iterator[Intent]:
        held = {
            line.symbol: line.quantity
            for line in report.positions
            if (line.strategy, line.fund_id, line.underlying) == (self.name, self._fund_id, self._underlying)
        }
        units = {contract.id: quantity for contract, quantity in wanted.items()}
        if self._instrument is Instrument.ATM_OPTIONS:
            expired = set(report.awaiting_settlement)
            units |= {
                line.symbol: 0
                for line in report.positions
                if line.symbol in held and line.symbol not in units and line.id not in expired
            }
        gaps = {symbol: quantity - held.get(symbol, 0) for symbol, quantity in units.items()}
        for symbol, gap in sorted(gaps.items(), key=lambda one: one[1]):  # what is sold makes room for what is bought
            if gap:
                yield from self._order(chain, symbol, gap, reason)

    def _order(self, chain: Chain, symbol: str, gap: int, reason: str) -> Iterator[Intent]:
        row = chain.rows[symbol]
        close, side = price_of(chain, row), Side.BUY if gap > 0 else Side.SELL
        if not isfinite(close):
            return
        price = ticks.limit_price(close, chain.contracts[row].tick_size, side)
        if price > 0:
            yield Intent(
                place=OrderRequest(
                    symbol, side, abs(gap), price, time_in_force=TimeInForce.IOC, fund_id=self._fund_id,
                    strategy=self.name, reason=reason,
                )
            )  # fmt: skip
