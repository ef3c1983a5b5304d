"""How good the data of each underlying is, worked out once a second: its counts change slowly.

The score is the least of three shares, each from 0 to 1, since a mean would hide the one that is bad:

- ``fresh``: live contracts over listed ones. Live is quoted, and in a session younger than the ``stale`` limit.
- ``clean``: over the last minute, contracts' updates over these and the messages refused of the underlying. A message
  that only repeats another, or is of a contract that has just expired, says nothing against the data. 1 where nothing
  came.
- ``steady``: 1 while the underlying's own level is younger than ``stale_warn`` seconds in a session, 0 from ``stale``
  on, in proportion between; 0 where none was ever seen. Outside a session nothing is due: 1.

A gap is a silence of the underlying's own level that lasts ``stale`` seconds of a session; silence counts from the
open, or from when the desk first listened.
"""

from __future__ import annotations

from collections import Counter, deque
from math import nan
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sidecar.domain.clock import MINUTE, SECOND
from sidecar.domain.quotes import Defect
from sidecar.domain.report import QualityLine

if TYPE_CHECKING:
    from sidecar.desk.state import DeskState

#: What is refused without anything being wrong with the data.
_HARMLESS = (Defect.DUPLICATE, Defect.EXPIRED)


class Sample(NamedTuple):
    """What had come of one underlying by an instant: updates taken, bad messages, messages that the feed missed."""

    at: int
    updates: int
    bad: int
    missed: int


class Freshness(NamedTuple):
    """How many contracts are listed, live, stale, never seen."""

    contracts: int
    live: int
    stale: int
    missing: int


class DataQuality:
    """The lines of every underlying, and what they need to remember of the last minute."""

    def __init__(self) -> None:
        self._at = 0
        self._lines: tuple[QualityLine, ...] = ()
        self._samples: dict[str, deque[Sample]] = {}
        self._silent: set[str] = set()
        self._gaps: Counter[str] = Counter()

    def lines(self, state: DeskState, opened_at: int | None) -> tuple[QualityLine, ...]:
        """One line an underlying, sorted; the last ones again within a second.

        ``opened_at`` is when the exchange last began to trade, None while it does not.
        """
        if not self._lines or state.now - self._at >= SECOND:
            self._at = state.now
            self._lines = tuple(self._line(state, underlying, opened_at) for underlying in state.board.underlyings)
        return self._lines

    def _line(self, state: DeskState, underlying: str, opened_at: int | None) -> QualityLine:
        counts = _freshness(state, underlying, in_session=opened_at is not None)
        refused = state.board.refused_by_symbol.get(underlying, Counter())
        then, now = self._minute(state, underlying, refused)
        used, bad = now.updates - then.updates, now.bad - then.bad
        fresh = counts.live / counts.contracts if counts.contracts else nan
        clean = used / (used + bad) if used + bad else 1.0
        steady = self._steady(state, underlying, opened_at)
        quote = state.board.last(underlying)
        return QualityLine(
            symbol=underlying,
            contracts=counts.contracts,
            live=counts.live,
            stale=counts.stale,
            missing=counts.missing,
            updates=now.updates,
            refused=refused.total(),
            age_s=(state.now - quote.at) / SECOND if quote else nan,
            score=min(fresh, clean, steady) if counts.contracts else nan,
            crossed=refused[Defect.CROSSED],
            out_of_order=refused[Defect.OUT_OF_ORDER],
            gaps=self._gaps[underlying],
            missed=now.missed - then.missed,
            refused_by_reason={str(reason): refused[reason] for reason in sorted(refused)},
            fresh=fresh,
            clean=clean,
            steady=steady,
        )

    def _minute(self, state: DeskState, underlying: str, refused: Counter[Defect]) -> tuple[Sample, Sample]:
        """What had come a minute ago (or when the desk began), and what has come by now."""
        bad = refused.total() - sum(refused[reason] for reason in _HARMLESS)
        now = Sample(state.now, state.board.updates[underlying], bad, state.feed_gaps)
        kept = self._samples.setdefault(underlying, deque([Sample(state.now, 0, 0, 0)]))
        kept.append(now)
        while len(kept) > 1 and kept[1].at <= state.now - MINUTE:
            kept.popleft()
        return kept[0], now

    def _steady(self, state: DeskState, underlying: str, opened_at: int | None) -> float:
        quote = state.board.last(underlying)
        if opened_at is None:
            return 1.0 if quote else 0.0
        limits = state.limits[None]
        warn, stale = limits["stale_warn"], limits["stale"]
        since = max(quote.at if quote else 0, opened_at, state.live_since)
        silence = (state.now - since) / SECOND
        if silence < stale:
            self._silent.discard(underlying)
        elif underlying not in self._silent:
            self._silent.add(underlying)
            self._gaps[underlying] += 1
        if quote is None:
            return 0.0
        if silence < warn or silence >= stale:
            return float(silence < min(warn, stale))
        return (stale - silence) / (stale - warn)


def _freshness(state: DeskState, underlying: str, *, in_session: bool) -> Freshness:
    own = [g.rows for g in state.board.groups if g.underlying == underlying and g.expires_at > state.now]
    none: NDArray[np.intp] = np.zeros(0, dtype=np.intp)
    at = state.board.at[np.concatenate(own or [none])]
    missing = int((at == 0).sum())
    stale = 0
    if in_session:
        stale = int(((state.now - at >= state.limits[None]["stale"] * SECOND) & (at > 0)).sum())
    return Freshness(int(at.size), int(at.size) - missing - stale, stale, missing)
