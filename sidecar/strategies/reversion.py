"""The demonstration's opinion: an underlying that is far from its own recent average comes back to it.

It exists so that a newcomer sees signals given, recorded and scored; whether it is right, its scores say. It is no
recommendation, and nothing trades on it.
"""

from __future__ import annotations

from collections import deque
from math import sqrt

from sidecar.domain import clock
from sidecar.domain.clock import MINUTE, SECOND
from sidecar.domain.report import DeskReport, Quality
from sidecar.domain.signals import SignalRequest, SignalType

#: How often the level is noted, over how long it is averaged, and how many it takes to speak.
_SAMPLE = 5 * SECOND
_WINDOW = 3 * MINUTE
_FEWEST = 12
_SPEAK_EVERY = MINUTE
_HORIZON_S = 120.0
#: From how many standard deviations on it names a direction, and how many make it as sure as it can be.
_FAR, _FARTHEST = 1.0, 4.0


class Reversion:
    """A signal on one underlying about once a minute of market time, from the levels that the reports tell.

    Beyond one standard deviation above the average of the last three minutes it says sell, below it buy, else hold,
    each over the next two minutes. ``confidence`` is the distance over four deviations, at most 1, and what is left of
    1 for a hold: how far out the level is, not how often that was right.
    """

    def __init__(self, underlying: str, strategy: str, fund_id: str) -> None:
        self._underlying = underlying
        self._strategy = strategy
        self._fund_id = fund_id
        self._levels: deque[tuple[int, float]] = deque()
        self._next = 0

    def look(self, report: DeskReport) -> SignalRequest | None:
        """What it has to say after this report; nothing while it has seen too little, or nothing it can trust."""
        now = clock.from_datetime(report.timestamp)
        line = next((one for one in report.markets if one.symbol == self._underlying), None)
        if line is None or line.quality is not Quality.LIVE or not report.session_open or not line.spot_price > 0.0:
            return None
        if not self._levels or now - self._levels[-1][0] >= _SAMPLE:
            self._levels.append((now, line.spot_price))
        while now - self._levels[0][0] > _WINDOW:
            self._levels.popleft()
        if now < self._next or len(self._levels) < _FEWEST:
            return None
        self._next = now + _SPEAK_EVERY
        return self._said(line.spot_price)

    def _said(self, spot: float) -> SignalRequest:
        levels = [level for _, level in self._levels]
        mean = sum(levels) / len(levels)
        deviation = sqrt(sum((level - mean) ** 2 for level in levels) / len(levels))
        away = (spot - mean) / deviation if deviation > 0.0 else 0.0
        kind = SignalType.HOLD
        if abs(away) > _FAR:
            kind = SignalType.SELL if away > 0.0 else SignalType.BUY
        sure = min(abs(away) / _FARTHEST, 1.0)
        return SignalRequest(
            symbol=self._underlying,
            signal_type=kind,
            confidence=round(1.0 - sure if kind is SignalType.HOLD else sure, 3),
            horizon_s=_HORIZON_S,
            strategy=self._strategy,
            fund_id=self._fund_id,
            reason=f"{away:+.2f} deviations from the average of three minutes",
        )
