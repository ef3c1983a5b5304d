"""The plan of a close: every order in its turn, what it costs, and what margin and worst loss are after it."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from sidecar.domain.orders import Side


class PlanStep(msgspec.Struct, frozen=True):
    """One slice. ``quantity`` is positive units of the side; ``limit`` the worst price of its protection band.

    ``cost`` is what it costs against the mark: half the spread as far as it is crossed, and fees; NaN where no mark is
    known. ``margin`` and ``worst_loss`` are the fund's after it, ``starts_s`` seconds from the plan's begin.
    """

    position_id: str
    symbol: str
    fund_id: str
    strategy: str
    side: Side
    quantity: int
    limit: Decimal | None
    expected: float
    cost: float
    cash: float
    margin: float
    worst_loss: float
    starts_s: float


class Plan(msgspec.Struct, frozen=True):
    """Every step that flattens what was asked, in order, and its totals.

    ``margin`` and ``worst_loss`` are those before the first step. ``peak_cash`` is the most account currency that the
    steps need in advance of what they bring in. ``left_out`` are positions that cannot be closed now, each with the
    reason. ``rises`` says where no order existed in which neither margin nor worst loss rises, empty where one did.
    """

    steps: tuple[PlanStep, ...]
    left_out: tuple[tuple[str, str], ...]
    margin: float
    worst_loss: float
    cost: float
    fees: float
    peak_cash: float
    seconds: float
    rises: str = ""


class CloseLine(msgspec.Struct, frozen=True):
    """A position that is being closed: how much is left, how often it was tried, and what came of the last try."""

    position_id: str
    quantity: int
    actor: str
    reason: str
    since: int
    tries: int
    detail: str
