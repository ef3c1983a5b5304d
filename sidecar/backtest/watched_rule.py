"""A user's own rule under watch: what its ``batch`` raises, or that it does not come back, names the line."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sidecar.backtest.watched import Failure, Hung, place_of, ringing, watching
from sidecar.domain.errors import BacktestFailed
from sidecar.strategies.rules import Rule, Stepper, Targets


class WatchedRule:
    """A :class:`~sidecar.strategies.rules.Rule` round another; ``seconds`` of real time is what one call may take."""

    def __init__(self, rule: Rule, seconds: float) -> None:
        self.name = rule.name
        self.needs_model = rule.needs_model
        self._rule = rule
        self._seconds = seconds

    def stepper(self) -> Stepper:
        """The rule's own: whoever steps it watches it."""
        return self._rule.stepper()

    def batch(self, bars: Mapping[str, NDArray[np.float64]]) -> Targets:
        """Its targets as numbers (n,). :raises BacktestFailed: it raised, hangs, or gave no such numbers."""
        with watching():
            try:
                with ringing(self._seconds):
                    found = np.asarray(self._rule.batch(bars), np.float64)
            except Hung as hung:
                problem = f"batch did not come back within {self._seconds:g} s"
                raise self._failed(problem, hung) from None
            except MemoryError:  # of the whole run, which says so
                raise
            except Exception as error:  # a user's code: whatever it raises is told in a line
                told = " ".join(str(error).split())[:300]
                raise self._failed(f"{type(error).__name__}: {told}", error) from error
        n = len(bars["close"])
        if found.shape != (n,):
            raise BacktestFailed(f"strategy {self.name} failed: batch gave {found.shape}, not one target a bar ({n},)")
        return found

    def _failed(self, problem: str, error: BaseException) -> BacktestFailed:
        code = getattr(getattr(self._rule, "batch", None), "__code__", None)
        return BacktestFailed(str(Failure(self.name, problem, place_of(error, code))))
