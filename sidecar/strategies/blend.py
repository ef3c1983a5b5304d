"""The model and the chart together: both must agree, or one may speak where the other is silent."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan, nan

import numpy as np
from numpy.typing import NDArray

from sidecar.domain.errors import InputError
from sidecar.strategies.machine import MachineOnly
from sidecar.strategies.rules import ClosedBar, Stepper, Targets
from sidecar.strategies.technical import Technical


class Combined:
    """The sum of what the model and the chart want, each 1, 0 or -1: a side is taken from ``voices`` on.

    With 2 both must name the side. With 1 one of them is enough where the other is silent; where they contradict each
    other nothing is held. 0 where there is no prediction on the bar, whatever the chart says. NaN until the chart is
    known (:class:`~sidecar.strategies.technical.Technical`), and then what was held stays.

    :raises InputError: ``voices`` is neither 1 nor 2.
    """

    needs_model = True

    def __init__(
        self,
        machine: MachineOnly,
        chart: Technical,
        voices: int = 2,
        *,
        short: bool = True,
        name: str = "combined",
    ) -> None:
        if voices not in (1, 2):
            raise InputError("parameters.voices", f"{voices} is neither 1 nor 2", "give 2 where both must agree")
        self.name = name
        self._machine, self._chart = machine, chart
        self._voices = voices
        self._sell = -1.0 if short else 0.0

    def stepper(self) -> Stepper:
        """A run that has seen nothing."""
        machine, chart = self._machine.stepper(), self._chart.stepper()

        def step(bar: ClosedBar) -> float:
            said, seen = machine(bar), chart(bar)
            if isnan(seen):
                return nan
            score = 0.0 if isnan(bar.p_buy - bar.p_sell) else said + seen
            return 1.0 if score >= self._voices else self._sell if score <= -self._voices else 0.0

        return step

    def batch(self, bars: Mapping[str, NDArray[np.float64]]) -> Targets:
        """The same for each of n bars."""
        said, seen = self._machine.batch(bars), self._chart.batch(bars)
        score = np.where(np.isnan(bars["p_buy"] - bars["p_sell"]), 0.0, said + seen)
        sides = np.where(score >= self._voices, 1.0, np.where(score <= -self._voices, self._sell, 0.0))
        return np.where(np.isnan(seen), nan, sides)
