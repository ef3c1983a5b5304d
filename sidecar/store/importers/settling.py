"""What the contracts of an expiry day settle at, as far as the imported data can tell; never invented."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from sidecar.domain import clock
from sidecar.domain.contracts import Kind
from sidecar.domain.events import Settlement
from sidecar.store.importers.sift import Day

LATEST_SEEN = 15 * clock.MINUTE


def settlements(
    day: Day, zone: ZoneInfo, has_hours: Callable[[str], bool]
) -> tuple[tuple[Settlement, ...], tuple[str, ...]]:
    """A settlement for every underlying with contracts that expire on the ``day``, or a note why there is none.

    The price is the index's last value of that session, if it was seen within fifteen minutes of the close at which the
    contracts expire. Values captured after the close are not used: none of the formats says which of them is official.
    ``has_hours`` says whether the close of an underlying's exchange is known, and not assumed.
    """
    ends = {
        contract.underlying: contract.expires_at
        for contract in day.contracts
        if contract.kind is not Kind.INDEX and contract.expiry == day.day and contract.expires_at is not None
    }
    found: list[Settlement] = []
    notes: list[str] = []
    for underlying, close in sorted(ends.items()):
        if not has_hours(underlying):
            notes.append(f"{underlying} expiring {day.day}: no settlement, the hours of its exchange are not known")
            continue
        seen = day.quotes[(day.quotes["symbol"] == underlying) & day.quotes["last"].notna()].tail(1)
        if seen.empty:
            notes.append(f"{underlying} expiring {day.day}: no settlement, its index value is not in the data")
            continue
        at, price = int(seen["at"].iloc[0]), float(seen["last"].iloc[0])
        if close - at > LATEST_SEEN:
            notes.append(
                f"{underlying} expiring {day.day}: no settlement, its index was last seen at {_local(at, zone)}, "
                f"more than 15 minutes before the close at {_local(close, zone)}"
            )
            continue
        found.append(Settlement(max(close, at), underlying, f"{day.day:%Y%m%d}", price, at))
        notes.append(f"{underlying} expiring {day.day}: settles at {price:.10g}, its index at {_local(at, zone)}")
    return tuple(sorted(found, key=lambda one: (one.at, one.underlying))), tuple(notes)


def _local(at: int, zone: ZoneInfo) -> str:
    return clock.to_datetime(at).astimezone(zone).strftime("%H:%M:%S")
