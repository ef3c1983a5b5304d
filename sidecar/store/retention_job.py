"""When old days leave the database: once a market day, after the close, by a thread that takes its time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from threading import Event as Flag
from threading import Thread
from typing import NamedTuple

from sidecar.domain.errors import StoreError
from sidecar.store.retention import KEPT, Move, checkpoint, moved

log = logging.getLogger(__name__)

JOB = "retention"
_LOOK_S = 1.0
#: Between two slices: commits, readers and the desk come first.
_PAUSE_S = 0.01
#: After a failure.
_AGAIN_S = 600.0


class Market(NamedTuple):
    """The desk's day, and whether the market is open."""

    day: date
    open: bool


class Retention:
    """Keeps ``days`` (by the settings' names; 0 is for ever) of each table, from ``start`` to ``stop``.

    :param market: the desk's day now; None before its first report. :param wall: the wall clock.
    :param on_job: told of each round whether it went through.
    """

    def __init__(
        self,
        move: Move,
        days: Mapping[str, int],
        market: Callable[[], Market | None],
        wall: Callable[[], datetime],
        on_job: Callable[[str, bool], None] = lambda _, __: None,
    ) -> None:
        self._stopped = Flag()
        self._move = move._replace(rest=lambda: self._stopped.wait(_PAUSE_S))
        self._days = days
        self._market = market
        self._wall = wall
        self._on_job = on_job
        self._done: date | None = None
        self._thread = Thread(target=self._run, name="retention", daemon=True)

    def start(self) -> None:
        """Begin to look for the close."""
        self._thread.start()

    def stop(self) -> None:
        """End within a slice; the next round goes on where this one was."""
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=30.0)

    def due(self, market: Market | None) -> bool:
        """Whether a round is due: after the close, or as soon as it is open again if the close was missed."""
        if market is None or (self._done is not None and market.day <= self._done):
            return False
        missed = self._done is None or market.day > self._done + timedelta(days=1)
        return missed or not market.open

    def round(self, today: date) -> int:
        """Moves what is too old on the desk's day ``today``; returns the rows that left the database.

        :raises StoreError, OSError: as :func:`sidecar.store.retention.moved`.
        """
        count = 0
        for kept in KEPT:
            if days := self._days[kept.setting]:
                newest = self._wall().astimezone(self._move.zone).date() if kept.wall else today
                count += moved(self._move, kept.table, newest - timedelta(days=days - 1))
        if count:
            checkpoint(self._move.writer)
        return count

    def _run(self) -> None:
        while not self._stopped.wait(_LOOK_S):
            market = self._market()
            if market is None or not self.due(market):
                continue
            try:
                self.round(market.day)
                self._done = market.day
                self._on_job(JOB, True)
            except (StoreError, OSError) as problem:
                log.error("old rows stay in the database", extra={"detail": str(problem)})
                self._on_job(JOB, False)
                self._stopped.wait(_AGAIN_S)
