"""What the model says, where it is sure enough."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sidecar.domain.errors import InputError
from sidecar.strategies.rules import ClosedBar, Stepper, Targets


class MachineOnly:
    """1 where p(buy) is above ``threshold`` and leads p(sell) by more than ``band``; the other way round -1, or 0
    without ``short``. Else 0, and so where there is no prediction on the bar: nothing is held on no opinion.

    It has no memory and no warm-up. Probabilities are the model's calibrated ones, fractions.

    :raises InputError: ``threshold`` or ``band`` is not from 0 to below 1.
    """

    name = "ml_only"
    needs_model = True

    def __init__(self, threshold: float = 0.4, band: float = 0.1, *, short: bool = True) -> None:
        for field, value in (("threshold", threshold), ("band", band)):
            if not 0.0 <= value < 1.0:
                raise InputError(f"parameters.{field}", f"{value:g} is no share", "give 0 to below 1")
        self._threshold, self._band = threshold, band
        self._sell = -1.0 if short else 0.0

    def stepper(self) -> Stepper:
        """A run, which remembers nothing."""

        def step(bar: ClosedBar) -> float:
            # A comparison with NaN is false: no prediction, nothing held.
            if bar.p_buy > self._threshold and bar.p_buy - bar.p_sell > self._band:
                return 1.0
            if bar.p_sell > self._threshold and bar.p_sell - bar.p_buy > self._band:
                return self._sell
            return 0.0

        return step

    def batch(self, bars: Mapping[str, NDArray[np.float64]]) -> Targets:
        """The same for each of n bars."""
        p_sell, p_buy = bars["p_sell"], bars["p_buy"]
        buys = (p_buy > self._threshold) & (p_buy - p_sell > self._band)
        sells = (p_sell > self._threshold) & (p_sell - p_buy > self._band)
        return np.where(buys, 1.0, np.where(sells, self._sell, 0.0))
