"""Two averages of the closes: long while the fast one is above the slow one."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from math import nan

import numpy as np
from numpy.typing import NDArray

from sidecar.domain.errors import InputError
from sidecar.strategies.rules import ClosedBar, Stepper, Targets

#: Closes are added up as whole numbers of this part of a point, so that equal averages are equal.
_UNIT = 10_000


class SmaCross:
    """1 while the mean of the last ``fast`` closes is above that of the last ``slow``, else 0, or -1 with ``short``.

    NaN until ``slow`` closes have been seen: what was held stays. The averages run on from session to session. Closes
    are taken to the ten-thousandth and compared as whole numbers, ``slow · Σfast`` with ``fast · Σslow``.

    :raises InputError: ``fast`` is not from 1 to below ``slow``; a close is no number.
    """

    name = "sma_cross"
    needs_model = False

    def __init__(self, fast: int = 20, slow: int = 50, *, short: bool = False) -> None:
        if not 1 <= fast < slow:
            raise InputError("parameters.fast", f"{fast} is not from 1 to below slow, {slow}", "give fast below slow")
        self._fast, self._slow = fast, slow
        self._below = -1.0 if short else 0.0

    def stepper(self) -> Stepper:
        """A run that has seen nothing."""
        fast, slow, below = self._fast, self._slow, self._below
        closes: deque[int] = deque(maxlen=slow + 1)
        fast_sum = slow_sum = 0

        def step(bar: ClosedBar) -> float:
            nonlocal fast_sum, slow_sum
            closes.append(_whole(bar.close))
            fast_sum += closes[-1] - (closes[-1 - fast] if len(closes) > fast else 0)
            slow_sum += closes[-1] - (closes[0] if len(closes) > slow else 0)
            if len(closes) < slow:
                return nan
            return 1.0 if slow * fast_sum > fast * slow_sum else below

        return step

    def batch(self, bars: Mapping[str, NDArray[np.float64]]) -> Targets:
        """The same for each of n bars."""
        close = bars["close"]
        targets = np.full(len(close), nan)
        if not np.isfinite(close).all():
            raise InputError("close", "a bar's is no number", "give bars that are whole")
        if len(close) < self._slow:
            return targets
        total = np.concatenate([[0], np.cumsum(np.rint(close * _UNIT).astype(np.int64))])
        newest, n = total[self._slow :], len(total)
        fast_sum = newest - total[self._slow - self._fast : n - self._fast]
        slow_sum = newest - total[: n - self._slow]
        targets[self._slow - 1 :] = np.where(self._slow * fast_sum > self._fast * slow_sum, 1.0, self._below)
        return targets


def _whole(close: float) -> int:
    if close - close != 0.0:
        raise InputError("close", f"{close} is no number", "give bars that are whole")
    return round(close * _UNIT)
