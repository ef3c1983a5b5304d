"""Labels: what became of a bar, told by later bars alone; one code for training and for what was predicted live.

Classes: 0 sell, 1 hold, 2 buy, -1 unknown, the places of :data:`~sidecar.domain.models.CLASSES`. Entry is the next
bar's open, the first price at which something decided on a bar can be traded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import sqrt
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from sidecar.domain.clock import MINUTE
from sidecar.domain.errors import InputError
from sidecar.domain.models import LabelKind
from sidecar.features import label_kernel

Array = NDArray[np.float64]
Columns = Mapping[str, NDArray[np.generic]]

SELL, HOLD, BUY, UNKNOWN = 0, 1, 2, -1
#: Returns that the width of a triple barrier is measured by.
VOLATILITY_BARS = 60
#: A trade opened later than this after the newest bar has none that it was decided on.
STALE = 5 * MINUTE
_USED = ("at", "closes_at", "open", "high", "low", "close", "minute", "session", "cost")


class LabelSpec(msgspec.Struct, frozen=True):
    """What is learnt: ``kind`` over ``horizon`` bars; ``width`` is the k of barriers at k σ √horizon, else unused."""

    kind: LabelKind
    horizon: int
    width: float = 1.0


class Labels(NamedTuple):
    """A label a bar, arrays (n,). ``last`` is the index of the last bar that was used, -1 where there is no label.

    ``entry`` and ``exit`` are prices, ``move`` is exit / entry − 1 before costs; NaN where there is no label.
    """

    y: NDArray[np.int8]
    last: NDArray[np.int64]
    move: Array
    entry: Array
    exit: Array


class Outcomes(NamedTuple):
    """A label a trade, arrays (m,): ``y`` 2 winner, 0 loser, -1 unknown; the bars it was decided on and ended in."""

    y: NDArray[np.int8]
    row: NDArray[np.int64]
    last: NDArray[np.int64]


def labels_of(spec: LabelSpec, columns: Columns) -> Labels:
    """The label of every bar of one symbol, given by their fields by name, (n,), ascending in time.

    A label needs ``horizon`` further bars that follow each other in the same session, all with their four prices, and
    the ``cost`` of its own bar; else it is unknown. So none crosses a session's end or a gap, and near the end none is
    known only because a barrier was touched early. A break within a session is no gap.

    ``FIXED_HORIZON``: exit at the close of bar t + horizon; buy where the move is above the cost, sell where it is
    below its negative, else hold. ``TRIPLE_BARRIER``: exit at the first touch of entry (1 ± width σ √horizon), at the
    bar's open where that is beyond, and class as before; hold at the close of bar t + horizon where none is touched.
    Both touched in one bar is a stop for whoever traded, on either side: hold, at that bar's close. σ is
    :func:`volatility` at t; where it is unknown the label is.

    :raises InputError: a column is missing or of another length, a parameter is out of its domain, or the label is of
        trades, which :func:`trade_outcome` has.
    """
    if spec.kind not in _KINDS:
        raise InputError("label", f"{spec.kind} is a label of trades, not of bars", "use trade_outcome")
    if spec.horizon < 1:
        raise InputError("horizon", f"{spec.horizon} is not above zero", "a horizon is one bar or more")
    return _KINDS[spec.kind](spec, _taken(columns))


def volatility(columns: Columns) -> Array:
    """σ of one bar's log return at each bar, (n,): the root mean square of the last 60 that are known up to it.

    A return counts between two bars that follow each other in a session, so no night is in it. NaN before there are 60.
    Every window is summed afresh: the value does not depend on where the columns begin.
    """
    taken = _taken(columns)
    known = label_kernel.follows(taken["at"], taken["closes_at"], taken["session"], taken["minute"], _whole(taken))
    return label_kernel.volatility(taken["close"], known, VOLATILITY_BARS)


def trade_outcome(
    entry_at: ArrayLike, exit_at: ArrayLike, net_pnl: ArrayLike, known_at: ArrayLike, closes_at: ArrayLike
) -> Outcomes:
    """Whether trades won (``is_winner``), each by the last bar that was known before it was opened.

    ``entry_at``, ``exit_at`` and ``net_pnl`` (m,) are the trades', ``known_at`` and ``closes_at`` (n,) the bars' in
    order, instants in microseconds UTC. A trade wins with a ``net_pnl``, after fees, above zero. ``last`` is the first
    bar that closes at or after the exit. Unknown, with ``row`` or ``last`` -1: no bar was known in the five minutes
    before the entry, the exit's bar is not there yet, or the result is NaN.

    :raises InputError: a trade ends before it begins.
    """
    entry, leave, known, closes = (np.asarray(each, np.int64) for each in (entry_at, exit_at, known_at, closes_at))
    net = np.asarray(net_pnl, np.float64)
    if np.any(leave < entry):
        raise InputError("exit_at", "a trade ends before it begins", "give both in microseconds UTC")
    row = np.searchsorted(known, entry, side="left") - 1
    fresh = (row >= 0) & (entry - known[np.maximum(row, 0)] <= STALE) if known.size else np.zeros(entry.shape, np.bool_)
    row = np.where(fresh, row, -1)
    last = np.searchsorted(closes, leave, side="left")
    last = np.where(last < closes.size, last, -1)
    told = (row >= 0) & (last >= 0) & np.isfinite(net)
    y = np.where(told, np.where(net > 0.0, BUY, SELL), UNKNOWN)
    return Outcomes(y.astype(np.int8), row.astype(np.int64), last.astype(np.int64))


def warm() -> None:
    """Load the kernels, or compile them; a label has no patience for it."""
    column = {name: np.ones(2) for name in _USED}
    for kind in _KINDS:
        labels_of(LabelSpec(kind, 1), column)


def _fixed(spec: LabelSpec, taken: dict[str, Array]) -> Labels:
    made = _empty(taken["at"].size)
    label_kernel.fixed_horizon(taken["open"], taken["close"], _room(taken), taken["cost"], spec.horizon, *made)
    return made


def _barrier(spec: LabelSpec, taken: dict[str, Array]) -> Labels:
    if not 0.0 < spec.width < np.inf:
        raise InputError("width", f"{spec.width} is not above zero", "a width is in σ √horizon, as 1.0")
    return barriers(spec.horizon, spec.width * sqrt(spec.horizon) * volatility(taken), taken)


def barriers(horizon: int, width: Array, columns: Columns) -> Labels:
    """Triple barriers at entry (1 ± ``width``), a fraction a bar (n,), NaN unknown; else as :func:`labels_of`."""
    taken = _taken(columns)
    made = _empty(width.size)
    prices = (taken[name] for name in ("open", "high", "low", "close"))
    label_kernel.triple_barrier(*prices, _room(taken), taken["cost"], width, horizon, *made)
    return made


_KINDS: dict[LabelKind, Callable[[LabelSpec, dict[str, Array]], Labels]] = {
    LabelKind.FIXED_HORIZON: _fixed,
    LabelKind.TRIPLE_BARRIER: _barrier,
}


def _taken(columns: Columns) -> dict[str, Array]:
    """The columns that labels read, as contiguous float64; instants below 2^53 microseconds are exact in it."""
    if missing := [name for name in _USED if name not in columns]:
        raise InputError("columns", f"{missing[0]} is missing", "give a bar's fields by name")
    taken = {name: np.ascontiguousarray(columns[name], np.float64) for name in _USED}
    if any(each.shape != (taken["at"].size,) for each in taken.values()):
        raise InputError("columns", "are not of one length", "give a bar's fields by name, one value a bar")
    return taken


def _whole(taken: dict[str, Array]) -> NDArray[np.bool_]:
    prices = np.stack([taken[name] for name in ("open", "high", "low", "close")])
    return np.asarray(np.all(np.isfinite(prices) & (prices > 0.0), axis=0))


def _room(taken: dict[str, Array]) -> NDArray[np.int64]:
    known = label_kernel.follows(taken["at"], taken["closes_at"], taken["session"], taken["minute"], _whole(taken))
    return label_kernel.room(known)


def _empty(n: int) -> Labels:
    unknown = np.full((3, n), np.nan)
    return Labels(np.full(n, UNKNOWN, np.int8), np.full(n, -1, np.int64), unknown[0], unknown[1], unknown[2])
