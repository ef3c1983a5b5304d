"""A small archive: two days of a chain that is seen once a minute, with a hole in the middle of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd

from sidecar.domain.clock import MINUTE
from sidecar.domain.contracts import Contract
from sidecar.domain.events import Quote
from sidecar.store.archive import put_day
from sidecar.store.importers.sift import QUOTE_COLUMNS
from tests.desk.world import CALENDAR, CONTRACTS, DAY, EXPIRY, chain

DAYS = (DAY, EXPIRY)
#: Minutes of a session that are seen: its first, and its last.
SEEN = 12


def opens_at(day: date) -> int:
    session = CALENDAR.session(day)
    assert session is not None
    return session.open_at


def closes_at(day: date) -> int:
    session = CALENDAR.session(day)
    assert session is not None
    return session.close_at


def put(
    folder: Path, day: date, quotes: Iterable[Quote], source: str = "test", contracts: Sequence[Contract] = CONTRACTS
) -> None:
    """Quotes as a day of the archive."""
    frame = pd.DataFrame([msgspec.structs.asdict(quote) for quote in quotes])[list(QUOTE_COLUMNS)]
    put_day(folder, source, day, frame, contracts)


def minutes_of(day: date, seen: int = SEEN) -> list[int]:
    return [opens_at(day) + n * MINUTE for n in range(seen)] + [closes_at(day) - n * MINUTE for n in range(seen, 0, -1)]


def archive(folder: Path, seen: int = SEEN) -> Path:
    """The chain of the two days; the index wanders by some tens of points."""
    rng = np.random.default_rng(3)
    spot = 24_700.0
    for day in DAYS:
        quotes: list[Quote] = []
        for at in minutes_of(day, seen):
            spot = round(spot + float(rng.normal(0.0, 12.0)), 2)
            quotes += chain(at, spot)
        put(folder, day, quotes)
    return folder
