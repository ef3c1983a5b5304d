"""How the funds do: performance from the equity on record, every few seconds and on fills."""

from __future__ import annotations

from collections.abc import Sequence

from sidecar.desk.state import DeskState
from sidecar.domain.performance import PerformanceLine
from sidecar.domain.records import EquityMarked
from sidecar.domain.report import FundLine


def lines(state: DeskState, funds: Sequence[FundLine]) -> tuple[PerformanceLine, ...]:
    """The performance of each fund and of the desk: the last lines again, unless it is time or something filled."""
    return ()


def mark(state: DeskState, record: EquityMarked) -> None:
    """Take an equity that went on record: now, or, after a restart, then."""
