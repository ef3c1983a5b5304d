"""The newest bars of one symbol as columns: as many sessions as features need, whatever the desk's age."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sidecar.domain.bars import Bar
from sidecar.features.matrix import WARM_SESSIONS
from sidecar.learning.bar_file import Columns, columns_of


class Recent:
    """``columns`` are the fields of the bars by name, in order of time. Of two bars of one minute the first stands."""

    def __init__(self, columns: Columns) -> None:
        """Begin with bars on record, in order; only the newest sessions of them are kept."""
        self.columns: dict[str, NDArray[Any]] = _newest(dict(columns), WARM_SESSIONS)

    @property
    def closes_at(self) -> int:
        """When the newest bar closed, microseconds UTC; 0 without one."""
        closes = self.columns["closes_at"]
        return int(closes[-1]) if len(closes) else 0

    @property
    def sessions(self) -> int:
        """How many sessions there are bars of."""
        return len(np.unique(self.columns["session"]))

    def append(self, bar: Bar) -> bool:
        """Take the next bar; False, and nothing is changed, where it begins before the newest has closed."""
        if bar.at < self.closes_at:
            return False
        one = columns_of([bar])
        joined = {name: np.concatenate([column, one[name]]) for name, column in self.columns.items()}
        self.columns = _newest(joined, WARM_SESSIONS + 1)
        return True


def _newest(columns: dict[str, NDArray[Any]], sessions: int) -> dict[str, NDArray[Any]]:
    days = columns["session"]
    if not len(days):
        return columns
    known = np.unique(days[~np.isnan(days)])
    if len(known) <= sessions:
        return columns
    first = int(np.argmax(days >= known[-sessions]))
    return {name: column[first:] for name, column in columns.items()}
