"""``greeks``, ``explain`` and ``scenarios``: what the running desk works out, as tables, or as it came (``--json``)."""

from __future__ import annotations

import argparse

from rich.console import RenderableType
from rich.table import Table

from sidecar.client import Json
from sidecar.terminal.asking import desk_of
from sidecar.terminal.tables import add, move, number, show, table_of

#: Moves that fit a terminal's width; the desk's own grid is finer.
SPOTS = (-0.10, -0.05, -0.03, -0.02, -0.01, 0.0, 0.01, 0.02, 0.03, 0.05, 0.10)
VOLS = (-0.05, 0.0, 0.05, 0.10)
#: Heading, field, decimal places.
_GREEKS = (
    ("delta", "delta", 1), ("gamma", "gamma", 3), ("vega", "vega", 0), ("theta", "theta", 0), ("rho", "rho", 0),
    ("delta cash", "delta_cash", 0), ("gamma cash", "gamma_cash", 0), ("gamma of 1 %", "gamma_pnl", 0),
    ("legs", "legs", 0),
)  # fmt: skip
_PARTS = ("theta", "delta", "gamma", "vega", "vanna", "volga", "trades", "fees", "unexplained", "total")


def greeks(options: argparse.Namespace) -> int:
    """The exposure tables."""
    with desk_of(options) as desk:
        told = desk.greeks(options.by, options.fund)
    table = table_of(("by", "key", "underlying"), (*(heading for heading, _, _ in _GREEKS), "data"))
    last = ""
    for line in told["lines"]:
        if line["by"] != last:
            table.add_section()
        last = line["by"]
        numbers = (number(line[name], places) for _, name, places in _GREEKS)
        add(table, line["by"], line["key"], line["underlying"], *numbers, line["quality"])
    return show(options, told, [table] if told["lines"] else ["The book is flat: no exposure."])


def explain(options: argparse.Namespace) -> int:
    """Why the day's P&L is what it is."""
    with desk_of(options) as desk:
        told = desk.explain(options.fund, options.strategy)
    table = table_of(("leg",), _PARTS)
    summed = False
    for line in told["lines"]:
        if line["id"].endswith("*") and not summed:
            summed = True
            table.add_section()
        add(table, line["id"], *(number(line[name], 2) for name in _PARTS))
    return show(options, told, [f"P&L of {told['day']}", table] if told["lines"] else ["Nothing was held today."])


def scenarios(options: argparse.Namespace) -> int:
    """The book over moves of spot and volatility, its worst case, and the named stresses."""
    extra = [{"symbol": symbol, "quantity": _units(units)} for symbol, units in options.leg or ()]
    with desk_of(options) as desk:
        told = desk.scenarios(
            spots=options.spots or SPOTS, vols=options.vols or VOLS, days=options.days or (0.0,),
            sticky=options.sticky, fund_id=options.fund, strategy=options.strategy, underlying=options.underlying,
            extra=extra,
        )  # fmt: skip
    parts: list[RenderableType] = [part for at in range(len(told["days"])) for part in _grid(told, at)]
    worst, breakevens = told["worst"], told["payoff"]["breakevens"]
    parts.append(f"worst of these: {number(worst['loss'])} lost ({worst['case'] or 'not known'})")
    ends = "when the first option expires it breaks even at "
    parts.append(ends + (" and ".join(map(move, breakevens)) or "none of these moves"))
    table = table_of(("stress", "source"), ("spot", "days", "P&L"))
    for line in told["stresses"]:
        add(table, line["label"], line["source"], move(line["spot"]), number(line["days"], 2), number(line["pnl"]))
    return show(options, told, [*parts, table])


def _grid(told: Json, at: int) -> tuple[str, Table]:
    days = told["days"][at]
    when = f"after {days:g} day{'' if days == 1 else 's'}" if days else "at once"
    table = table_of(("spot",), [f"{100 * vol:+g} points" for vol in told["vols"]])
    for spot, row in zip(told["spots"], told["total"][at], strict=True):
        add(table, move(spot), *map(number, row))
    return f"P&L over spot and volatility, {when}", table


def _units(text: str) -> int | str:
    """The units as a number where they are one: what is none goes to the desk, which says so."""
    return int(text) if text.removeprefix("-").isdecimal() else text
