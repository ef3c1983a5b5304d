"""A strategy's parameters as they are asked for: some given, several values of others to be tried."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite, prod

from sidecar.domain.backtests import BacktestRequest, StrategyLine
from sidecar.domain.errors import InputError

#: More combinations than this are no sweep.
MOST_TRIALS = 10_000
_NAMED = 20


def given(request: BacktestRequest, line: StrategyLine) -> None:
    """Refuse a parameter that the strategy does not have, or that is no number.

    :raises InputError: ``parameters.<name>``.
    """
    for name, value in request.parameters.items():
        _refuse_unknown("parameters", name, line)
        _refuse_endless("parameters", name, value)


def swept(request: BacktestRequest, line: StrategyLine) -> None:
    """Refuse a sweep of what is not there, of nothing, or of more than :data:`MOST_TRIALS` combinations.

    :raises InputError: ``sweep.<name>``, or ``sweep`` where it is the whole.
    """
    for name, values in request.sweep.items():
        _refuse_unknown("sweep", name, line)
        if not values:
            raise InputError(f"sweep.{name}", "it has no value to try", "give at least one")
        for value in values:
            _refuse_endless("sweep", name, value)
        if len(set(values)) < len(values):
            raise InputError(f"sweep.{name}", "a value stands twice", "name each once: trials are counted")
        if name in request.parameters:
            raise InputError(f"sweep.{name}", "it stands in parameters too", "give it once")
    trials = prod(len(values) for values in request.sweep.values())
    if trials > MOST_TRIALS:
        problem = f"{trials:,} combinations are more than {MOST_TRIALS:,}"
        raise InputError("sweep", problem, "give fewer values: the best of so many is luck")


def listed(names: Iterable[str]) -> str:
    """Names with commas between, the first of them where there are many."""
    held = list(names)
    more = f" and {len(held) - _NAMED} more" if len(held) > _NAMED else ""
    return ", ".join(held[:_NAMED]) + more


def _refuse_unknown(field: str, name: str, line: StrategyLine) -> None:
    if name not in line.parameters:
        remedy = f"it has {listed(line.parameters)}" if line.parameters else "it has none"
        raise InputError(f"{field}.{name[:40]}", f"{line.name} has no such parameter", remedy)


def _refuse_endless(field: str, name: str, value: float) -> None:
    if not isfinite(value):
        raise InputError(f"{field}.{name}", f"{value} is not a number to go by", "give a finite one")
