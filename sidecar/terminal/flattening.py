"""``flatten``: the plan of closing what is open, and with ``--yes`` its execution, followed until the desk is flat."""

from __future__ import annotations

import argparse
import time

from rich.console import Console, RenderableType
from rich.table import Table

from sidecar.client import Desk, Json
from sidecar.client.following import given
from sidecar.terminal.asking import desk_of
from sidecar.terminal.tables import add, number, table_of

_COLUMNS = ("limit", "expected", "cost", "cash", "margin after", "worst loss after", "at, s")
#: Seconds between two looks at what is left.
_LOOK_S = 0.5
_PIPED_WIDTH = 200


def run(options: argparse.Namespace) -> int:
    """The plan as a table; with ``--yes`` 0 only when nothing of it is left, and 1 with a table of what is."""
    with desk_of(options) as desk:
        if options.position or options.symbol:
            named: Json = given(position_id=options.position or None, symbol=options.symbol or None)
        else:
            named = {"close_all": True}
        told = desk.plan(**named)
        _print(options, desk, told)
        if not options.yes:
            return 0
        desk.close(**named, reason=options.reason)
        return _followed(desk, {line["id"] for line in _asked(desk, named)}, options.wait_s)


def _print(options: argparse.Namespace, desk: Desk, told: Json) -> None:
    console = Console(width=None if Console().is_terminal else _PIPED_WIDTH, highlight=False, markup=False)
    if options.json:
        console.print_json(data=told)
        return
    market = desk.status()["data"]
    console.print("SIMULATED MARKET" if market["simulated"] else market["source"], f"· plan of {told['timestamp']}")
    for part in _shown(told["plan"]):
        console.print(part)


def _asked(desk: Desk, named: Json) -> list[Json]:
    held: list[Json] = desk.positions()["positions"]
    return [
        line
        for line in held
        if "close_all" in named or named.get("position_id") == line["id"] or named.get("symbol") == line["symbol"]
    ]


def _shown(plan: Json) -> list[RenderableType]:
    table = table_of(("step", "order"), _COLUMNS)
    add(table, "now", "", "", "", "", "", number(plan["margin"], 2), number(plan["worst_loss"], 2), "")
    for place, step in enumerate(plan["steps"], 1):
        order = f"{step['side']} {step['quantity']} {step['symbol']}"
        money = (number(step[name], 2) for name in ("expected", "cost", "cash", "margin", "worst_loss"))
        add(table, place, order, step["limit"], *money, number(step["starts_s"], 1))
    cost = f"cost {number(plan['cost'], 2)}, of it fees {number(plan['fees'], 2)}"
    lines = [f"{cost}; money needed beforehand {number(plan['peak_cash'], 2)}; {number(plan['seconds'], 1)} s at least"]
    lines += [plan["rises"]] if plan["rises"] else []
    lines += [f"left out: {one['position_id']}: {one['reason']}" for one in plan["left_out"]]
    return [table, *lines]


def _followed(desk: Desk, asked: set[str], wait_s: float) -> int:
    """Look until none of the positions is held and no close stands; tell what is left when the time is over."""
    until = time.monotonic() + wait_s
    while True:
        left = [line for line in desk.positions()["positions"] if line["id"] in asked]
        closing = desk.status()["data"]["positions"]["closing"]
        if not left and not closing:
            Console().print("Flat, and the venue says so too.")
            return 0
        if time.monotonic() >= until:
            console = Console(width=_PIPED_WIDTH)
            console.print(f"Not done yet: {closing} closes stand, and the desk goes on with them.", _table(left))
            return 1
        time.sleep(_LOOK_S)


def _table(left: list[Json]) -> Table:
    table = table_of(("left",), ("units", "P&L"))
    for line in left:
        add(table, line["id"], number(line["quantity"]), number(line["unrealized_pnl"], 2))
    return table
