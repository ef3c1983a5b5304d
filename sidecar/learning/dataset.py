"""What a model learns from: features, labels and when each was known, built from bars that passed the gate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from sidecar.domain.errors import NotTrainable
from sidecar.domain.models import LabelKind
from sidecar.features.labels import BUY, SELL, LabelSpec, labels_of, trade_outcome
from sidecar.features.matrix import FEATURE_HASH, NAMES, batch, rows_of
from sidecar.learning.quality import Columns, Quality, checked
from sidecar.learning.splits import uniqueness

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

HOUR = 3_600_000_000
#: A row with a larger share of unknown features is not learnt from: they are not warm yet.
SPARSE = 0.2
_OF_A_ROW = ("x", "y", "closes", "begins", "ends", "sessions", "weights", "move", "cost", "hours", "place")
LEAST_ROWS, LEAST_SESSIONS, LEAST_OF_A_SIDE, LEAST_TRADES = 500, 15, 50, 100


class Dataset(NamedTuple):
    """``n`` rows in the order of what was known; times microseconds UTC, moves and costs fractions of the price.

    ``x`` (n, F) float32 are the features ``names``, NaN unknown; ``y`` (n,) int8 the labels, 0 sell, 1 hold, 2 buy. A
    row's bar closed at ``closes``; it could be decided on at ``begins``, and its label was known at ``ends``.
    ``weights`` are the rows' average uniqueness, mean 1. ``move`` is what a buyer at the entry had made at the exit,
    ``cost`` of a round trip. ``hours`` counts whole hours since the session's first bar. ``place`` is a row's bar in
    ``inputs`` (bars, I), the features' whole input, which proves that they do not see ahead. ``simulated`` where any
    bar is.
    """

    symbol: str
    spec: LabelSpec
    names: tuple[str, ...]
    x: NDArray[np.float32]
    y: NDArray[np.int8]
    closes: Integers
    begins: Integers
    ends: Integers
    sessions: Integers
    weights: Floats
    move: Floats
    cost: Floats
    hours: Integers
    place: Integers
    inputs: Floats
    simulated: bool
    source: str
    feature_hash: str
    quality: Quality

    @property
    def bars(self) -> int:
        """How many bars it was made of."""
        return len(self.inputs)


class _Rows(NamedTuple):
    """Rows before the gate: the bar of each, what it is to learn, when that was known and what it is worth."""

    place: Integers
    y: NDArray[np.int8]
    ends: Integers
    move: Floats
    cost: Floats


def build(columns: Columns, spec: LabelSpec, symbol: str = "") -> Dataset:
    """The rows of ``columns`` (the fields of ``domain.bars.Bar`` by name) labelled by ``spec``.

    The features run over every bar, those of broken sessions too, as they do live. Raises :class:`NotTrainable`.
    """
    symbol = symbol or _symbol(columns)
    columns, quality, whole = checked(columns)
    labels = labels_of(spec, columns)
    known = labels.y >= 0
    place = np.flatnonzero(known & whole)
    quality = msgspec.structs.replace(quality, unlabelled=int(np.count_nonzero(~known & whole)))
    cost = np.asarray(columns["cost"], np.float64)[place]
    ends = columns["closes_at"][labels.last[place]]
    return _gated(columns, spec, symbol, quality, _Rows(place, labels.y[place], ends, labels.move[place], cost))


def build_trades(columns: Columns, trades: Mapping[str, NDArray[Any]], symbol: str = "") -> Dataset:
    """Whether a strategy's trade wins, from what was known when it was entered; 0 loser, 2 winner.

    ``trades`` has the arrays ``entry_at`` and ``exit_at`` (microseconds UTC), ``net`` (P&L after costs, money) and
    ``value`` (what was traded at entry, money). A trade belongs to the last bar that was known at its entry. Raises
    :class:`NotTrainable` for fewer than 100 closed trades.
    """
    symbol = symbol or _symbol(columns)
    columns, quality, whole = checked(columns)
    order = np.argsort(np.asarray(trades["entry_at"]), kind="stable")
    entry, leave, net, value = (np.asarray(trades[name])[order] for name in ("entry_at", "exit_at", "net", "value"))
    found = trade_outcome(entry, leave, net, columns["known_at"], columns["closes_at"])
    held = (found.y >= 0) & whole[found.row] & (leave > entry)
    if held.sum() < LEAST_TRADES:
        problem = f"{int(held.sum())} closed trades with bars beside them, of {LEAST_TRADES} needed"
        raise NotTrainable(problem, "let the strategy trade longer")
    quality = msgspec.structs.replace(quality, unlabelled=int(np.count_nonzero(~held)))
    place, move = found.row[held], np.asarray(net[held] / np.abs(value[held]), np.float64)
    rows = _Rows(place, found.y[held], columns["closes_at"][found.last[held]], move, np.zeros(place.size))
    return _gated(columns, LabelSpec(LabelKind.TRADE_OUTCOME, 1), symbol, quality, rows)


def part(dataset: Dataset, rows: Integers) -> Dataset:
    """The dataset of some of its rows, ascending: their weights anew, for labels that are not among them weigh nothing.

    ``inputs`` and what the gate found stay those of the whole. Raises :class:`NotTrainable` for too few rows.
    """
    taken = dataset._replace(**{name: getattr(dataset, name)[rows] for name in _OF_A_ROW})
    constant, missing = _idle(taken.x)
    _refuse_thin(taken.y, taken.sessions, dataset.spec, len(dataset.names) - len(constant) - len(missing))
    return taken._replace(weights=uniqueness(taken.begins, taken.ends))


def _gated(columns: Columns, spec: LabelSpec, symbol: str, quality: Quality, rows: _Rows) -> Dataset:
    inputs = rows_of(columns)
    x = batch(inputs)
    nowhere = np.isnan(x).all(axis=0)
    sparse = np.isnan(x[:, ~nowhere]).mean(axis=1)[rows.place] > SPARSE if not nowhere.all() else np.ones(len(rows.y))
    rows = _Rows(*(values[sparse == 0] for values in rows))
    x = x[rows.place]
    constant, missing = _idle(x)
    quality = msgspec.structs.replace(quality, sparse=int(np.sum(sparse)), constant=constant, missing=missing)
    sessions = columns["session"][rows.place].astype(np.int64)
    _refuse_thin(rows.y, sessions, spec, len(NAMES) - len(constant) - len(missing))
    begins = columns["known_at"][rows.place].astype(np.int64)
    return Dataset(
        symbol=symbol, spec=spec, names=NAMES, x=x, y=rows.y,
        closes=columns["closes_at"][rows.place].astype(np.int64), begins=begins, ends=rows.ends.astype(np.int64),
        sessions=sessions, weights=uniqueness(begins, rows.ends.astype(np.int64)), move=rows.move, cost=rows.cost,
        hours=_hours(columns)[rows.place], place=rows.place, inputs=inputs,
        simulated=bool(np.any(columns["simulated"])), source=", ".join(sorted({str(s) for s in columns["source"]})),
        feature_hash=FEATURE_HASH, quality=quality,
    )  # fmt: skip


def _symbol(columns: Columns) -> str:
    """The one symbol that the bars are of; empty where they do not say."""
    found = sorted({str(name) for name in columns.get("symbol", ())})
    if len(found) > 1:
        raise NotTrainable(f"they are of {len(found)} symbols: {', '.join(found[:5])}", "train one symbol at a time")
    return found[0] if found else ""


def _idle(x: NDArray[np.float32]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the features with one value only, and of those with none."""
    seen = ~np.isnan(x)
    least = np.where(seen, x, np.inf).min(axis=0, initial=np.inf)
    most = np.where(seen, x, -np.inf).max(axis=0, initial=-np.inf)
    constant = tuple(NAMES[k] for k in np.flatnonzero(least == most))
    return constant, tuple(NAMES[k] for k in np.flatnonzero(least > most))


