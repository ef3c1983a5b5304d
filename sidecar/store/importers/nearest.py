"""The expiry of chains that do not say it: the nearest on the day, by the reference calendar, or the one asked for."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd

from sidecar.domain.errors import CalendarBeyond, NotKnown
from sidecar.domain.quotes import Defect
from sidecar.store.importers.rows import Options, Refusal


def nearest_expiry(
    underlying: pd.Series[Any], day: pd.Series[Any], options: Options
) -> tuple[pd.Series[Any], pd.Series[Any]]:
    """The expiry (YYYYMMDD) of each ``underlying`` on its ``day`` (YYYY-MM-DD), and a reason where there is none."""
    key = underlying.astype("str") + " " + day.fillna("").astype("str")
    found = {text: _next(text, options) for text in key.unique()}
    return key.map({k: expiry for k, (expiry, _) in found.items()}), key.map({k: why for k, (_, why) in found.items()})


def _next(key: str, options: Options) -> tuple[str, str]:
    underlying, _, day = key.rpartition(" ")
    try:
        expiry = options.expiry or options.reference.next_expiry(underlying, date.fromisoformat(day))
    except CalendarBeyond:
        return "", Refusal.OUTSIDE_CALENDAR.value
    except NotKnown:
        return "", Defect.UNKNOWN.value
    except ValueError:
        return "", Refusal.UNKNOWN_TIME.value
    return f"{expiry:%Y%m%d}", ""
