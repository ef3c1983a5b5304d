"""The legs that the day's explain keeps: their exact side, their floats in one matrix, and the market they rest on."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from math import nan
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sidecar.book import explain
from sidecar.book.position import ZERO, Position
from sidecar.domain.contracts import Kind
from sidecar.domain.orders import Fill
from sidecar.domain.records import ExplainMark
from sidecar.pricing.daycount import MICROSECONDS_PER_YEAR

if TYPE_CHECKING:
    from sidecar.desk.state import DeskState

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_NEVER = 2**62
_PARTS = len(explain.PARTS)
#: Rows of a market; a start has a unit's Greeks below them.
MARK, SPOT, FORWARD, YEARS, VOLATILITY = range(5)
_MARKET = 5
_START = _MARKET + len(explain.GREEKS)
#: What stands for a spread that is not known, as a share of the mark: a last trade is as old as it is.
_ONE_SIDED = 0.05


class Leg:
    """One leg's exact side: where its day began, and what its own fills make of the running interval.

    ``base_cash`` is realised P&L less fees when the day began, ``base_value`` unrealised P&L.
    """

    def __init__(self, position: Position, quantity: int, base_cash: Decimal, base_value: float = 0.0) -> None:
        self.id = position.id
        self.position = position
        self.base_cash = base_cash
        self.base_value = base_value
        self.begin(quantity)

    def begin(self, quantity: int) -> None:
        """A new interval, with so many units."""
        self.before = self.kept = self.after = quantity
        self.paid = self.fees = ZERO

    def take(self, fill: Fill) -> None:
        """Take one of the leg's fills."""
        self.after += fill.quantity
        self.kept = explain.kept(self.before, self.kept, self.after)
        self.paid += fill.quantity * fill.price
        self.fees += fill.fees

    @property
    def cash(self) -> float:
        """The day's P&L but for what is held at its mark."""
        position = self.position
        held = float(position.cost) if position.quantity else 0.0
        return float(position.realized - position.fees - self.base_cash) - held - self.base_value


class Sheet:
    """The floats of n legs in one matrix, a column a leg; the properties are views that may be written to.

    ``started`` is when the running interval began (microseconds UTC, which a float64 holds exactly). ``left`` is the
    residual at the last known mark, ``unpriced`` its share from unknown intervals. ``resumed`` is 1 for a leg that a
    restart took up and whose market has not been known since.
    """

    def __init__(self) -> None:
        self._all: Floats = np.zeros((2 * _PARTS + _START + 4, 0))

    def add(self) -> None:
        """One more leg, of which nothing is known."""
        self._all = np.concatenate([self._all, np.zeros((self._all.shape[0], 1))], axis=1)
        self.start[:, -1] = nan

    def keep(self, stay: Sequence[bool]) -> None:
        """Drop the other legs."""
        self._all = self._all[:, np.array(stay, dtype=bool)]

    def begin(self, index: int, start: Floats, at: int) -> None:
        """Begin one leg's day anew."""
        self._all[:, index] = 0.0
        self.start[:, index] = start
        self.started[index] = at

    def resume(self, mark: ExplainMark) -> None:
        """Put the newest leg where its record says."""
        self.parts[:, -1] = mark.parts
        self.start[:, -1] = [nan if value is None else value for value in mark.start]
        self.started[-1], self.left[-1], self.unpriced[-1] = mark.started, mark.left, mark.unpriced

    def cut(self, market: Floats, greeks: Floats, at: int, total: Floats, known: Bools) -> Bools:
        """End the running interval at this market; returns for which legs, (n,): one that waits for its market stays.

        ``total`` is the day's P&L, ``known`` whether the interval could be explained: what it has earned if not is
        unpriced, as soon as the total is known.
        """
        rolled: Bools = known | (self.resumed == 0.0)
        self.parts[:, rolled] += self.running[:, rolled]
        self.running[:, rolled] = 0.0
        left = explain.residual(self.parts, total)
        found = rolled & np.isfinite(left)
        blind = found & ~known
        self.unpriced[blind] += left[blind] - self.left[blind]
        self.left[found] = left[found]
        self.start[:_MARKET, rolled] = market[:, rolled]
        self.start[_MARKET:, rolled] = greeks[:, rolled]
        self.started[rolled] = at
        self.resumed[rolled] = 0.0
        return rolled

    @property
    def parts(self) -> Floats:
        """The parts of the intervals that are over, (8, n)."""
        return self._all[:_PARTS]

    @property
    def running(self) -> Floats:
        """The parts of the running one, (8, n)."""
        return self._all[_PARTS : 2 * _PARTS]

    @property
    def start(self) -> Floats:
        """The market and a unit's Greeks that the running interval began with, (11, n)."""
        return self._all[2 * _PARTS : -4]

    @property
    def started(self) -> Floats:
        return self._all[-4, :]

    @property
    def left(self) -> Floats:
        return self._all[-3, :]

    @property
    def unpriced(self) -> Floats:
        return self._all[-2, :]

    @property
    def resumed(self) -> Floats:
        return self._all[-1, :]


