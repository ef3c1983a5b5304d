"""A stop, rehearsed: a real stop of a simulated desk, and how long it takes until it is safe, step by step."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

import streamlit as st

from pages.parts import commands, reads, tables
from pages.parts.picture import Picture
from pages.parts.words import age, clock, moment, phrase
from sidecar.client import Desk
from sidecar.domain.errors import ClientError

Row = dict[str, Any]
WAIT_S, LOOK_EVERY_S = 10.0, 0.05
STEP: tables.Columns = {
    "what": ("Step", "text", ""),
    "held": ("Held", "text", "whether it came as it must"),
    "after_ms": ("After", "%,.0f ms", "milliseconds from the press, as this app measured them"),
    "seen": ("Seen", "text", ""),
}


class Step(NamedTuple):
    """One step: what, whether it held, how many milliseconds after the press, and what was seen."""

    what: str
    held: bool
    after_ms: float
    seen: str

    @property
    def row(self) -> Row:
        """The step as a row of a table."""
        return {**self._asdict(), "held": "yes" if self.held else "FAILED"}


def last(picture: Picture) -> str:
    """When a stop was last rehearsed, in Markdown."""
    status = picture.status or {}
    at, now = moment(status.get("last_drill_at")), moment(status.get("timestamp"))
    if now is None:
        return "Last stop drill: unknown"
    if at is None:
        return "Last stop drill: **never** on this record"
    return f"Last stop drill: **{age((now - at).total_seconds())} ago** ({clock(at, day=True)})"


def barred(picture: Picture) -> str | None:
    """Why no drill can begin now; None where one can."""
    if denied := commands.denied("trader"):
        return denied
    if not picture.live:
        return "The desk is not seen: a drill could not be measured."
    if not picture.simulated:
        return "Only a simulated desk is drilled: this market is not simulated."
    if picture.state != "active":
        return "The desk is stopped already; reset it first: a drill shows the gate shutting."
    return None


def form(picture: Picture) -> None:
    """What a drill does, the button, and its steps as they come."""
    st.markdown(
        "**This is a real stop of a simulated desk**: the gate shuts, every working order is cancelled, and the desk "
        "stays stopped until an admin resets it. It goes on record as a rehearsal. `python -m sidecar drill` also "
        "places an order that must be cancelled and one that must be refused."
    )
    why = barred(picture)
    if st.button("Run a stop drill", key="drill", icon=":material/fire_extinguisher:", help=why, disabled=bool(why)):
        st.session_state["drill-steps"] = _run()
    if steps := st.session_state.get("drill-steps"):
        tables.show([step.row for step in steps], STEP, "drill-steps", 8)
        verdict(steps)


def _run() -> list[Step]:
    steps: list[Step] = []
    with st.status("Drilling …", expanded=True) as shown:
        for step in run(reads.shared().desk):
            steps.append(step)
            shown.write(f"{step.what}: {'held' if step.held else 'FAILED'} after {step.after_ms:,.0f} ms")
        failed = not all(step.held for step in steps)
        shown.update(label="The drill is over", state="error" if failed else "complete", expanded=False)
    return steps


def verdict(steps: list[Step]) -> None:
    """Whether every step held, how long it took, and what is needed now."""
    failed = [step.what for step in steps if not step.held]
    if failed:
        st.error(f"**FAILED: {', '.join(failed)}.** The desk may be stopped; look at its state above.")
    else:
        st.success(f"**Time to safe: {steps[-1].after_ms:,.0f} ms.** Gate shut, cancels confirmed, halt on record.")
    st.markdown("To trade again: **Reset**, with an admin's key and a reason. No cause but the drill stands.")


def run(desk: Desk, wait_s: float = WAIT_S) -> Iterator[Step]:
    """The steps as far as they hold; the last is the one that failed, if one did."""
    began = time.perf_counter()

    def since() -> float:
        return (time.perf_counter() - began) * 1_000

    checks: tuple[tuple[str, Callable[[Desk], str]], ...] = (
        ("stop answered", _stopped),
        ("gate shut", _shut),
        ("cancels confirmed", _cancelled),
        ("halt on record", _recorded),
    )
    for what, look in checks:
        until, seen, problem = time.monotonic() + wait_s, "", ""
        # A stop is asked for once; everything else is looked at until it is so.
        while not seen and not problem:
            try:
                seen = look(desk)
            except ClientError as error:
                problem = str(error)
            if not seen and not problem and time.monotonic() >= until:
                problem = f"not seen within {wait_s:g} s"
            if not seen and not problem:
                time.sleep(LOOK_EVERY_S)
        yield Step(what, not problem, since(), problem or seen)
        if problem:
            return


def _stopped(desk: Desk) -> str:
    told = desk.stop("stop drill", drill=True)
    if told["state"] != "emergency_stop":
        raise ClientError(f"the desk answered, and is {phrase(told['state'])}")  # not asked again
    return f"halt no. {told['halt_seq']}; the desk took {told['latency_ms']:.1f} ms to have it on disk"


def _shut(desk: Desk) -> str:
    state = desk.status()["data"]["circuit_breaker"]
    return "" if state["circuit_breaker_allowed"] else f"the desk says {state['status']}"


def _cancelled(desk: Desk) -> str:
    orders = desk.status()["data"]["orders"]
    return "" if orders["working"] or orders["unconfirmed"] else "no order works, none is unconfirmed"


def _recorded(desk: Desk) -> str:
    drilled = desk.status()["data"]["last_drill_at"]
    since = None if drilled is None else datetime.fromisoformat(drilled)
    told = desk.audit(action="drill", limit=1)
    kept = [row for row in told["records"] if row["seq"] <= told["head"]["seq"]]
    mine = [row for row in kept if datetime.fromisoformat(row["timestamp"]) == since]
    return f"record {mine[0]['seq']}" if mine else ""
