"""Numbers, times and other people's text as the screens write them. An unknown number is a dash, never a zero."""

from __future__ import annotations

import re
from datetime import datetime
from math import isfinite
from typing import Any, get_args
from zoneinfo import ZoneInfo

from sidecar.domain.commands import CommandEvent

UNKNOWN = "–"
MINUS = "−"
ZONE = ZoneInfo("Asia/Kolkata")
_SYMBOLS = {"INR": "₹", "USD": "$", "EUR": "€", "GBP": "£"}
#: Where a reader of Markdown would see an address, which no escape prevents; an invisible joiner does.
_LINKS = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?=@)", re.IGNORECASE)
_JOINER = "\u2060"
_MARKS = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:&])")


def known(value: Any) -> float | None:
    """The number of a wire value (a number, or digits as text); None where it is absent, null or not finite."""
    if value is None or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if isfinite(number) else None


def number(value: Any, places: int = 2, *, signed: bool = False) -> str:
    """A number with digit groups and a true minus sign.

    >>> number(-1234.5, 1), number(float("nan")), number(3, 0, signed=True)
    ('−1,234.5', '–', '+3')
    """
    found = known(value)
    if found is None:
        return UNKNOWN
    text = f"{abs(found):,.{places}f}"
    zero = not text.strip("0.,")
    sign = MINUS if found < 0 and not zero else "+" if signed and not zero else ""
    return sign + text


def money(value: Any, currency: str = "INR", places: int = 0, *, signed: bool = False) -> str:
    """An amount with its currency.

    >>> money(-610, "INR", signed=True)
    '−₹610'
    """
    text = number(value, places, signed=signed)
    if text == UNKNOWN:
        return UNKNOWN
    mark = _SYMBOLS.get(currency, f"{currency[:3]} ")
    sign, digits = (text[0], text[1:]) if text[0] in "+" + MINUS else ("", text)
    return f"{sign}{mark}{digits}"


def percent(value: Any, places: int = 2, *, signed: bool = False) -> str:
    """A fraction as per cent.

    >>> percent(0.0312)
    '3.12 %'
    """
    found = known(value)
    return UNKNOWN if found is None else number(found * 100, places, signed=signed) + " %"


def arrow(value: Any) -> str:
    """▲ for a gain, ▼ for a loss, nothing for neither: gain and loss are never told by colour alone."""
    found = known(value)
    return "" if not found else "▲ " if found > 0 else "▼ "


def moment(value: Any) -> datetime | None:
    """The aware time of an ISO 8601 text; None where it is absent, broken or naive."""
    if isinstance(value, datetime):
        found = value
    else:
        try:
            found = datetime.fromisoformat(str(value))
        except ValueError:
            return None
    return found if found.tzinfo is not None else None


def clock(value: Any, zone: ZoneInfo = ZONE, *, day: bool = False) -> str:
    """A time in the exchange's zone, with the zone's name.

    >>> clock("2026-08-18T10:00:00+00:00")
    '15:30:00 IST'
    """
    found = moment(value)
    if found is None:
        return UNKNOWN
    return f"{found.astimezone(zone):{'%d %b %Y ' if day else ''}%H:%M:%S %Z}"


def age(seconds: Any) -> str:
    """How old something is, in the unit that a person would use.

    >>> age(0.4), age(75), age(179.7), age(7300), age(None)
    ('under 1 s', '1 min 15 s', '3 min 0 s', '2 h 1 min', '–')
    """
    found = known(seconds)
    if found is None:
        return UNKNOWN
    if found < 1:
        return "under 1 s"
    whole = round(found)  # before it is split: no minute has 60 seconds
    if whole < 60:
        return f"{whole} s"
    if whole < 3_600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3_600} h {whole % 3_600 // 60} min"


def plain(text: Any, most: int = 300) -> str:
    r"""Other people's text for a place that reads Markdown: it shows as it was written and does nothing.

    >>> plain("<b>*x*</b>")
    '\\<b\\>\\*x\\*\\</b\\>'
    """
    return _MARKS.sub(r"\\\1", _LINKS.sub(_JOINER, one_line(text, most)))


def one_line(text: Any, most: int = 300) -> str:
    """The same text without line breaks and control characters, cut at ``most`` characters."""
    found = "".join(c if c.isprintable() else " " for c in str(text))
    return found if len(found) <= most else found[: most - 1] + "…"


def inert(text: Any, most: int = 80) -> str:
    """Other people's text for a Plotly figure, which reads a few HTML tags."""
    return one_line(text, most).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


#: The record names a command by its class, in one word.
_COMMANDS = {
    command.__name__.lower(): re.sub(r"(?<!^)(?=[A-Z])", " ", command.__name__).lower()
    for command in get_args(CommandEvent)
}


def phrase(name: Any) -> str:
    """A wire name in words.

    >>> phrase("daily_loss_limit"), phrase("sendsignal")
    ('daily loss limit', 'send signal')
    """
    found = one_line(name, 80)
    return _COMMANDS.get(found) or found.replace("_", " ")


#: Limits whose value is a fraction; the others are counts, units, seconds or money.
FRACTIONS = frozenset(
    {
        "daily_loss",
        "drawdown",
        "capital_utilization",
        "strategy_allocation",
        "position_allocation",
        "price_band",
        "capital_per_trade",
        "margin_utilization",
        "var_95",
        "stress_loss",
        "iv_shock",
    }
)


def measured(name: Any, value: Any) -> str:
    """A limit's value in the unit of that limit.

    >>> measured("drawdown", 0.0659), measured("positions", 3.0), measured("net_gamma", 0.25)
    ('6.59 %', '3', '0.25')
    """
    found = known(value)
    if found is None or name in FRACTIONS:
        return percent(value)
    return number(found, 0 if found == round(found) or abs(found) >= 1_000 else 2)
