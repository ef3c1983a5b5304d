"""Numbers, times and other people's text as the report writes them. An unknown number is a dash, never a zero."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from html import escape
from math import isfinite
from zoneinfo import ZoneInfo

from sidecar.domain.clock import to_datetime

UNKNOWN = "–"
MINUS = "−"
Number = float | Decimal | int | None
#: How a kind of number is written.
Written = Callable[[Number], str]
#: Text of others is cut at this many characters: a name is no essay.
LONGEST = 400


def number(value: Number, places: int = 2, *, signed: bool = False) -> str:
    """A number with digit groups and a true minus sign.

    >>> number(-1234.5, 1), number(float("nan")), number(3, 0, signed=True)
    ('−1,234.5', '–', '+3')
    """
    if value is None or not isfinite(value):
        return UNKNOWN
    text = f"{abs(value):,.{places}f}"
    zero = not text.strip("0.,")
    sign = MINUS if value < 0 and not zero else "+" if signed and not zero else ""
    return sign + text


def ratio(value: Number) -> str:
    """A number with two places."""
    return number(value)


def percent(value: Number) -> str:
    """A fraction as a percentage.

    >>> percent(0.0123), percent(-2), percent(None)
    ('1.23 %', '−200.00 %', '–')
    """
    return number(float(value) * 100) + " %" if value is not None and isfinite(value) else UNKNOWN


def change(value: Number) -> str:
    """A return, with its sign.

    >>> change(0.0123)
    '+1.23 %'
    """
    return number(float(value) * 100, signed=True) + " %" if value is not None and isfinite(value) else UNKNOWN


def money(value: Number) -> str:
    """An amount of the account's currency, to the hundredth."""
    return number(value)


def earned(value: Number) -> str:
    """What was gained or lost, with an arrow and its sign, so that no colour is needed.

    >>> earned(12), earned(-3.5), earned(0)
    ('▲ +12.00', '▼ −3.50', '0.00')
    """
    text = number(value, signed=True)
    return {"+": "▲ ", MINUS: "▼ "}.get(text[0], "") + text


def count(value: Number) -> str:
    """A whole number."""
    return number(value, 0)


def plain(text: object) -> str:
    """Somebody's text, safe in HTML, and not endless.

    >>> plain("<b>")
    '&lt;b&gt;'
    """
    told = str(text)
    return escape(told if len(told) <= LONGEST else told[: LONGEST - 1] + "…")


def moment(at: int, zone: ZoneInfo) -> str:
    """An instant in the exchange's time, to the second."""
    return to_datetime(at).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def abbreviation(at: int, zone: ZoneInfo) -> str:
    """What the zone is called at an instant, as ``IST``."""
    return to_datetime(at).astimezone(zone).tzname() or zone.key


def plural(amount: int, one: str, many: str = "") -> str:
    """An amount of things.

    >>> plural(1, "trade"), plural(2000, "trade")
    ('1 trade', '2,000 trades')
    """
    return f"{count(amount)} {one if amount == 1 else many or one + 's'}"
