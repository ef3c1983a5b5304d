"""What four indicators of the chart say, counted: trend, strength, momentum and stretch."""

from __future__ import annotations

from collections.abc import Mapping
from math import nan

import numpy as np
from numpy.typing import NDArray

from sidecar.domain.errors import InputError
from sidecar.features.indicators import INDICATORS, Running
from sidecar.strategies.rules import ClosedBar, Stepper, Targets

#: The indicators that vote, in the order of their parts below.
_VOTERS = tuple(row for name in ("sma_20", "sma_50", "rsi", "macd", "bollinger_bands") for row in INDICATORS
                if row.name == name)  # fmt: skip


class Technical:
    """1 where at least ``votes`` more indicators say buy than sell, -1 (0 without ``short``) where as many say sell.

    Each has one voice or none. SMA 20 above SMA 50 says buy, below it sell. RSI 14 (Wilder) under ``oversold`` says
    buy, over ``overbought`` sell. The histogram of MACD 12/26/9 says buy above 0, sell below. A close under the lower
    Bollinger band (20, 2) says buy, above the upper one sell: %b below 0 or above 1. Two follow a move and two lean
    against it, so four seldom agree.

    0 where fewer votes decide. NaN until all of them are known, 50 closes, and 50 again after a close that is no
    number: what was held stays. Indicators are those of :mod:`sidecar.features.indicators`, bar by bar the same bits.

    :raises InputError: ``votes`` is not from 1 to 4, or the bounds are not 0 < oversold < overbought < 100.
    """

    name = "technical_only"
    needs_model = False

    def __init__(self, votes: int = 2, oversold: float = 30.0, overbought: float = 70.0, *, short: bool = True) -> None:
        if not 1 <= votes <= 4:
            raise InputError("parameters.votes", f"{votes} is not from 1 to 4", "give 1, 2, 3 or 4")
        if not 0.0 < oversold < overbought < 100.0:
            problem = f"{oversold:g} is not from 0 to below overbought, {overbought:g}"
            raise InputError("parameters.oversold", problem, "give 0 < oversold < overbought < 100")
        self._votes = votes
        self._oversold, self._overbought = oversold, overbought
        self._short = short

    def stepper(self) -> Stepper:
        """A run that has seen nothing."""
        voters = [Running(row) for row in _VOTERS]

        def step(bar: ClosedBar) -> float:
            parts = [part for voter in voters for part in voter.update(bar.close)]
            return float(self._targets(np.float64(bar.close), *(np.float64(part) for part in parts)))

        return step

    def batch(self, bars: Mapping[str, NDArray[np.float64]]) -> Targets:
        """The same for each of n bars."""
        close = np.ascontiguousarray(bars["close"], np.float64)
        return np.asarray(self._targets(close, *(part for row in _VOTERS for part in row.of(close))))

    def _targets(self, close: _Values, *parts: _Values) -> _Values:
        fast, slow, rsi, line, _, histogram, upper, _, lower = parts
        score = (
            _sign(fast - slow)
            + np.where(rsi < self._oversold, 1, np.where(rsi > self._overbought, -1, 0))
            + _sign(histogram)
            + np.where(close < lower, 1, np.where(close > upper, -1, 0))
        )
        sell = -1.0 if self._short else 0.0
        target = np.where(score >= self._votes, 1.0, np.where(score <= -self._votes, sell, 0.0))
        return np.where(np.isfinite(slow) & np.isfinite(line), target, nan)


_Values = NDArray[np.float64] | np.float64


def _sign(value: _Values) -> NDArray[np.int64]:
    return np.where(value > 0.0, 1, np.where(value < 0.0, -1, 0))
