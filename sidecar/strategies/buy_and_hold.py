"""Long from the first bar to the last: what any other rule is measured against."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sidecar.strategies.rules import Stepper, Targets


class BuyAndHold:
    """1 on every bar, from the first."""

    name = "buy_and_hold"
    needs_model = False

    def stepper(self) -> Stepper:
        """A run, which remembers nothing."""
        return lambda _: 1.0

    def batch(self, bars: Mapping[str, NDArray[np.float64]]) -> Targets:
        """The same for each of n bars."""
        return np.ones(len(bars["close"]))