def _hours(columns: Columns) -> Integers:
    _, first, place = np.unique(columns["session"], return_index=True, return_inverse=True)
    return np.asarray((columns["at"] - columns["at"][first][place]) // HOUR, np.int64)


def _refuse_thin(y: NDArray[np.int8], sessions: Integers, spec: LabelSpec, features: int) -> None:
    least = LEAST_TRADES if spec.kind is LabelKind.TRADE_OUTCOME else LEAST_ROWS
    days = np.unique(sessions).size
    sides = int(np.sum(y == SELL)), int(np.sum(y == BUY))
    rows = (
        (len(y) < least, f"{len(y)} labelled rows with warm features, of {least} needed", "record more sessions"),
        (days < LEAST_SESSIONS, f"{days} sessions, of {LEAST_SESSIONS} needed", "record more sessions"),
        (features == 0, "no feature varies", "give bars with prices that move"),
        (np.unique(y).size == 1, "the labels are all of one class", "choose another horizon or width"),
        (
            min(sides) < min(LEAST_OF_A_SIDE, least // 4),
            f"{sides[0]} labels sell and {sides[1]} labels buy are too few to tell them apart",
            "choose another horizon or width, or record more sessions",
        ),
    )
    for thin, problem, remedy in rows:
        if thin:
            raise NotTrainable(problem, remedy)
