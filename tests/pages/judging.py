"""The door tests' desk, which also judges: a what-if is answered by the gate of a desk that has lived."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any

from sidecar.desk import what_if
from sidecar.desk.state import DeskState
from sidecar.domain.breaker import BreakerState
from sidecar.domain.commands import CommandEvent, WhatIf
from sidecar.domain.report import Published
from tests.pages.lived import Lived
from tests.servers.desk import Answer, Desk


@dataclass
class Judging(Desk):
    """``state`` is whose gate judges; orders that are sent meet the door tests' own rules."""

    state: DeskState | None = None

    def _obey(self, command: CommandEvent) -> Answer:
        if not isinstance(command, WhatIf):
            return super()._obey(command)
        assert self.state is not None
        what_if.answer(self.state, command)
        outcome = self.state.pending.outcomes.pop()
        return outcome.status, outcome.message, {"impact": outcome.impact}

    def _publish(self, **changes: Any) -> None:
        chain = self.published.chain if self.published else None
        super()._publish(**changes)
        if chain is not None:
            self.published = Published(self.report, chain)


@contextmanager
def judging(past: Lived, **changes: Any) -> Iterator[Judging]:
    """The desk of ``past`` as it was before it was stopped; ``changes`` are of its report."""
    state, plain = past.sidecar.state, past.desk(breaker=BreakerState(), **changes)
    stopped, state.breaker = state.breaker, BreakerState()
    try:
        yield Judging(**{row.name: getattr(plain, row.name) for row in fields(plain)}, state=state)
    finally:
        state.breaker = stopped
