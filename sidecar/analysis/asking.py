"""The answers bound to a running desk: each is worked out from one report, whose ``seq`` it names, by whoever asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sidecar.analysis import book, market
from sidecar.analysis.words import Json
from sidecar.domain.errors import NotReported
from sidecar.domain.report import Published
from sidecar.pricing.curve import Curve
from sidecar.risk.stresses import Stress


class Analysis:
    """``latest`` gives the newest report; ``zone`` is the exchange's, by whose calendar an option expires today."""

    def __init__(
        self, latest: Callable[[], Published | None], rates: Curve, stresses: Sequence[Stress], zone: ZoneInfo
    ) -> None:
        self._latest = latest
        self._rates = rates
        self._stresses = tuple(stresses)
        self._zone = zone

    def chain(self, underlying: str, expiry: date | None) -> Json:
        """See :func:`sidecar.analysis.market.chain`."""
        return market.chain(self._published(), underlying, expiry)

    def surface(self, underlying: str) -> Json:
        """See :func:`sidecar.analysis.market.surface`."""
        return market.surface(self._published(), underlying)

    def greeks(self, by: str, fund_id: str) -> Json:
        """See :func:`sidecar.analysis.book.greeks`."""
        return book.greeks(self._published(), self._zone, by, fund_id)

    def explain(self, fund_id: str, strategy: str) -> Json:
        """See :func:`sidecar.analysis.book.explain`."""
        return book.explain(self._published(), fund_id, strategy)

    def scenarios(self, **asked: Any) -> Json:
        """See :func:`sidecar.analysis.book.scenarios`; ``asked`` are the fields of its ``Question``."""
        return book.scenarios(self._published(), book.Question(**asked), self._rates, self._stresses)

    def _published(self) -> Published:
        published = self._latest()
        if published is None:
            raise NotReported
        return published
