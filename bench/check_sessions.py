"""Prints where calendar libraries, if installed, differ from ``data/reference/sessions.csv``. The table is the truth.

Run ``python bench/check_sessions.py`` where exchange_calendars or pandas_market_calendars is installed; neither is a
dependency. A difference on a day that the table's source explains is the library's; any other wants a circular.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sidecar.domain.calendar import Calendar
from sidecar.domain.clock import to_datetime
from sidecar.reference import load_reference

Hours = dict[date, tuple[str, str]]


def exchange_calendars(module: Any, first: date, last: date) -> Hours:
    """XBOM of exchange_calendars; it has no calendar of NSE's own."""
    schedule = module.get_calendar("XBOM", start=str(first), end=str(last)).schedule
    return _hours(schedule, "open", "close")


def pandas_market_calendars(module: Any, first: date, last: date) -> Hours:
    """NSE of pandas_market_calendars."""
    return _hours(module.get_calendar("NSE").schedule(str(first), str(last)), "market_open", "market_close")


LIBRARIES: dict[str, Callable[[Any, date, date], Hours]] = {
    "exchange_calendars": exchange_calendars,
    "pandas_market_calendars": pandas_market_calendars,
}


def table(calendar: Calendar) -> Hours:
    """Open and close of each session of the desk's own table, local time."""
    return {
        session.date: (_local(calendar, session.open_at), _local(calendar, session.close_at))
        for session in calendar.sessions
    }


def main() -> int:
    calendar = load_reference().calendar("NSE")
    ours = table(calendar)
    compared = 0
    for name, read in LIBRARIES.items():
        try:
            module = importlib.import_module(name)
        except ImportError:
            print(f"{name}: not installed")
            continue
        compared += 1
        theirs = read(module, calendar.first, calendar.last)
        differing = sorted(day for day in ours.keys() | theirs.keys() if ours.get(day) != theirs.get(day))
        print(f"{name} {module.__version__}: {len(differing)} days differ of {len(ours)}")
        for day in differing:
            print(f"  {day:%Y-%m-%d %a}  table {_words(ours.get(day))}  library {_words(theirs.get(day))}")
    return 0 if compared else 1


def _hours(schedule: Any, opens: str, closes: str) -> Hours:
    local = {column: schedule[column].dt.tz_convert("Asia/Kolkata") for column in (opens, closes)}
    return {
        day.date(): (local[opens][day].strftime("%H:%M"), local[closes][day].strftime("%H:%M"))
        for day in schedule.index
    }


def _local(calendar: Calendar, at: int) -> str:
    return to_datetime(at).astimezone(calendar.zone).strftime("%H:%M")


def _words(hours: tuple[str, str] | None) -> str:
    return f"{hours[0]}-{hours[1]}" if hours else "closed     "


if __name__ == "__main__":
    raise SystemExit(main())
