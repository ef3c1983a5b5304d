"""The words every format shares: what a parse gives, what is refused, and how texts become numbers and instants.

A ``parse`` turns the table of its files into one row a quote, with :data:`COLUMNS`. It repairs nothing: a row that it
cannot read carries a ``reason``; what is wrong with a readable row is found by :mod:`~sidecar.store.importers.sift`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from sidecar.domain.errors import CalendarBeyond, InputError
from sidecar.domain.quotes import Defect
from sidecar.domain.reference import Reference
from sidecar.store.importers.delimited import BROKEN

VALUES = ("bid", "ask", "bid_size", "ask_size", "last", "volume", "open_interest")
BAR = ("since", "open", "high", "low")
"""What a format of bars states besides: when the bar of the quote began (µs UTC, -1 for none), and its other prices."""
COLUMNS = ("underlying", "expiry", "strike", "right", "at", *VALUES, "reason", "file", "row")
"""``expiry`` is YYYYMMDD or empty, ``strike`` NaN and ``right`` empty where there is none; ``at`` µs UTC or -1."""

UNKNOWN_AT = -1
MALFORMED = Defect.MALFORMED.value
INDIA = "Asia/Kolkata"
_NUMBER = r"[+-]?(?:\d[\d,]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_NOTHING = ("", "-", "nan", "None", "null", "NULL")


class Refusal(StrEnum):
    """Why a row is refused, besides :class:`~sidecar.domain.quotes.Defect`."""

    UNKNOWN_TIME = "unknown_time"
    AMBIGUOUS_TIME = "ambiguous_time"
    OUT_OF_SESSION = "out_of_session"
    OUTSIDE_CALENDAR = "outside_calendar"
    NO_INDEX = "no_index"


@dataclass(frozen=True)
class Options:
    """What the person who imports says about the files; the reference says the rest."""

    reference: Reference
    zone: str | None = None
    expiry: date | None = None
    day: date | None = None

    def zone_or(self, default: str) -> ZoneInfo:
        """The zone asked for, or the format's own. :raises InputError: there is no such zone."""
        return zone_named(self.zone or default)


@dataclass(frozen=True)
class Rows:
    """What a parse found: ``frame`` with :data:`COLUMNS` (a ``lot`` column where the file states one,
    :data:`BAR` where its rows are bars).

    ``in_lots`` names the columns that the format states in lots. ``zone`` is the exchange's, ``notes`` what was decided
    and ``label`` follows the format's name in that of a tape, where one format serves two exchanges.
    """

    frame: pd.DataFrame
    zone: str = INDIA
    exchange: str = "NSE"
    label: str = ""
    in_lots: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())


def parsed(parse: Callable[[pd.DataFrame, Options], Rows], table: pd.DataFrame, options: Options) -> Rows:
    """The rows that ``parse`` makes of the whole rows of a ``table``; each broken one is a malformed row."""
    broken = table[BROKEN].astype("bool")
    if not broken.any():
        return parse(table, options)
    lost = table[broken]
    parts = {"at": UNKNOWN_AT, "reason": MALFORMED, "file": lost["file"], "row": lost["row"]}
    refused = assembled(parts, lost.index)
    if broken.all():
        return Rows(refused)
    rows = parse(table[~broken].reset_index(drop=True), options)
    return replace(rows, frame=stacked([rows.frame, refused]))


def zone_named(name: str) -> ZoneInfo:
    """The time zone of a name. :raises InputError: there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise InputError(
            "zone", f"{name[:60]!r} is no time zone", "write Asia/Kolkata, UTC or America/New_York"
        ) from None


def numbers(column: pd.Series[Any]) -> tuple[pd.Series[float], pd.Series[bool]]:
    """A column as float64 and where it could not be read. Nothing and ``-`` are NaN; commas may group digits."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        values = pd.Series(column.to_numpy(dtype="float64", na_value=np.nan), column.index)
        return values, pd.Series(False, column.index)
    texts = column.astype("str").str.strip()
    nothing = column.isna() | texts.isin(_NOTHING)
    good = texts.str.fullmatch(_NUMBER).fillna(False).astype(bool)
    values = pd.to_numeric(texts.where(good & ~nothing).str.replace(",", ""), errors="coerce").astype("float64")
    return values, ~good & ~nothing


def instants(naive: pd.Series[Any], zone: ZoneInfo) -> pd.Series[int]:
    """Wall-clock times of a ``zone`` as instants; -1 where there is none, or where the clocks skip or repeat it."""
    return instants_of(naive.dt.tz_localize(zone, ambiguous="NaT", nonexistent="NaT"))


def instants_of(aware: pd.Series[Any]) -> pd.Series[int]:
    """Aware times as instants (microseconds UTC); -1 where there is none."""
    utc = aware.dt.tz_convert("UTC").dt.tz_localize(None).astype("datetime64[us]")
    found: pd.Series[int] = utc.astype("int64").where(utc.notna(), UNKNOWN_AT)
    return found


