"""Whether an order only reduces risk, exactly, whatever subset of the working orders fills and however partly.

A test of the side is not enough: an oversize sell flips a long book, any order passes from flat, two sells can each be
fine alone and too much together, and closing the long hedge of a short leaves the short bare.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sidecar.risk.exposure import Greeks

#: Rounding allowed when two sums of Greeks are compared, relative to their size.
_ROUNDING = 1e-9


def span(position: int, resting: Iterable[int]) -> tuple[int, int]:
    """The lowest and the highest position that fills of ``resting`` (signed remaining units) can lead to."""
    remaining = tuple(resting)
    low = position + sum(quantity for quantity in remaining if quantity < 0)
    return low, position + sum(quantity for quantity in remaining if quantity > 0)


def reduces(signed: int, position: int, resting: tuple[int, ...]) -> bool:
    """Whether ``signed`` units of one contract can only bring its position nearer to zero.

    ``position`` and ``resting`` (remaining units of the working orders of the same contract) are signed units. True if
    after every set of fills of ``resting``, partial ones too, each fill of this order lowers ``|position|`` and never
    passes zero.

    >>> reduces(-75, 150, ()), reduces(-225, 150, ()), reduces(-75, 0, ())
    (True, False, False)
    >>> reduces(-75, 100, (-75,))
    False
    """
    low, high = span(position, resting)
    if signed < 0:
        return low + signed >= 0
    return signed > 0 and high + signed <= 0


def measures_do_not_rise(
    signed: int,
    unit: Greeks,
    low: Greeks,
    high: Greeks,
    margin_rises: Callable[[int], bool],
    worst_rises: Callable[[int], bool],
) -> bool:
    """Whether no fill of ``signed`` units can raise abs(delta), short gamma, abs(vega), margin or worst loss.

    ``unit`` are the contract's Greeks per unit; ``low`` and ``high`` the ends between which working orders can bring
    the book's Greeks (:func:`sidecar.risk.exposure.reach`). First order, as the Greeks are. For a given fill of the
    others ``|y + a| <= |y|`` is linear in ``y`` and convex in ``a``: the two ends and the full fill decide.
    ``margin_rises`` and ``worst_rises``: whether that many units can raise the whole book's margin, or its largest
    stress loss, after any set of fills of the others, or might; so a long that hedges a short is not free to go.

    Buying back a short is not asked about margin. Anything unknown is not proven, so the answer is False.
    """
    balanced = all(
        _no_farther(getattr(end, name), signed * getattr(unit, name))
        for name in ("delta", "vega")
        for end in (low, high)
    )
    gamma = signed * unit.gamma
    covered = gamma >= 0 or low.gamma + gamma >= -_ROUNDING * (abs(low.gamma) + abs(gamma))
    return balanced and covered and (signed > 0 or not margin_rises(signed)) and not worst_rises(signed)


def _no_farther(value: float, change: float) -> bool:
    return abs(value + change) <= abs(value) + _ROUNDING * (abs(value) + abs(change))
