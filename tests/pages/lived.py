"""A desk that has lived a few simulated minutes: its last report and chain, and the database that it wrote."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from sidecar.domain.alerts import AlertLevel, Finding
from sidecar.domain.clock import SECOND
from sidecar.domain.commands import RaiseAlert
from sidecar.domain.report import Published
from sidecar.run import Sidecar
from sidecar.servers.keys import KeyStore
from tests.servers.desk import T0, Desk
from tests.wiring import ask_stop, small, until

#: Market seconds a second; market seconds that it lives with a book; seconds that a busy machine may need.
SPEED, LASTS_S, PATIENCE_S = 20.0, 90, 90.0
TOLD = Finding("outside", "broker", "cash", AlertLevel.WARNING, 3, "The broker called", "cash differs")


@dataclass(frozen=True)
class Lived:
    """``sidecar`` trades no more; its database, its jobs and its records can still be asked."""

    sidecar: Sidecar
    published: Published

    def desk(self, **changes: object) -> Desk:
        """The door tests' desk, as this one was when it ended; ``changes`` are of its report."""
        made = Published(msgspec.structs.replace(self.published.report, **changes), self.published.chain)
        sidecar = self.sidecar
        dealt = sidecar.reader.fills(200)
        return Desk(made, sidecar.state.board.universe, executions=dealt, now=max(sidecar.live.now(), T0))


class Keyed:
    """A sidecar's parts behind other keys: a test's own."""

    def __init__(self, sidecar: Sidecar, keys: KeyStore) -> None:
        self._sidecar = sidecar
        self.keys = keys

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sidecar, name)


@contextmanager
def lived(folder: Path) -> Iterator[Lived]:
    """Run a small simulated market with the demonstration until it has traded and been valued for a while."""
    patient = {"stale": 900.0, "stale_warn": 600.0}  # a busy machine's pauses, times the speed, would trip the desk
    market = {"strikes_each_side": 6, "expiries": 2}
    settings = small(folder, speed=SPEED, strategy="demo", simulation=market, limits=patient)
    with Sidecar(settings) as sidecar:
        sidecar.start()
        live = sidecar.live

        def traded() -> bool:
            latest = live.latest
            return latest is not None and len(latest.report.positions) >= 2 and len(latest.report.smiles) >= 2

        until(traded, PATIENCE_S, "a book and its smiles")
        began = live.now()
        until(lambda: live.now() - began > LASTS_S * SECOND, PATIENCE_S, "a while")
        latest = live.latest
        assert latest is not None
        live.submit(RaiseAlert(at=live.now(), request_id="told", actor="ann", findings=(TOLD,))).result(PATIENCE_S)
        ask_stop(live, "the end of this test's day")
        live.stop()
        until(lambda: sidecar.writer.queue_depth == 0, PATIENCE_S, "the database")
        yield Lived(sidecar, latest)
