"""Checks of measures that grow with the order, and the largest size that would pass them."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite, nan

from msgspec.structs import replace

from sidecar.domain.orders import OrderRequest, Side
from sidecar.domain.report import Refusal
from sidecar.risk.footprint import Footprint
from sidecar.risk.limits import BY_NAME
from sidecar.risk.view import GateView, nears_zero

#: A check: the refusal, or None where the order may pass.
Judge = Callable[[OrderRequest, GateView], Refusal | None]


class Sized:
    """A check of a measure that grows with the order: ``after`` may not pass the limit, unless it does not rise.

    The refusal gives the largest multiple of the lot that would pass this check. With ``is_margin`` buying back a short
    is never refused.
    """

    def __init__(self, name: str, measure: Footprint, *, is_margin: bool = False) -> None:
        self.name = name
        self.measure = measure
        self.is_margin = is_margin

    def __call__(self, request: OrderRequest, view: GateView) -> Refusal | None:
        """The refusal, or None."""
        limit = limit_of(self.name, view)
        before, after = self.ends(request, view)
        if self._lets(request, view, before, after, limit):
            return None
        most = self._largest(request, view)
        return Refusal(self.name, _words(self.name, before, after, limit, most), limit, before, after, most)

    def within(self, request: OrderRequest, view: GateView) -> bool:
        """Whether it lets the order pass: the same without the size that would."""
        return self._lets(request, view, *self.ends(request, view), limit_of(self.name, view))

    def ends(self, request: OrderRequest, view: GateView) -> tuple[float, float]:
        """The measure before the order and after it, worked out once for each size."""
        key = (self.name, request.signed)
        if key not in view.measured:
            view.measured[key] = self.measure(request, view)
        return view.measured[key]

    def _lets(self, request: OrderRequest, view: GateView, before: float, after: float, limit: float) -> bool:
        buys_back = self.is_margin and request.side is Side.BUY and nears_zero(request, view)
        return buys_back or passes(before, after, limit)

    def _largest(self, request: OrderRequest, view: GateView) -> int:
        """By bisection: a number of lots that passes (or none), one more of which does not."""
        lot_size = view.contract.lot_size if view.contract else 1
        passing, failing = 0, request.quantity // lot_size
        while failing - passing > 1:
            middle = (passing + failing) // 2
            if self.within(replace(request, quantity=middle * lot_size), view):
                passing = middle
            else:
                failing = middle
        return passing * lot_size


def limit_of(name: str, view: GateView) -> float:
    """The limit of a sized check: the scope's, and for ``margin`` what is available. NaN where none is loaded."""
    return view.available_margin if name == "margin" else view.limits.get(name, nan)


def passes(before: float, after: float, limit: float) -> bool:
    """Whether a measure may go from ``before`` to ``after``: up to the limit, and beyond it where it does not rise."""
    return after <= limit or after <= before


def _words(name: str, before: float, after: float, limit: float, most: int) -> str:
    what = BY_NAME[name].what if name in BY_NAME else "margin needed, against the margin available"
    if not isfinite(after) or not isfinite(limit):
        return f"{name}: {what} cannot be known now; wait for fresh data"
    return f"{name}: {what} would go from {before:.6g} to {after:.6g}, the limit is {limit:.6g}; {remedy(most)}"


def remedy(most: int) -> str:
    """What to do about an order that is too large."""
    return f"{most} would pass" if most else "no size would pass"
