"""Where each watched value of a scope stands against its limit, and the breaker's cause for one that breaks it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isfinite, nan

from sidecar.domain.breaker import Cause
from sidecar.domain.errors import ConfigurationError
from sidecar.domain.report import LimitLine, LimitStatus
from sidecar.domain.scopes import ANY
from sidecar.risk.limits import BY_NAME, WATCHED, Basis, Limit, Measures

#: The share of a limit from which its line warns.
WARN_AT = 0.8


def evaluate(
    scope: str, measures: Measures, limits: Mapping[str, float], confirmations: Mapping[str, int], needed: int
) -> tuple[LimitLine, ...]:
    """Where each watched one of a scope's ``limits`` stands, in the table's order.

    A breach on marks counts only from trusted marks, and like one on quotes only after ``needed`` evaluations in a
    row; until then its line warns. ``confirmations`` are the counts of the lines of the last evaluation, by name.
    Unknown values and untrusted marks leave the count as it is: bad data neither trips nor clears.

    :raises ConfigurationError: ``needed`` is less than 1.
    """
    if needed < 1:
        raise ConfigurationError("confirmations", f"{needed} would trip on nothing", "give 1 or more")
    return tuple(
        _line(row, scope, measures, limits[row.name], min(confirmations.get(row.name, 0), needed), needed)
        for row in WATCHED
        if row.name in limits
    )


def _line(row: Limit, scope: str, measures: Measures, limit: float, held: int, needed: int) -> LimitLine:
    value = float(getattr(measures, row.watches))
    if not isfinite(value):
        return LimitLine(row.name, scope, nan, limit, nan, LimitStatus.UNKNOWN, held)
    trusted = measures.trusted or row.basis is not Basis.MARKS
    count = _confirmed(row, row.breached(value, limit), held, needed) if trusted else held
    status = _status(row, value, limit, trusted=trusted, confirmed=count >= needed)
    return LimitLine(row.name, scope, value, limit, _utilization(value, limit), status, count)


def _confirmed(row: Limit, breached: bool, held: int, needed: int) -> int:
    if not breached or not row.trips:
        return 0
    return needed if row.basis is Basis.DESK else min(held + 1, needed)


def _status(row: Limit, value: float, limit: float, *, trusted: bool, confirmed: bool) -> LimitStatus:
    if confirmed:
        return LimitStatus.BREACH
    if not trusted:
        return LimitStatus.UNKNOWN
    near = value > 0 and value >= WARN_AT * limit and row.name != "stale_warn"
    return LimitStatus.WARN if near or row.breached(value, limit) else LimitStatus.OK


def _utilization(value: float, limit: float) -> float:
    if limit > 0:
        return max(value, 0.0) / limit
    return 0.0 if value <= 0 else nan


def standing(lines: Iterable[LimitLine], needed: int) -> tuple[LimitLine, ...]:
    """The lines whose confirmed breach has not been seen to end: what a reset is refused for."""
    return tuple(line for line in lines if line.confirmations >= needed)


def cause(line: LimitLine, at: int, scope: str) -> Cause:
    """The breaker's cause for a breached line; ``scope`` is whose trading it shuts."""
    row = BY_NAME[line.name]
    where = "the desk" if line.scope == ANY else line.scope if "/" in line.scope else f"fund {line.scope}"
    detail = f"{row.what} of {where} is {line.value:.6g} {row.unit}, the limit is {line.limit:.6g}"
    return Cause(row.trigger, at, "desk", detail, line.name, line.limit, line.value, scope)
