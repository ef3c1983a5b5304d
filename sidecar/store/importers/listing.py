"""What was listed on a day: contracts with the lots, ticks and closing instants that the reference gives.

Underlyings of an exchange without reference tables (a US sample, say) take :data:`FOREIGN`, and the notes say so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import msgspec

from sidecar.domain import clock
from sidecar.domain.calendar import Calendar
from sidecar.domain.contracts import Contract, Kind, Right
from sidecar.domain.errors import CalendarBeyond, NotKnown
from sidecar.domain.quotes import Defect
from sidecar.domain.reference import Reference
from sidecar.store.importers.rows import Refusal, zone_named

INDIA_VIX = "INDIAVIX"
FOREIGN_EXCHANGE = "US"
FOREIGN_ZONE = "America/New_York"
FOREIGN_LOT = 100
FOREIGN_TICK = Decimal("0.01")
FOREIGN_CLOSE = (16, 0)
_INDEX_TICK = Decimal("0.05")


class Unlisted(msgspec.Struct, frozen=True):
    """Why there can be no such contract."""

    reason: str


@dataclass(frozen=True)
class Listing:
    """The contracts of one import, asked by parts and day: the reference answers. ``exchange`` is the format's."""

    reference: Reference
    exchange: str
    _known: dict[tuple[str, str, float, str, date, int], Contract | Unlisted] = field(default_factory=dict)

    def contract(
        self, underlying: str, expiry: str, strike: float, right: str, on: date, lot: int = 0
    ) -> Contract | Unlisted:
        """The contract of its parts on the day ``on``; ``lot`` is the file's own, used where the tables are silent."""
        key = (underlying, expiry, strike, right, on, lot)
        if key not in self._known:
            self._known[key] = self._made(*key)
        return self._known[key]

    def calendar(self, underlying: str) -> Calendar | None:
        """The sessions that the underlying trades in; None for an exchange without a table."""
        name = self.exchange_of(underlying)
        return self.reference.calendar(name) if name in self.reference.exchanges else None

    def exchange_of(self, underlying: str) -> str:
        """The exchange of an underlying: the reference's word, else the format's."""
        known = underlying in self.reference.underlyings
        return self.reference.exchange(underlying) if known else self.exchange

    def _made(self, underlying: str, expiry: str, strike: float, right: str, on: date, lot: int) -> Contract | Unlisted:
        if not expiry:
            if right or strike > 0.0:
                return Unlisted(Defect.UNKNOWN.value)  # an option whose expiry could not be read
            return Contract(underlying, Kind.INDEX, tick_size=self._tick(underlying, on))
        try:
            day = date(int(expiry[:4]), int(expiry[4:6]), int(expiry[6:]))
            expires_at, size = self._expires_at(underlying, day), self._lot(underlying, day, on, lot)
        except CalendarBeyond:
            return Unlisted(Refusal.OUTSIDE_CALENDAR.value)
        except (NotKnown, ValueError):
            return Unlisted(Defect.UNKNOWN.value)
        tick, freeze = self._tick(underlying, on), self._freeze(underlying, on)
        if right == "":
            return Contract(underlying, Kind.FUTURE, day, None, None, expires_at, size, tick, freeze)
        if right not in tuple(Right) or not strike > 0.0:
            return Unlisted(Defect.UNKNOWN.value)
        return Contract(underlying, Kind.OPTION, day, strike, Right(right), expires_at, size, tick, freeze)

    def _expires_at(self, underlying: str, expiry: date) -> int:
        if underlying in self.reference.underlyings:
            return self.reference.expiry_close(underlying, expiry)
        calendar = self.calendar(underlying)
        if calendar is None:
            return clock.at_local(expiry, *FOREIGN_CLOSE, zone_named(FOREIGN_ZONE))
        session = calendar.session(expiry)
        if session is None:
            raise NotKnown("sessions", f"session in which {underlying} expires", expiry)
        return session.close_at

    def _lot(self, underlying: str, expiry: date, on: date, stated: int) -> int:
        if self.exchange_of(underlying) == FOREIGN_EXCHANGE:
            return FOREIGN_LOT
        try:
            return self.reference.lot_size(underlying, expiry, on)
        except NotKnown:
            if stated > 0:
                return stated
            raise

    def _tick(self, underlying: str, on: date) -> Decimal:
        if self.exchange_of(underlying) == FOREIGN_EXCHANGE:
            return FOREIGN_TICK
        try:
            return self.reference.tick_size(underlying, on)
        except NotKnown:
            return _INDEX_TICK

    def _freeze(self, underlying: str, on: date) -> int:
        try:
            return self.reference.freeze_quantity(underlying, on)
        except NotKnown:
            return 0  # none is known: the field's own word for no limit
