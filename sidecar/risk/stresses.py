"""Named stresses: days that happened and gaps that might, laid over the book by full revaluation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import fsum, inf, isfinite, nan

import msgspec
import numpy as np

from sidecar.domain.errors import InputError
from sidecar.risk.legs import Floats, Legs
from sidecar.risk.scenarios import DAYS_A_YEAR, worth

#: The columns of ``data/reference/stresses.csv``; a row is one stress, or one tenor of one (rows of a name together).
COLUMNS = ("name", "label", "spot", "up_to_days", "vol_relative", "vol_points", "days", "source", "note")


class VolMove(msgspec.Struct, frozen=True):
    """What happens to volatilities of options with at most ``up_to_days`` calendar days left.

    vol' = vol x (1 + ``relative``) + ``points``, both fractions (``points`` of 0.01 is a volatility point).
    """

    up_to_days: float
    relative: float
    points: float


class Stress(msgspec.Struct, frozen=True):
    """Every spot moves by ``spot`` (a fraction), ``days`` calendar days pass, volatilities move by their tenor."""

    name: str
    label: str
    spot: float
    vols: tuple[VolMove, ...]
    days: float
    source: str
    note: str

    def volatility(self, legs: Legs) -> Floats:
        """The volatility of each leg (n,) afterwards, by the days it has left before; never below 0, NaN stays NaN."""
        left = legs.time * DAYS_A_YEAR
        place = np.searchsorted([move.up_to_days for move in self.vols[:-1]], left)
        table = np.array([(move.relative, move.points) for move in self.vols])
        return np.asarray(np.maximum(legs.volatility * (1.0 + table[place, 0]) + table[place, 1], 0.0))


@dataclass(frozen=True, eq=False)
class Stressed:
    """P&L in account currency under one stress: ``pnl`` (n,) a leg, and their sum; NaN where not known."""

    stress: Stress
    pnl: Floats
    total: float


def apply(legs: Legs, stress: Stress) -> Stressed:
    """The book's P&L under ``stress``, by full revaluation against the model's value now.

    Carry, rates, expiry on the way and unknown numbers as in :func:`sidecar.risk.scenarios.grid`; a leg of quantity 0
    makes nothing. The sum is exact, so the order of the legs does not matter.
    """
    after = worth(legs, 1.0 + stress.spot, stress.volatility(legs), stress.days / DAYS_A_YEAR)
    pnl = np.where(legs.quantity == 0, 0.0, legs.quantity * (after - worth(legs)) + 0.0)
    return Stressed(stress, pnl, fsum(pnl) if np.isfinite(pnl).all() else nan)


def parse_stresses(rows: Iterable[Mapping[str, str]]) -> tuple[Stress, ...]:
    """The stresses of the rows of ``data/reference/stresses.csv``, in their order; rows of one name are its tenors.

    :raises InputError: a row with other columns, without a source, with a number that cannot be; tenors that do not
        rise or leave the longest options out; rows of one name that are apart or disagree.
    """
    groups: dict[str, list[tuple[Stress, VolMove]]] = {}
    last = ""
    for line, row in enumerate(rows, start=2):
        try:
            stress, move = _row(row)
            if stress.name in groups and stress.name != last:
                raise ValueError(f"the rows of {stress.name} are apart")
        except ValueError as problem:
            raise InputError("stresses.csv", f"line {line}: {problem}", "see data/reference/README.md") from None
        groups.setdefault(stress.name, []).append((stress, move))
        last = stress.name
    return tuple(_joined(name, parts) for name, parts in groups.items())


def _row(row: Mapping[str, str]) -> tuple[Stress, VolMove]:
    if set(row) != set(COLUMNS) or None in row.values():
        raise ValueError(f"wants the columns {', '.join(COLUMNS)}")
    for column in ("name", "label", "source"):
        if not row[column].strip():
            raise ValueError(f"{column} is empty")
    number = {column: _number(row[column], column) for column in ("spot", "vol_relative", "vol_points", "days")}
    if number["spot"] <= -1 or number["vol_relative"] < -1 or number["days"] < 0:
        raise ValueError("a spot loses less than all, a volatility at most all, and days do not run back")
    up_to = _number(row["up_to_days"], "up_to_days") if row["up_to_days"] else inf
    stress = Stress(row["name"], row["label"], number["spot"], (), number["days"], row["source"], row["note"])
    return stress, VolMove(up_to, number["vol_relative"], number["vol_points"])


def _number(text: str, column: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = nan
    if not isfinite(value):
        raise ValueError(f"{column} must be a number, not {text!r}")
    return value


def _joined(name: str, parts: list[tuple[Stress, VolMove]]) -> Stress:
    first = parts[0][0]
    vols = tuple(move for _, move in parts)
    if any(stress != first for stress, _ in parts):
        problem = "its rows differ in more than the volatility"
    elif any(one.up_to_days >= two.up_to_days for one, two in pairwise(vols)) or vols[-1].up_to_days < inf:
        problem = "up_to_days must rise from row to row, and be empty in the last"
    else:
        return msgspec.structs.replace(first, vols=vols)
    raise InputError("stresses.csv", f"{name}: {problem}", "see data/reference/README.md")
