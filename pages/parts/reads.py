"""What the screens read: one picture of the desk, taken at most once a second and shared by every session."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import Any

import streamlit as st

from sidecar.client import Desk
from sidecar.domain.errors import ClientError, DeskRefused, DeskUnreachable

Row = dict[str, Any]
ALL = "*"  # the whole desk, where a fund is named
URL = "http://127.0.0.1:8000"
KEY_FILE = Path(__file__).resolve().parents[2] / "data" / "ui.key"
PICTURE_EVERY_S = 1.0
EQUITY_EVERY_S = 5.0
EQUITY_ROWS = 400
SMILES_EVERY_S = 5.0
#: A picture older than this is not called live any more.
FRESH_S = 3.0


@dataclass(frozen=True)
class Picture:
    """The desk, or one ``fund`` of it, as last seen. What could not be read is None, with the reason in ``missing``.

    ``problem`` says why the newest look failed; the rest is then the last good picture, ``age_s`` seconds old.
    """

    status: Row | None = None
    positions: list[Row] | None = None
    totals: Row | None = None
    funds: tuple[Row, ...] = ()
    fund: str = ALL
    risk: Row | None = None
    quality: Row | None = None
    orders: list[Row] | None = None
    awaiting: tuple[str, ...] = ()
    missing: dict[str, str] = field(default_factory=dict)
    problem: str = ""
    down: bool = False
    seen_at: float | None = None
    looked_at: float = 0.0

    @property
    def age_s(self) -> float | None:
        """Seconds between this look and the last one that worked; None if none ever did."""
        return None if self.seen_at is None else max(0.0, self.looked_at - self.seen_at)

    @property
    def live(self) -> bool:
        """Whether what is shown is what the desk says now."""
        return not self.problem and self.age_s is not None and self.age_s <= FRESH_S

    def of(self, fund: str) -> Picture:
        """The same picture of one fund alone; as it is for the whole desk, or a fund that it does not know."""
        totals = [row for row in self.funds if row.get("fund_id") == fund]
        if not totals:
            return self
        own = {"positions": _own(self.positions, fund), "orders": _own(self.orders, fund)}
        return replace(self, fund=fund, totals=totals[0], **own)

    @property
    def breaker(self) -> Row:
        """The breaker's part of the status; empty if unknown."""
        return dict((self.status or {}).get("circuit_breaker") or {})

    @property
    def state(self) -> str:
        """The breaker's state, or ``unknown``."""
        return str(self.breaker.get("status") or "unknown")

    @property
    def currency(self) -> str:
        return str((self.status or {}).get("currency") or "INR")

    @property
    def simulated(self) -> bool:
        return bool((self.status or {}).get("simulated"))

    @property
    def limits(self) -> list[Row] | None:
        """Every limit of the desk and its funds; None if unknown."""
        return None if self.risk is None else list(self.risk.get("limits") or ())

    @property
    def greeks(self) -> list[Row] | None:
        """The fund's Greeks by underlying; None if unknown."""
        if self.risk is None:
            return None
        return [row for row in self.risk.get("greeks") or () if row.get("fund_id") == self.fund]

    @property
    def markets(self) -> list[Row]:
        """One line an underlying."""
        return list((self.status or {}).get("markets") or ())


def _own(rows: list[Row] | None, fund: str) -> Any:
    return None if rows is None else [row for row in rows if row.get("fund_id") == fund]


def _status(desk: Desk) -> Row:
    found: Row = desk.status()
    return {"status": found.get("data", found)}


def _positions(desk: Desk) -> Row:
    found: Row = desk.positions()
    awaiting = tuple(found.get("awaiting_settlement") or ())
    told = {"positions": list(found["positions"]), "totals": found.get("totals"), "awaiting": awaiting}
    return {**told, "funds": tuple(found.get("funds") or ())}


def _risk(desk: Desk) -> Row:
    found: Row = desk.risk()
    return {"risk": found.get("data", found)}


def _quality(desk: Desk) -> Row:
    found: Row = desk.data_quality()
    return {"quality": found.get("report", found)}


def _orders(desk: Desk) -> Row:
    found: Row = desk.orders(limit=200)
    working = {"pending", "open", "partially_filled", "unknown"}
    return {"orders": [row for row in found["orders"] if row.get("state") in working]}


#: What a picture is made of, after the status: its name, and the call that reads it.
PARTS: dict[str, Callable[[Desk], Row]] = {
    "positions": _positions,
    "risk": _risk,
    "quality": _quality,
    "orders": _orders,
}


def look(desk: Desk, before: Picture, now: float) -> Picture:
    """One look at the desk. A part that is refused is missing; if the status itself fails, the last picture stays."""
    try:
        made = Picture(**_status(desk), seen_at=now, looked_at=now)
    except ClientError as error:
        return replace(before, problem=str(error), down=isinstance(error, DeskUnreachable), looked_at=now)
    for name, read in PARTS.items():
        try:
            made = replace(made, **read(desk))
        except DeskRefused as error:
            made = replace(made, missing={**made.missing, name: str(error)})
        except DeskUnreachable as error:
            return replace(before, problem=str(error), down=True, looked_at=now)
    return made


class Shared:
    """The newest picture and the day's equity. Whoever asks first in a second reads; the others get what was read."""

    def __init__(self, desk: Desk, clock: Callable[[], float] = time.monotonic) -> None:
        self.desk = desk
        self._clock = clock
        self._picture = Picture()
        self._equity: dict[str, tuple[float, list[Row] | None, str]] = {}
        self._smiles: tuple[float, list[Row] | None, str] = (float("-inf"), None, "")
        self._locks = {"picture": Lock(), "equity": Lock(), "smiles": Lock()}

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

    def smiles(self, underlyings: Sequence[str]) -> tuple[list[Row] | None, str]:
        """Every expiry's fitted smile with what it rests on, or None and why not."""
        with self._locks["smiles"]:
            now = self._clock()
            if now - self._smiles[0] >= SMILES_EVERY_S:
                try:
                    found = [row for name in underlyings for row in self.desk.surface(name)["expiries"]]
                    self._smiles = (now, found, "")
                except ClientError as error:
                    self._smiles = (now, None, str(error))
        return self._smiles[1], self._smiles[2]

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


def key() -> str | None:
    """The key of the local app: ``DESK_KEY``, else the file that the sidecar keeps for it; None if there is neither."""
    if given := os.environ.get("DESK_KEY"):
        return given
    try:
        return Path(os.environ.get("DESK_UI_KEY_FILE", KEY_FILE)).read_text().strip() or None
    except OSError:
        return None


def address() -> str:
    """Where the sidecar is."""
    return os.environ.get("DESK_URL", URL)


@st.cache_resource(show_spinner=False, on_release=lambda shared: shared.desk.shut())
def _shared(url: str, secret: str | None) -> Shared:
    return Shared(Desk(url, secret))


def shared() -> Shared:
    """The readings of this process; they outlive a sidecar that goes away, and so does its last picture."""
    return _shared(address(), key())
