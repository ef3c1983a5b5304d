"""The feature matrix: one compiled step a bar, alone as each bar closes or over a whole history.

Live and training therefore differ in no bit. A window of k bars is the last k bars that there are, whatever minutes are
missing between them. A bar that does not say when it was, or is not later than the last one, is not taken: its vector
is unknown throughout and nothing is remembered of it.

After :data:`WARM_SESSIONS` sessions a new engine says what one that has seen everything says, within 1e-9 deviations.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np
from numba.core.event import install_listener
from numpy.typing import NDArray

from sidecar.domain.bars import INPUTS, Bar
from sidecar.domain.errors import InputError
from sidecar.features import columns, kernel, window
from sidecar.features.kernel import step
from sidecar.pricing.warming import Once

Array = NDArray[np.float64]
Vectors = NDArray[np.float32]

NAMES: tuple[str, ...] = tuple(each.name for each in columns.FEATURES)
DTYPE = np.dtype(np.float32)
#: The session that is running and the 21 before it: what the daily features need.
WARM_SESSIONS = window.DAYS_KEPT + 2
SAYING = "compiling the feature kernel, once; this takes about half a minute"


def _hash() -> str:
    """Of names and their order, formulas, inputs, the type of a number, and the text of the code."""
    rows = (text for each in columns.FEATURES for text in (each.name, each.formula))
    code = (inspect.getsource(each) for each in (*kernel.SOURCES, kernel))
    return sha256("\0".join([DTYPE.str, *INPUTS, *rows, *code]).encode()).hexdigest()


FEATURE_HASH: str = _hash()


class Memory(NamedTuple):
    """All that the kernel remembers of one symbol: plain arrays of float64, 26 KB."""

    rings: Array
    squares: Array
    carried: Array
    days: Array


def fresh() -> Memory:
    """Nothing seen yet."""
    made = Memory(
        np.full((window.RINGS, 2 * window.KEPT), np.nan),
        np.full(2 * window.KEPT_SQUARES, np.nan),
        np.full(window.CARRIED, np.nan),
        np.full((window.DAYS, window.DAYS_KEPT), np.nan),
    )
    made.carried[[window.BARS_SEEN, window.PRICES_FED, window.RANGES_FED, window.MOVES_FED]] = 0.0
    return made


def batch(rows: Array) -> Vectors:
    """The vectors of one symbol's bars from the first on: (n, inputs) float64 to (n, features) float32."""
    return Engine().steps(rows)


class Engine:
    """The features of one symbol, bar by bar. Not to be shared between threads."""

    def __init__(self) -> None:
        self._memory = fresh()

    def step(self, row: Array) -> Vectors:
        """The vector of the bar that has just closed: (inputs,) float64 to (features,) float32."""
        return self.steps(row.reshape(1, -1))[0]

    def steps(self, rows: Array) -> Vectors:
        """The vectors of several bars, in the order of time. :raises InputError: another number of columns."""
        if rows.ndim != 2 or rows.shape[1] != len(INPUTS):
            raise InputError("rows", f"shape {rows.shape}, not (n, {len(INPUTS)})")
        if rows.dtype != np.float64 or not rows.flags.carray:  # another form would be compiled anew
            rows = np.require(rows, np.float64, ["C", "A", "W"])
        out = np.empty((len(rows), len(NAMES)), np.float32)
        step(rows, *self._memory, out)
        return out

    def snapshot(self) -> Memory:
        """A copy of what is remembered."""
        return Memory(*(each.copy() for each in self._memory))

    def restore(self, memory: Sequence[Array]) -> None:
        """Go on from a snapshot. :raises InputError: arrays of another shape or type."""
        kinds = [(np.shape(each), np.asarray(each).dtype) for each in memory]
        if kinds != [(each.shape, each.dtype) for each in self._memory]:
            raise InputError("memory", "not a snapshot of this set of features")
        self._memory = Memory(*(np.array(each, np.float64) for each in memory))


def row_of(bar: Bar) -> Array:
    """The numbers of a bar as the kernel takes them: (inputs,)."""
    return np.array([getattr(bar, name) for name in INPUTS])


def rows_of(table: Mapping[str, NDArray[Any]]) -> Array:
    """The numbers of many, from columns by name: (n, inputs). :raises InputError: a column is missing."""
    missing = [name for name in INPUTS if name not in table]
    if missing:
        raise InputError("columns", f"no {', '.join(missing)}")
    return np.column_stack([np.asarray(table[name], np.float64) for name in INPUTS])


def warm(compiling: Callable[[str], None] = lambda _: None) -> None:
    """Load the kernel; where it has to be compiled, `compiling` is told so first."""
    with install_listener("numba:compile", Once(compiling, SAYING)):
        batch(np.full((1, len(INPUTS)), np.nan))