def stamps(texts: pd.Series[Any], zone: ZoneInfo) -> pd.Series[int]:
    """Texts as instants: ISO 8601 or YYYYMMDD HH:MM[:SS], with offset or in ``zone``, or epoch seconds; -1 if none."""
    epoch, offset = texts.str.fullmatch(r"\d{9,11}"), texts.str.contains(r"(?:Z|[+-]\d\d:?\d\d)$")
    naive = texts.mask(epoch | offset)
    local = pd.to_datetime(naive, format="ISO8601", errors="coerce")
    for form in ("%Y%m%d %H:%M", "%Y%m%d %H:%M:%S"):
        local = local.fillna(pd.to_datetime(naive, format=form, errors="coerce"))
    aware = pd.to_datetime(texts.where(offset), format="ISO8601", errors="coerce", utc=True)
    seconds = pd.to_datetime(pd.to_numeric(texts.where(epoch), errors="coerce"), unit="s", utc=True)
    return instants(local, zone).mask(offset, instants_of(aware)).mask(epoch, instants_of(seconds))


def dates(texts: pd.Series[Any], form: str) -> pd.Series[Any]:
    """Expiry texts of a ``strptime`` form as YYYYMMDD; empty where they cannot be read."""
    shown = texts.astype("str")
    known = {text: pd.to_datetime(text, format=form, errors="coerce") for text in shown.unique()}
    return shown.map({text: "" if pd.isna(day) else f"{day:%Y%m%d}" for text, day in known.items()})


def assembled(parts: dict[str, Any], index: pd.Index[Any]) -> pd.DataFrame:
    """A frame with :data:`COLUMNS`: ``parts`` by name, texts parsed to numbers, the rest unknown."""
    frame = pd.DataFrame(index=index)
    bad = pd.Series(False, index)
    for name in COLUMNS:
        if name in (*VALUES, "strike"):
            given = parts.get(name)
            if given is None or isinstance(given, float):
                frame[name] = np.nan if given is None else given
            else:
                frame[name], wrong = numbers(given)
                bad |= wrong
        else:
            frame[name] = parts.get(name, "")
    if "lot" in parts:
        frame["lot"] = numbers(parts["lot"])[0]
    frame["reason"] = frame["reason"].astype("str").mask(bad & (frame["reason"] == ""), MALFORMED)
    return frame


def index_rows(
    table: pd.DataFrame, underlying: pd.Series[Any], at: pd.Series[int], value: pd.Series[Any], reason: Any = ""
) -> pd.DataFrame:
    """The index quotes of a chain that repeats its underlying's value on each row: each value of an instant once.

    An instant at which no row states a value is one row with the reason ``no_index``.
    """
    parts = {"underlying": underlying, "at": at, "last": value, "reason": reason, "file": table["file"]}
    frame = assembled({**parts, "row": table["row"]}, table.index)
    absent = frame["last"].isna() & (frame["reason"] != MALFORMED)
    frame["reason"] = frame["reason"].mask(absent & (frame["reason"] == ""), Refusal.NO_INDEX.value)
    once = frame.drop_duplicates(["underlying", "at", "last", "reason"])
    stated = ~absent[once.index]
    return once[stated | ~stated.groupby([once["underlying"], once["at"]], dropna=False).transform("any")]


def nothing_bid(price: pd.Series[float], size: pd.Series[float]) -> pd.Series[float]:
    """``price`` with NaN where a price of zero stands with no quantity: the formats' way to say that nobody quotes."""
    return price.mask((price == 0.0) & ~(size > 0.0))


def stacked(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The rows of ``frames`` under each other."""
    kept = [frame for frame in frames if len(frame)]
    return pd.concat(kept or list(frames[:1]), ignore_index=True)


def last_instants(days: pd.Series[Any], reference: Reference, exchange: str) -> tuple[pd.Series[int], pd.Series[Any]]:
    """For data of a whole day (YYYYMMDD): the last instant of its session, and a reason where there is none."""
    calendar = reference.calendar(exchange)
    found: dict[str, tuple[int, str]] = {}
    for text in days.unique():
        try:
            day = date(int(text[:4]), int(text[4:6]), int(text[6:]))
            session = calendar.session(day)
            found[text] = (session.close_at - 1, "") if session else (UNKNOWN_AT, Refusal.OUT_OF_SESSION.value)
        except CalendarBeyond:
            found[text] = (UNKNOWN_AT, Refusal.OUTSIDE_CALENDAR.value)
        except ValueError:
            found[text] = (UNKNOWN_AT, Refusal.UNKNOWN_TIME.value)
    return days.map({text: at for text, (at, _) in found.items()}), days.map({k: why for k, (_, why) in found.items()})
