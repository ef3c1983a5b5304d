"""The exposure tables: their columns, and what the page adds up from legs. A sum with an unknown part is unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import fsum
from typing import Any

from pages.parts.tables import Columns
from pages.parts.words import arrow, known, money

Row = dict[str, Any]
#: What a table can be cut by, as the desk and the page's address name it.
CUTS = ("underlying", "expiry", "strategy", "fund", "leg")
#: What the chain tells per unit and the exposure lines leave out.
SECOND = ("vanna", "volga", "charm")
EXPOSURE: Columns = {
    "key": ("Of", "text", "what this line adds up"),
    "underlying": ("Underlying", "text", "* is all of them together: cash adds up, units do not"),
    "legs": ("Legs", "%,d", "open positions in this line"),
    "delta": ("Delta", "%+,.1f", "units of the underlying"),
    "delta_cash": ("Delta cash", "%+,.0f", "delta times the spot, account currency"),
    "gamma": ("Gamma", "%+,.3f", "delta per point of the underlying"),
    "gamma_cash": ("Gamma cash", "%+,.0f", "change of the delta cash as the spot moves by 1 %, account currency"),
    "gamma_pnl": ("Gamma of 1 %", "%+,.0f", "what gamma adds to the P&L of a 1 % move either way, account currency"),
    "vega": ("Vega", "%+,.0f", "account currency per volatility point (0.01)"),
    "theta": ("Theta", "%+,.0f", "account currency per calendar day"),
    "rho": ("Rho", "%+,.0f", "account currency per percentage point of the rate"),
    "vanna": ("Vanna", "%+,.2f", "delta per volatility point, units of the underlying"),
    "volga": ("Volga", "%+,.1f", "vega per volatility point, account currency"),
    "charm": ("Charm", "%+,.2f", "delta per calendar day, units of the underlying"),
    "quality": ("Data", "text", "live, stale or missing: that of the worst leg"),
}
_KEYS: dict[str, Callable[[Row], Any]] = {
    "leg": lambda row: row.get("id"),
    "strategy": lambda row: row.get("strategy"),
    "fund": lambda row: row.get("fund_id"),
    "underlying": lambda row: row.get("underlying"),
}


def total(values: Iterable[Any]) -> float | None:
    """The sum; None where a part is unknown."""
    found = [known(value) for value in values]
    numbers = [value for value in found if value is not None]
    return fsum(numbers) if len(numbers) == len(found) else None


def summed(rows: Sequence[Row], key: str, fields: Sequence[str]) -> list[Row]:
    """One row for each value of ``key``, in order, with the sums of ``fields``; rows without that key are left out."""
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        if row.get(key) is not None:
            groups.setdefault(row[key], []).append(row)
    return [
        {key: value, "legs": len(own), **{name: total(row.get(name) for row in own) for name in fields}}
        for value, own in sorted(groups.items())
    ]


def second_order(positions: Sequence[Row], contracts: Sequence[Row]) -> list[Row]:
    """The positions with their own vanna, volga and charm: the chain's, per unit, times the signed quantity."""
    units = {row.get("symbol"): row for row in contracts}
    return [
        {**row, **{name: _times(units.get(row.get("symbol"), {}).get(name), row.get("quantity")) for name in SECOND}}
        for row in positions
    ]


def with_second_order(lines: Sequence[Row], legs: Sequence[Row]) -> list[Row]:
    """The desk's lines with the sums of their legs' vanna, volga and charm; vanna and charm only of one underlying."""
    made = []
    for line in lines:
        key = _KEYS.get(str(line.get("by")))
        if key is None:
            made.append(dict(line))
            continue
        whole = line.get("underlying") == "*"
        own = [
            row for row in legs if key(row) == line.get("key") and (whole or row["underlying"] == line["underlying"])
        ]
        sums = {name: total(row.get(name) for row in own) for name in SECOND} if own else {}
        made.append({**line, **sums, **({"vanna": None, "charm": None} if whole else {})})
    return made


def concentration(lines: Sequence[Row], field: str) -> tuple[Row | None, float | None]:
    """The line that has the largest part of a table's ``field``, and its share of the sum of absolute values."""
    values = [(abs(value), row) for row in lines if (value := known(row.get(field))) is not None]
    if len(values) < len(lines) or not values:
        return None, None
    whole = fsum(value for value, _ in values)
    largest, row = max(values, key=lambda pair: pair[0])
    return (row, largest / whole) if whole else (None, None)


def costs(value: Any, currency: str) -> str:
    """An amount as a verb: what it makes or costs.

    >>> costs(-610, "INR"), costs(None, "INR")
    ('costs about ▼ ₹610', 'is unknown')
    """
    found = known(value)
    if found is None:
        return "is unknown"
    return f"{'costs' if found < 0 else 'makes'} about {arrow(found)}{money(abs(found), currency)}"


def move(line: Row, sign: int) -> float | None:
    """What a move of 1 % up (``sign`` 1) or down (-1) makes: by the delta, and what gamma adds either way."""
    cash, bend = known(line.get("delta_cash")), known(line.get("gamma_pnl"))
    return None if cash is None or bend is None else sign * 0.01 * cash + bend


def _times(unit: Any, quantity: Any) -> float | None:
    one, units = known(unit), known(quantity)
    return None if one is None or units is None else one * units
