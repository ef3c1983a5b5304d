"""``drill``: a stop of the running paper desk, rehearsed through its API, and how long it took to be safe.

It is a real stop: the gate shuts, what works is cancelled, and the desk stays stopped until an admin resets it. A desk
on a live market is refused.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from sidecar.client import Desk, Json
from sidecar.domain.errors import ConfigurationError, DeskError, DeskRefused, InputError
from sidecar.terminal.asking import desk_of
from sidecar.terminal.tables import add, table_of

#: The resting order's price, as a share of the last: far enough to rest, within any sensible price band.
_FAR = Decimal("0.97")
_TICK = Decimal("0.05")
#: A contract cheaper than this has no tick that far below the market.
_CHEAPEST = 20.0
_LOOK_EVERY_S = 0.02

_PLAN = """This is a real stop of a simulated desk:
  1. a small order is placed far from the market, so that there is something to cancel
  2. STOP is posted; an order that adds risk must be refused, every cancel confirmed, the halt on record
  3. {end}"""
_HOW = "reset it with an admin key: POST /emergency/circuit-breaker/reset, or the Risk page"


class Step(NamedTuple):
    """One step: what, whether it held, after how many milliseconds from the stop, and what was seen."""

    what: str
    held: bool | None
    after_ms: float | None
    seen: str


class Failed(DeskError):
    """A step did not hold: ``step`` says what was seen."""

    def __init__(self, step: Step) -> None:
        super().__init__(step)
        self.step = step


def run(options: argparse.Namespace) -> int:
    """The drill; 0 when every step held, 1 with the first that did not."""
    # A pipe has no width of its own, and a line cut in two is hard to find again.
    console = Console(width=None if Console().is_terminal else 160, highlight=False, markup=False)
    admin = admin_key(options.admin_key_file)
    with desk_of(options) as desk:
        before = desk.status()["data"]
        _refuse(before)
        end = "the desk is reset with the admin key" if admin else f"the desk stays stopped: {_HOW}"
        console.print(_PLAN.format(end=end))
        if not (options.yes or _agreed()):
            console.print("Nothing was done.")
            return 1
        return _report(console, Drill(desk, admin, options.wait_s).run(before), reset=admin is not None)


def admin_key(file: Path | None) -> str | None:
    """The admin key of a file, or of the environment; None where there is none."""
    if file is None:
        return os.environ.get("DESK_ADMIN_KEY") or None
    key = file.read_text().strip()
    if not key:
        raise ConfigurationError("--admin-key-file", f"{file} is empty", "put an admin key in it")
    return key


def _refuse(status: Json) -> None:
    """Only a simulated desk that trades can be drilled."""
    if status["simulated"] is not True:
        raise InputError("drill", f"{status['source']} is not simulated", "drill a paper desk")
    state = status["circuit_breaker"]["status"]
    if state != "active":
        raise InputError("drill", f"the desk is {state} already", "reset it first: a drill shows the gate shutting")


def _agreed() -> bool:
    if not sys.stdin.isatty():
        raise InputError("drill", "nobody is here to say yes", "add --yes")
    return input("Stop the desk now? [y/N] ").strip().lower() in ("y", "yes")


class Drill:
    """One rehearsal. ``run`` gives its steps; the last of them is the one that failed, if one did."""

    def __init__(self, desk: Desk, admin_key: str | None, wait_s: float) -> None:
        self._desk = desk
        self._admin_key = admin_key
        self._wait_s = wait_s
        self._began = 0.0
        self.steps: list[Step] = []

    def run(self, before: Json) -> list[Step]:
        """All steps, as far as they held."""
        orders = before["orders"]["working"]
        self._note("state before", f"{before['circuit_breaker']['status']}, {orders} orders work")
        symbol = self._resting_order()
        try:
            self._stop()
            self._gate(symbol)
            self._cancels()
            self._record()
        except Failed as failed:
            self.steps.append(failed.step)
            return self.steps
        self._note("time to safe", "stopped, gate shut, cancels confirmed, halt on record", self._ms())
        if self._admin_key:
            self._reset(self._admin_key)
        return self.steps

    def _resting_order(self) -> tuple[str, int, Decimal] | None:
        """An order to buy one lot far below the market; what it was of, for the order that must be refused."""
        found = self._contract()
        if found is None:
            self._note("resting order", "skipped: no option has a price to stay away from")
            return None
        symbol, lot, price = found
        try:
            told = self._desk.order(symbol, lot, "buy", price, reason="stop drill")
        except DeskRefused as refused:
            self._note("resting order", f"skipped, the desk refused it: {refused}")
        else:
            self._note("resting order", f"{told['id']}: buy {lot} {symbol} at {price}")
        return found

    def _contract(self) -> tuple[str, int, Decimal] | None:
        """The cheapest option that is dear enough to rest below: symbol, lot, price."""
        for market in self._desk.status()["data"]["markets"]:
            rows = self._desk.chain(market["symbol"])["contracts"]
            quoted = [row for row in rows if row["option_type"] and row["bid"] and (row["last"] or 0) >= _CHEAPEST]
            for row in sorted(quoted, key=lambda row: float(row["last"])):
                price = (Decimal(str(row["last"])) * _FAR / _TICK).to_integral_value(ROUND_CEILING) * _TICK
                if price < Decimal(str(row["bid"])):
                    return row["symbol"], row["lot_size"], price
        return None

    def _stop(self) -> None:
        self._began = time.perf_counter()
        told = self._desk.stop("stop drill", drill=True)
        seen = f"{told['state']}, halt {told['halt_seq']}; the desk took {told['latency_ms']:.1f} ms to have it on disk"
        self._must("stop answered", told["state"] == "emergency_stop", seen)

    def _gate(self, found: tuple[str, int, Decimal] | None) -> None:
        """An order that adds risk must be refused, and by the breaker."""
        if found is None:
            state = self._desk.status()["data"]["circuit_breaker"]
            self._must("gate shut", not state["trading_allowed"], f"the desk says {state['status']}")
            return
        symbol, lot, price = found
        try:
            told = self._desk.order(symbol, lot, "buy", price - _TICK, reason="stop drill: must be refused")
        except DeskRefused as refused:
            self._must("gate shut", refused.status == 409 and refused.document.get("limit") == "breaker", str(refused))
            return
        self._must("gate shut", False, f"order {told['id']} was let through")

    def _cancels(self) -> None:
        def confirmed() -> str:
            orders = self._desk.status()["data"]["orders"]
            return "" if orders["working"] or orders["unconfirmed"] else "no order works, none is unconfirmed"

        self._wait("cancels confirmed", confirmed, "orders still work, or the venue has not confirmed their end")

    def _record(self) -> None:
        """The halt in the journal: a record of this drill, at or before the last that is on disk."""
        since = datetime.fromisoformat(self._desk.status()["data"]["last_drill_at"])

        def recorded() -> str:
            told = self._desk.audit(action="drill", limit=1)
            kept = [row for row in told["records"] if row["seq"] <= told["head"]["seq"]]
            mine = [row for row in kept if datetime.fromisoformat(row["timestamp"]) == since]
            return f"record {mine[0]['seq']}, chain {mine[0]['digest'][:12]}…" if mine else ""

        self._wait("halt on record", recorded, "the record does not have it")

    def _reset(self, key: str) -> None:
        with Desk(self._desk.url, key) as desk:
            try:
                told = desk.reset("stop drill is over")
            except DeskError as error:
                self.steps.append(Step("reset", False, None, f"{error}; {_HOW}"))
                return
        self.steps.append(Step("reset", told["state"] == "active", None, told["message"]))

    def _wait(self, what: str, look: Callable[[], str], missing: str) -> None:
        until = time.monotonic() + self._wait_s
        while not (seen := look()):
            if time.monotonic() >= until:
                raise Failed(Step(what, False, self._ms(), f"{missing}, {self._wait_s:g} s after it was looked for"))
            time.sleep(_LOOK_EVERY_S)
        self._must(what, True, seen)

    def _must(self, what: str, held: bool, seen: str) -> None:
        step = Step(what, held, self._ms(), seen)
        if not held:
            raise Failed(step)
        self.steps.append(step)

    def _note(self, what: str, seen: str, after_ms: float | None = None) -> None:
        self.steps.append(Step(what, None, after_ms, seen))

    def _ms(self) -> float:
        return (time.perf_counter() - self._began) * 1_000


def _report(console: Console, steps: list[Step], *, reset: bool) -> int:
    table = table_of(("step", ""), ("ms after the stop",))
    table.add_column("seen", overflow="fold")
    words = {True: "held", False: "FAILED", None: ""}
    for step in steps:
        add(table, step.what, words[step.held], "" if step.after_ms is None else f"{step.after_ms:,.0f}", step.seen)
    console.print(table)
    failed = [step.what for step in steps if step.held is False]
    if failed:
        console.print(f"FAILED: {', '.join(failed)}. The desk may be stopped; see: python -m sidecar status")
        return 1
    if not reset:
        console.print(f"The desk is stopped; {_HOW}.")
    return 0
