"""What the screens read: one picture of the desk, taken at most once a second and shared by every session."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from threading import Lock
from typing import Any, TypeVar

import streamlit as st

from pages.parts.picture import ALL, Picture, Row, look
from pages.parts.visitor import address as address
from pages.parts.visitor import visitor
from sidecar.client import Desk
from sidecar.domain.errors import ClientError

T = TypeVar("T")
PICTURE_EVERY_S = 1.0
EQUITY_EVERY_S = 5.0
EQUITY_ROWS = 400
MOST_KEYS = 32
MOST_TOLD = 256


class Shared:
    """The newest picture and the day's equity. Whoever asks first in a second reads; the others get what was read."""

    def __init__(self, desk: Desk, clock: Callable[[], float] = time.monotonic) -> None:
        self.desk = desk
        self._clock = clock
        self._picture = Picture()
        self._equity: dict[str, tuple[float, list[Row] | None, str]] = {}
        self._told: dict[str, tuple[float, Any, str]] = {}
        self._locks: defaultdict[str, Lock] = defaultdict(Lock)

    def picture(self) -> Picture:
        """The desk as of now, or as last seen."""
        lock = self._locks["picture"]
        # Another session that is looking already may be waiting for a slow desk: only a first look is worth the wait.
        if lock.acquire(blocking=self._picture.looked_at == 0.0):
            try:
                now = self._clock()
                if self._picture.looked_at == 0.0 or now - self._picture.looked_at >= PICTURE_EVERY_S * 0.9:
                    self._picture = look(self.desk, self._picture, now)
            finally:
                lock.release()
        return replace(self._picture, looked_at=max(self._clock(), self._picture.looked_at))

    def equity(self, fund: str = ALL) -> tuple[list[Row] | None, str]:
        """Today's performance rows of a fund, oldest first, or None and why not."""
        with self._locks["equity"]:
            now = self._clock()
            at, rows, _ = known = self._equity.get(fund, (float("-inf"), None, ""))
            if now - at >= EQUITY_EVERY_S:
                try:
                    known = (now, _today(self.desk.equity(fund, limit=EQUITY_ROWS)), "")
                except ClientError as error:
                    known = (now, rows, str(error))
                self._equity[fund] = known
        return known[1], known[2]

    def told(self, name: str, every_s: float, read: Callable[[Desk], T]) -> tuple[T | None, str]:
        """What ``read`` last found, read again after ``every_s`` seconds, and why the newest look failed, if it did.

        ``name`` is what it is of. None where no look ever worked.
        """
        with self._locks[name]:
            now = self._clock()
            known = self._told.get(name)
            if known is None or now - known[0] >= every_s:
                try:
                    known = (now, read(self.desk), "")
                except ClientError as error:
                    known = (now, known[1] if known else None, str(error))
                self._told[name] = known
                # Filters and ids come and go with people: what was not read again for longest is forgotten.
                for stale, _ in sorted(self._told.items(), key=lambda one: one[1][0])[:-MOST_TOLD]:
                    self._told.pop(stale, None)
        return known[1], known[2]

    def forget(self, name: str) -> None:
        """Read ``name`` anew at the next look: somebody has just changed it."""
        with self._locks[name]:
            self._told.pop(name, None)

    def history(self) -> tuple[list[Row] | None, str]:
        """The breaker's history, newest first, or None and why not."""
        try:
            return self.desk.breaker_history(), ""
        except ClientError as error:
            return None, str(error)


def _today(rows: list[Row]) -> list[Row]:
    """The rows of the newest day that has any."""
    if not rows:
        return []
    newest = max(str(row.get("timestamp")) for row in rows)[:10]
    return [row for row in rows if str(row.get("timestamp"))[:10] == newest]


@st.cache_resource(show_spinner=False, max_entries=MOST_KEYS, on_release=lambda shared: shared.desk.shut())
def _shared(url: str, secret: str | None) -> Shared:
    return Shared(Desk(url, secret))


def shared() -> Shared:
    """The readings of the visitor's key, which its sessions share; they and the last picture outlive a sidecar."""
    return _shared(address(), visitor().key or None)
