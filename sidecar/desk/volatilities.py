"""At-the-money volatility of each underlying over the last five minutes, and how far it has moved within them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from math import isfinite, nan
from statistics import median

from sidecar.domain.clock import DAY, MINUTE, SECOND

#: Over how long a change is a shock, and how often the level is noted.
_WINDOW = 5 * MINUTE
_EVERY = SECOND
#: As many samples as one that is wrong has beside it: their median is noted.
_NEIGHBOURS = 3

#: An expiry, the time until it (microseconds), and its at-the-money volatility.
Level = tuple[str, int, float]


def level(expiries: Iterable[Level]) -> Level | None:
    """The nearest expiry that is more than a day away, else the latest: near its end a volatility means little."""
    known = sorted(expiries, key=lambda one: one[1])
    return next((one for one in known if one[1] > DAY), known[-1] if known else None)


class Volatilities:
    """A ring of levels by underlying, at most one a second. Where the expiry changes it begins anew."""

    def __init__(self) -> None:
        self._rings: dict[str, deque[tuple[int, float]]] = {}
        self._raw: dict[str, deque[float]] = {}
        self._expiry: dict[str, str] = {}
        self._now: dict[str, float] = {}
        self._noted_at = 0

    def look(self, levels: Mapping[str, Level | None], now: int, *, is_open: bool) -> None:
        """Take in the levels of ``now``, None for what has no options.

        Outside the session nothing is noted, and what was is forgotten.
        """
        self._now = {name: one[2] for name, one in levels.items() if one is not None}
        if not is_open:
            self._rings.clear()
            self._raw.clear()
        elif now - self._noted_at >= _EVERY:
            self._noted_at = now
            for name, one in levels.items():
                if one is not None:
                    self._note(name, one, now)

    def shock(self, names: Iterable[str]) -> float:
        """The largest change of these underlyings' levels against any of the last five minutes, a fraction of it.

        0 where there is nothing to compare with yet; NaN where an underlying has options and its level is not known.
        """
        found = [self._shock(name) for name in names if name in self._now]
        return nan if any(one != one for one in found) else max(found, default=0.0)

    def _shock(self, name: str) -> float:
        level_now = self._now[name]
        before = [value for _, value in self._rings.get(name, ())]
        if not (before and isfinite(level_now)):
            return 0.0 if isfinite(level_now) else nan
        return max(level_now / min(before) - 1.0, 1.0 - level_now / max(before))

    def _note(self, name: str, one: Level, now: int) -> None:
        ring, raw = self._rings.setdefault(name, deque()), self._raw.setdefault(name, deque(maxlen=_NEIGHBOURS))
        if self._expiry.get(name) != one[0]:
            self._expiry[name] = one[0]
            ring.clear()
            raw.clear()
        while ring and now - ring[0][0] > _WINDOW:
            ring.popleft()
        if isfinite(one[2]) and one[2] > 0.0:
            raw.append(one[2])
            if len(raw) == _NEIGHBOURS:
                ring.append((now, median(raw)))
