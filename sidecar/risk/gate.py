"""The gate: every order of every mode, paper too, passes here or does not leave."""

from __future__ import annotations

import msgspec

from sidecar.domain.orders import OrderRequest
from sidecar.domain.report import Refusal
from sidecar.risk.breaker import covers
from sidecar.risk.checks import CHECKS, Check
from sidecar.risk.sized import Sized
from sidecar.risk.view import GateView, only_reduces

__all__ = ["CHECKS", "GateView", "Verdict", "check"]


class Verdict(msgspec.Struct, frozen=True):
    """The gate's answer. ``reduces_only``: it can only reduce risk. ``checked``: what was asked, the refuser last."""

    accepted: bool
    reduces_only: bool
    refusal: Refusal | None
    checked: tuple[str, ...]


def check(request: OrderRequest, view: GateView) -> Verdict:
    """Judge one order against the fund's state at one instant: the first check that refuses it decides.

    An order that only reduces is asked only what ``stops_reducing``. An override that covers a check's limit lets it
    pass; the checks without a limit cannot be overridden.
    """
    reducing = only_reduces(request, view)
    checked: list[str] = []
    for row in CHECKS:
        if reducing and not row.stops_reducing:
            continue
        checked.append(row.name)
        refusal = row.function(request, view)
        if refusal is not None and not covers(view.breaker, row.limit, view.at):
            return Verdict(False, reducing, refusal, tuple(checked))
    return Verdict(True, reducing, None, tuple(checked))


def passes(request: OrderRequest, view: GateView) -> bool:
    """Whether :func:`check` accepts the order; it does not work out the sizes that would pass."""
    reducing = only_reduces(request, view)
    return all(
        _lets(row, request, view) or covers(view.breaker, row.limit, view.at)
        for row in CHECKS
        if row.stops_reducing or not reducing
    )


def _lets(row: Check, request: OrderRequest, view: GateView) -> bool:
    judge = row.function
    return judge.within(request, view) if isinstance(judge, Sized) else judge(request, view) is None
