"""The chain as traders know it: calls on the left, the strike in the middle, puts on the right."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from math import inf, nan
from typing import Any, NamedTuple

import pandas as pd

from pages.parts.words import known, number, phrase

Row = dict[str, Any]
#: What each side shows, from the outside in: name → heading, places, help. Fractions are shown as per cent.
COLUMNS: dict[str, tuple[str, int, str]] = {
    "open_interest": ("OI", 0, "open interest, units of the underlying; unknown where the venue does not tell it"),
    "oi_change": ("OI chg", 0, "open interest less the first on record today, units of the underlying"),
    "volume": ("Volume", 0, "traded today, units of the underlying"),
    "quality": ("Quote", 0, "what the volatility rests on, and what is wrong with the quote, if anything is"),
    "gamma": ("Gamma", 5, "delta per point of the underlying, per unit"),
    "vega": ("Vega", 2, "money per volatility point, per unit"),
    "theta": ("Theta", 2, "money per calendar day, per unit"),
    "delta": ("Delta", 3, "units of the underlying, per unit"),
    "iv": ("IV %", 2, "implied volatility, per cent a year"),
    "last": ("Last", 2, "last trade, per unit"),
    "age_s": ("Age s", 1, "seconds since this contract was last quoted"),
    "bid": ("Bid", 2, "per unit"),
    "ask": ("Ask", 2, "per unit"),
    "held": ("Held", 0, "the book's signed units in this contract"),
}
_QUOTES = ("quality", "open_interest", "oi_change", "volume", "delta", "iv", "last", "bid", "ask", "held")
_GREEKS = ("quality", "gamma", "vega", "theta", "delta", "iv", "bid", "ask", "held")
#: What can be looked at, and the columns of a side.
VIEWS: dict[str, tuple[str, ...]] = {"Quotes": _QUOTES, "Greeks": _GREEKS, "All": tuple(COLUMNS)}
SIDES = {"call": "C", "put": "P"}
#: Strikes on each side of the money that can be asked for; 0 is all.
WIDTHS = {"5": 5, "10": 10, "20": 20, "all": 0}
_TEXT = ("quality", "held")


class Line(NamedTuple):
    """One strike with the call and the put on it; ``strike`` is NaN where a contract does not say."""

    strike: float
    call: Row | None
    put: Row | None


def pivot(contracts: Sequence[Row]) -> list[Line]:
    """The options of one expiry, by strike; each contract stands in it once. Futures are left out."""
    sides: dict[str, defaultdict[float, list[Row]]] = {"CE": defaultdict(list), "PE": defaultdict(list)}
    for row in contracts:
        strike = known(row.get("strike"))
        if (side := sides.get(str(row.get("option_type")))) is not None:
            side[inf if strike is None else strike].append(row)
    strikes = sorted({*sides["CE"], *sides["PE"]})
    return [
        Line(nan if strike == inf else strike, call, put)
        for strike in strikes
        for call, put in zip_longest(sides["CE"].get(strike, ()), sides["PE"].get(strike, ()))
    ]


def at_the_money(lines: Sequence[Line], forward: float | None) -> int | None:
    """The place of the strike that is nearest to the forward; None where either is unknown."""
    if forward is None:
        return None
    places = [place for place, line in enumerate(lines) if line.strike == line.strike]
    return min(places, key=lambda place: abs(lines[place].strike - forward), default=None)


def near(lines: Sequence[Line], forward: float | None, width: int) -> list[Line]:
    """The lines within ``width`` strikes of the money; all of them for 0, or where the money is not known."""
    place = at_the_money(lines, forward)
    if not width or place is None:
        return list(lines)
    return list(lines[max(0, place - width) : place + width + 1])


def trouble(contract: Row, stale_s: float | None) -> str:
    """What is wrong with a contract's quote, in a word; nothing where nothing is."""
    bid, ask, age = (known(contract.get(name)) for name in ("bid", "ask", "age_s"))
    if age is None and bid is None and ask is None:
        return "NO QUOTE"
    if bid is not None and ask is not None and bid >= ask:
        return "CROSSED" if bid > ask else "LOCKED"
    if stale_s is not None and age is not None and age >= stale_s:
        return "STALE"
    return "no bid" if bid is None else "no ask" if ask is None else ""


def cells(contract: Row | None, opening: Mapping[str, float], held: Mapping[str, float], stale_s: float | None) -> Row:
    """What one side of a line says; an unknown number is missing."""
    if contract is None:
        return {}
    symbol = str(contract.get("symbol"))
    told: Row = {name: known(contract.get(name)) for name in COLUMNS if name not in ("quality", "held", "oi_change")}
    interest, before = told["open_interest"], opening.get(symbol)
    told["oi_change"] = None if interest is None or before is None else interest - before
    told["iv"] = None if told["iv"] is None else told["iv"] * 100
    told["held"] = number(held[symbol], 0, signed=True) if symbol in held else ""
    rests = phrase(contract.get("vol_quality") or "unknown")
    wrong = trouble(contract, stale_s)
    return {**told, "quality": f"{wrong} ({rests})" if wrong else rests}


def frame(
    lines: Sequence[Line],
    view: str,
    opening: Mapping[str, float],
    held: Mapping[str, float],
    stale_s: float | None = None,
    marks: Mapping[float, str] | None = None,
) -> pd.DataFrame:
    """The ladder as a data frame; ``marks`` are words beside a strike. Columns are ``call_…``, strike, ``put_…``."""
    shown = VIEWS.get(view, _QUOTES)
    sides = {side: [cells(getattr(line, side), opening, held, stale_s) for line in lines] for side in SIDES}
    made: dict[str, pd.Series] = {f"call_{name}": _column(sides["call"], name) for name in shown}
    made["strike"] = pd.Series([line.strike for line in lines], dtype="float64")
    made["mark"] = pd.Series([(marks or {}).get(line.strike, "") for line in lines], dtype="object")
    # A put's columns mirror the call's, but for bid and ask, which stand in this order on both sides.
    made |= {f"put_{name}": _column(sides["put"], name) for name in ("held", "bid", "ask", *shown[-4::-1])}
    return pd.DataFrame(made)


def _column(rows: Sequence[Row], name: str) -> pd.Series:
    return pd.Series([row.get(name) for row in rows], dtype="object" if name in _TEXT else "float64")
