"""The demonstration: a short strangle on the nearest expiry, delta-hedged with a future where one is listed.

It exists so that a newcomer sees a living book; it is not a recommendation. It sells one lot each of the call and the
put whose delta is nearest 0.20, rolls a leg whose delta has grown beyond 0.40, keeps the book's delta within half a lot
with the nearest future (a strangle of one lot seldom needs it), and lets what is left settle at expiry
(:class:`~sidecar.strategies.short_strangle.ShortStrangle`). Beside its orders it says about once a minute what it
expects of the underlying (:class:`~sidecar.strategies.reversion.Reversion`).
"""

from __future__ import annotations

from sidecar.domain.report import Intent, Published
from sidecar.strategies.reversion import Reversion
from sidecar.strategies.short_strangle import ShortStrangle


class Demo:
    """The demonstration strategy for one fund."""

    name = "demo"

    def __init__(self, fund_id: str = "main", underlying: str = "NIFTY", lots: int = 1) -> None:
        self.fund_id = fund_id
        self.underlying = underlying
        self._opinion = Reversion(underlying, self.name, fund_id)
        self._strangle = ShortStrangle(fund_id, underlying, lots, name=self.name)

    def on_report(self, published: Published) -> tuple[Intent, ...]:
        """A signal when it has one to give, and the strangle's orders."""
        signal = self._opinion.look(published.report)
        orders = self._strangle.on_report(published)
        return orders if signal is None else (Intent(signal=signal), *orders)
