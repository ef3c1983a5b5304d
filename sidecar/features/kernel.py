"""The one compiled step: a bar's row in, its vector out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sidecar.features import (
    advance,
    columns,
    columns_chain,
    columns_clock,
    columns_index,
    columns_price,
    columns_volume,
    feature,
    window,
)
from sidecar.features.feature import inline
from sidecar.features.window import Array
from sidecar.pricing.compiling import compiled

#: The files from which the kernel takes functions or numbers, beside its own.
SOURCES = (
    feature, window, advance, columns_price, columns_volume, columns_clock, columns_chain, columns_index, columns,
)  # fmt: skip
_FILES = ("../domain/bars.py", *(f"{each.__name__.rpartition('.')[2]}.py" for each in SOURCES))
_MOST = float(np.finfo(np.float32).max)


def _every(functions: Sequence[Callable[[Any], float]], first: int = 0) -> Callable[[Any, Any], None]:
    """One function that writes the values of all, in their order; made by halves, as the compiler goes into each."""
    if len(functions) == 1:
        value_of = functions[0]

        @inline
        def write(w: Any, out: Any) -> None:
            value = value_of(w)
            out[first] = value if abs(value) <= _MOST else np.nan  # no infinity leaves

    else:
        half = len(functions) // 2
        left, right = _every(functions[:half], first), _every(functions[half:], first + half)

        @inline
        def write(w: Any, out: Any) -> None:
            left(w, out)
            right(w, out)

    return write


_write = _every([each.function for each in columns.FEATURES])


@compiled("kernel.py", *_FILES, room=__package__)
def step(rows: Array, rings: Array, squares: Array, carried: Array, days: Array, out: NDArray[np.float32]) -> None:
    """Take in each row and write its vector; one row as the bar closes, or all of a history."""
    for i in range(rows.shape[0]):
        bar = rows[i]
        if advance.is_later(bar, carried):
            _write(advance.advance(bar, rings, squares, carried, days), out[i])
        else:
            out[i] = np.nan
