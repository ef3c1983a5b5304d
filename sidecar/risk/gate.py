"""The gate: every order of every mode, paper too, passes here or does not leave."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from sidecar.domain.orders import OrderRequest
from sidecar.domain.report import Refusal
from sidecar.risk.breaker import covers
from sidecar.risk.checks import CHECKS, Check
from sidecar.risk.sized import Sized, remedy
from sidecar.risk.view import GateView, only_reduces

__all__ = ["CHECKS", "GateView", "Verdict", "check", "passes"]

#: The checks of limits: what a part of a fund is asked, each where it has that limit.
_LIMITED = tuple(row for row in CHECKS if row.limit)


class Verdict(msgspec.Struct, frozen=True):
    """The gate's answer. ``reduces_only``: it can only reduce risk. ``checked``: what was asked, the refuser last."""

    accepted: bool
    reduces_only: bool
    refusal: Refusal | None
    checked: tuple[str, ...]


def check(request: OrderRequest, view: GateView) -> Verdict:
    """Judge one order against the fund's state at one instant, then against the limits of every other scope it is in.

    The first check that refuses it decides. An order that only reduces is asked only what ``stops_reducing``. An
    override that covers a check's limit lets it pass in every scope; the checks without a limit cannot be overridden.
    """
    reducing = only_reduces(request, view)
    checked: list[str] = []
    for row, at in _asked(view, reducing=reducing):
        checked.append(row.name)
        refusal = row.function(request, at)
        if refusal is not None and not covers(view.breaker, row.limit, view.at):
            return Verdict(False, reducing, _told(refusal, row, at, request, view), tuple(checked))
    return Verdict(True, reducing, None, tuple(checked))


def passes(request: OrderRequest, view: GateView) -> bool:
    """Whether :func:`check` accepts the order; it does not work out the sizes that would pass."""
    asked = _asked(view, reducing=only_reduces(request, view))
    return all(_lets(row, request, at) or covers(view.breaker, row.limit, view.at) for row, at in asked)


def _asked(view: GateView, *, reducing: bool) -> Iterator[tuple[Check, GateView]]:
    """Every check and the view that it is asked of, in order."""
    for row in CHECKS:
        if row.stops_reducing or not reducing:
            yield row, view
    for part in view.parts:
        for row in _LIMITED:
            if row.limit in part.limits and (row.stops_reducing or not reducing):
                yield row, part


def _lets(row: Check, request: OrderRequest, view: GateView) -> bool:
    judge = row.function
    return judge.within(request, view) if isinstance(judge, Sized) else judge(request, view) is None


def _told(refusal: Refusal, row: Check, at: GateView, request: OrderRequest, view: GateView) -> Refusal:
    """The refusal with the scope it is of, and with the size that would pass everything, and not this check alone."""
    if isinstance(row.function, Sized):
        most = _largest(refusal.largest_quantity, request, view)
        words = refusal.detail.replace(remedy(refusal.largest_quantity), remedy(most))
        refusal = replace(refusal, detail=words, largest_quantity=most)
    if at is not view:
        refusal = replace(refusal, detail=f"in {at.scope}: {refusal.detail}")
    return replace(refusal, scope=at.scope) if row.limit else refusal


def _largest(most: int, request: OrderRequest, view: GateView) -> int:
    """The largest size up to ``most``, which one check would let pass, that all do: by bisection, in whole lots."""
    lot_size = view.contract.lot_size if view.contract else 1
    passing, failing = 0, most // lot_size + 1
    middle = failing - 1
    while failing - passing > 1:
        if passes(replace(request, quantity=middle * lot_size), view):
            passing = middle
        else:
            failing = middle
        middle = (passing + failing) // 2
    return passing * lot_size