class Columns(NamedTuple):
    """What changes with a fill or a listing alone, one entry a leg; ``row`` is -1 for a contract that is not listed.

    ``underlying`` is a leg's place in ``underlyings``, which has each once.
    """

    row: NDArray[np.intp]
    all_listed: bool
    underlyings: list[str]
    underlying: NDArray[np.intp]
    option: Bools
    expires: NDArray[np.int64]
    lot: list[int]
    quantity: Floats
    cash: Floats
    held: explain.Held
    lines: explain.Lines


def columns(state: DeskState, legs: Sequence[Leg], funds: set[str]) -> Columns:
    """The columns of the legs as they are now; ``funds`` are those that get lines."""
    rows = state.board.universe.rows
    contracts = [state.contracts[leg.position.symbol] for leg in legs]
    numbers = [(leg.before, leg.kept, leg.after, float(leg.paid), float(leg.fees)) for leg in legs]
    names = [
        explain.Name(leg.id, leg.position.symbol, contract.underlying, leg.position.strategy, leg.position.fund_id)
        for leg, contract in zip(legs, contracts, strict=True)
    ]
    row = np.array([rows.get(leg.position.symbol, -1) for leg in legs], dtype=np.intp)
    underlyings = sorted({contract.underlying for contract in contracts})
    return Columns(
        row=row,
        all_listed=bool((row >= 0).all()),
        underlyings=underlyings,
        underlying=np.array([underlyings.index(contract.underlying) for contract in contracts], dtype=np.intp),
        option=np.array([contract.kind is Kind.OPTION for contract in contracts], dtype=bool),
        expires=np.array([contract.expires_at or _NEVER for contract in contracts], dtype=np.int64),
        lot=[contract.lot_size for contract in contracts],
        quantity=np.array([leg.position.quantity for leg in legs], dtype=np.float64),
        cash=np.array([leg.cash for leg in legs], dtype=np.float64),
        held=explain.Held(*np.array(numbers, dtype=np.float64).reshape(-1, 5).T),
        lines=explain.Lines(names, funds),
    )


def market(state: DeskState, legs: Columns) -> Floats:
    """What the legs rest on at the newest valuation, (5, n); NaN where unknown.

    An expired option's forward is its spot. A future has no carry of its own here: it moves as its price does.
    """
    valuation = state.valuation
    found = np.empty((_MARKET, legs.row.size))
    found[MARK] = _listed(valuation.mark, legs)
    found[FORWARD] = _listed(valuation.forward, legs)
    found[VOLATILITY] = _listed(valuation.values["iv"], legs)
    found[SPOT] = np.array([state.board.spot(name) for name in legs.underlyings])[legs.underlying]
    found[YEARS] = np.where(legs.option, np.maximum(legs.expires - state.now, 0) / MICROSECONDS_PER_YEAR, 1.0)
    if not found[YEARS].all():
        found[FORWARD] = np.where(found[YEARS] > 0.0, found[FORWARD], found[SPOT])
    return found


def unit_greeks(state: DeskState, legs: Columns) -> Floats:
    """A unit's Greeks of each leg at the newest valuation, (6, n), in the order of ``book.explain.GREEKS``."""
    return np.stack([_listed(state.valuation.values[name], legs) for name in explain.GREEKS])


def spreads(state: DeskState, legs: Columns, now: Floats) -> Floats:
    """Ask less bid of each leg's contract, (n,); where a side is unknown a share of its mark stands for it."""
    found = _listed(state.board.column("ask") - state.board.column("bid"), legs)
    return np.where(np.isnan(found), _ONE_SIDED * now[MARK], found)


def _listed(array: Floats, legs: Columns) -> Floats:
    """A column of the board or the valuation by leg; NaN for a contract that is not listed."""
    if legs.all_listed:
        return np.take(array, legs.row)
    found = np.full(legs.row.size, nan)
    listed = legs.row >= 0
    found[listed] = array[legs.row[listed]]
    return found
