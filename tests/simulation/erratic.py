"""A strategy that trades when it likes, and now and then raises."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from math import isfinite
from random import Random

from sidecar.domain.contracts import Contract, Kind
from sidecar.domain.orders import OrderRequest, Side
from sidecar.domain.report import Intent, Published


class Erratic:
    """A :class:`~sidecar.strategies.protocol.Strategy`; ``touch`` is the price that a side's order needs."""

    name = "erratic"

    def __init__(self, random: Random, contracts: Iterable[Contract], touch: Callable[[Contract, Side], float]) -> None:
        self._random, self._touch = random, touch
        self._trading = [one for one in contracts if one.kind is not Kind.INDEX]

    def on_report(self, published: Published) -> Iterable[Intent]:
        draw = self._random.random()
        if draw < 0.005:
            raise RuntimeError("a bug in a strategy")
        if draw > 0.06:
            return ()
        working = [order.id for order in published.report.orders if order.request.strategy == self.name]
        if draw < 0.015 and working:
            return (Intent(cancel=working[0]),)
        contract = self._random.choice(self._trading)
        side = self._random.choice(tuple(Side))
        price = self._touch(contract, side)
        if not isfinite(price):
            return ()
        request = OrderRequest(
            contract.id, side, contract.lot_size, Decimal(str(round(price, 2))), fund_id="main", strategy=self.name
        )
        return (Intent(place=request),)
