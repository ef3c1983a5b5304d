"""The book as arrays, one entry a leg: what scenarios, tail risk, margin and what-if revalue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from math import nan
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sidecar.domain.contracts import Kind, Right
from sidecar.domain.errors import UnknownContract
from sidecar.domain.report import Chain
from sidecar.pricing.curve import Curve
from sidecar.pricing.daycount import years

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Legs:
    """Legs of options and futures, all 1-D and of one length n; unknown numbers are NaN.

    ``underlying`` is the name of each leg's underlying, ``symbol`` its instrument id. ``quantity`` is signed units,
    ``mark`` what one unit is valued at now. ``forward`` is the forward to the leg's own expiry, ``time`` years to it,
    ``volatility`` a year, ``rate`` continuous a year to the expiry. A leg that is no ``option`` is a future: it is
    worth ``forward`` a unit, and its strike, volatility and ``call`` are not read.
    """

    symbol: tuple[str, ...]
    underlying: tuple[str, ...]
    option: Flags
    call: Flags
    quantity: Floats
    mark: Floats
    spot: Floats
    forward: Floats
    strike: Floats
    time: Floats
    volatility: Floats
    rate: Floats

    def __post_init__(self) -> None:
        """Refuse columns of different lengths."""
        for column in fields(self):
            value = getattr(self, column.name)
            if len(value) != len(self.symbol) or (not isinstance(value, tuple) and value.ndim != 1):
                raise ValueError(f"{column.name} must be 1-D with {len(self.symbol)} entries, one a leg")

    def __len__(self) -> int:
        return len(self.symbol)

    @property
    def discount(self) -> Floats:
        """Value now of 1 paid at each leg's expiry."""
        return np.exp(-self.rate * self.time)

    @property
    def carry(self) -> Floats:
        """Growth of the forward over the spot, ln(F/S)/T a year; 0 at expiry."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.time > 0, np.log(self.forward / self.spot) / self.time, 0.0)

    def take(self, rows: ArrayLike) -> Self:
        """The legs at ``rows`` (integers or a mask), in that order; none where ``rows`` is empty."""
        asked = np.asarray(rows)
        index = np.arange(len(self))[asked if asked.size else asked.astype(np.intp)]
        picked: dict[str, Any] = {
            column.name: tuple(value[i] for i in index) if isinstance(value, tuple) else value[index]
            for column in fields(self)
            for value in (getattr(self, column.name),)
        }
        return replace(self, **picked)

    def held(self, quantity: Floats) -> Self:
        """The same contracts at other quantities."""
        return replace(self, quantity=np.asarray(quantity, dtype=np.float64))


def legs_of(holdings: Sequence[tuple[str, float]], chain: Chain, rates: Curve, at: int) -> Legs:
    """The legs of ``holdings``, (instrument id, signed units) pairs, at the chain's marks; ``at`` is microseconds UTC.

    An index's own level is the spot. What the chain does not know is NaN.

    :raises UnknownContract: an id that is not in the chain.
    """
    for symbol, _ in holdings:
        if symbol not in chain.rows:
            raise UnknownContract(symbol)
    rows = np.array([chain.rows[symbol] for symbol, _ in holdings], dtype=np.intp)
    contracts = [chain.contracts[row] for row in rows]
    levels = {name: _level(chain, name) for name in {contract.underlying for contract in contracts}}
    ends = np.array([contract.expires_at or at for contract in contracts], dtype=np.int64)
    time = np.asarray(years(at, ends), dtype=np.float64)
    return Legs(
        symbol=tuple(symbol for symbol, _ in holdings),
        underlying=tuple(contract.underlying for contract in contracts),
        option=np.array([contract.kind is Kind.OPTION for contract in contracts], dtype=np.bool_),
        call=np.array([contract.right is Right.CALL for contract in contracts], dtype=np.bool_),
        quantity=np.array([quantity for _, quantity in holdings], dtype=np.float64),
        mark=chain.mark[rows],
        spot=np.array([levels[contract.underlying] for contract in contracts], dtype=np.float64),
        forward=chain.forward[rows],
        strike=np.array([contract.strike or 0.0 for contract in contracts], dtype=np.float64),
        time=time,
        volatility=chain.iv[rows],
        rate=rates.rate(time),
    )


def _level(chain: Chain, underlying: str) -> float:
    row = chain.rows.get(underlying)
    return nan if row is None else float(chain.mark[row])
