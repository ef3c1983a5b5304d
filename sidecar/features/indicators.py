"""The indicators of the charts, from TA-Lib: whole series at once, or one bar at a time with the same bits.

A series is any (n,) of numbers by bar. Unknown is NaN, and a value that is not known ends a run: every indicator begins
anew after it, with its whole warm-up. TA-Lib itself would carry a NaN on for ever in some and count it as a fall of
nothing in others. Recursive indicators (EMA, RSI, MACD) remember their run's beginning; after 1,000 bars it is gone.

Conventions, with J. W. Wilder, "New Concepts in Technical Trading Systems" (1978), and J. Bollinger (2001): an EMA is
seeded with the SMA of its first n values and then moves by 2/(n + 1); RSI is seeded with the plain mean of its first n
changes and then moves by 1/n, and is 0 where nothing moved; the bands use the population's deviation; the fast EMA of
MACD is seeded inside the slow one's first window, with the values that end with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Values = dict[str, Array | dict[str, Array]]
Told = dict[str, float | dict[str, float]]


class _Handle(Protocol):
    """TA-Lib's state of one indicator: ``update`` takes a value for good, ``peek`` says what one would give."""

    def update(self, value: float, /) -> Any: ...
    def peek(self, value: float, /) -> Any: ...


@dataclass(frozen=True)
class Indicator:
    """One indicator. ``function`` of TA-Lib with ``settings``, of the series that it ``reads``.

    ``warmup`` is how many values at the beginning of a run have none; ``outputs`` name its parts, none where it is one
    series.
    """

    name: str
    formula: str
    reads: str
    warmup: int
    function: str
    settings: tuple[float, ...]
    outputs: tuple[str, ...] = ()

    def of(self, series: Array) -> tuple[Array, ...]:
        """Its parts, (n,) each, of a series (n,)."""
        made = tuple(np.full(series.shape, np.nan) for _ in self.outputs or (self.name,))
        for begins, ends in _runs(np.isfinite(series)):
            if ends - begins > self.warmup:
                parts = getattr(_talib(), self.function)(series[begins:ends], *self.settings)
                for out, part in zip(made, parts if self.outputs else (parts,), strict=True):
                    out[begins:ends] = part
        return made

    def opened(self, series: Array) -> _Handle:
        """TA-Lib's state after a series (n,) without an unknown value, n above ``warmup``."""
        handle: _Handle = getattr(_talib().stream, self.function)(series, *self.settings)
        return handle


MACD_PARTS = ("macd_line", "signal_line", "histogram")
BAND_PARTS = ("upper_band", "middle_band", "lower_band")

INDICATORS = (
    Indicator("sma_20", "mean of 20 closes", "close", 19, "SMA", (20,)),
    Indicator("sma_50", "mean of 50 closes", "close", 49, "SMA", (50,)),
    Indicator("ema_20", "EMA of closes, 2/21", "close", 19, "EMA", (20,)),
    Indicator("ema_50", "EMA of closes, 2/51", "close", 49, "EMA", (50,)),
    Indicator("rsi", "100 G/(G + L), Wilder's 14", "close", 14, "RSI", (14,)),
    Indicator("macd", "EMA12 - EMA26, its EMA9, their difference", "close", 33, "MACD", (12, 26, 9), MACD_PARTS),
    Indicator("bollinger_bands", "SMA20, 2 deviations about it", "close", 19, "BBANDS", (20, 2.0, 2.0), BAND_PARTS),
    Indicator("volume_sma", "mean of 20 volumes", "volume", 19, "SMA", (20,)),
)

#: How many values at the beginning of a run each has not, by name.
WARMUP = {row.name: row.warmup for row in INDICATORS}


class Running:
    """One indicator, value by value; the same bits as :meth:`Indicator.of` of all the values it was given."""

    def __init__(self, row: Indicator, history: Array | None = None) -> None:
        """As if ``history`` (n,) had been given to ``update``, value by value."""
        self._row = row
        self._unknown = (np.nan,) * max(1, len(row.outputs))
        self._handle: _Handle | None = None
        self._begun: list[float] = []  # the values of a run that is still too short
        if history is not None and history.size:
            known = _runs(np.isfinite(history))
            begins, ends = known[-1] if known else (0, 0)
            if ends == history.size:
                self._begun = history[begins:].tolist()
                self._open()

    def update(self, value: float) -> tuple[float, ...]:
        """Its parts after one more value; NaN while there are too few, and from an unknown value on."""
        if not isfinite(value):
            self._handle, self._begun = None, []
            return self._unknown
        if self._handle is not None:
            return self._parts(self._handle.update(value))
        self._begun.append(value)
        told = self._row.of(np.array(self._begun))
        self._open()
        return tuple(float(part[-1]) for part in told)

    def peek(self, value: float) -> tuple[float, ...]:
        """What ``update`` would say to one more value, without taking it."""
        if not isfinite(value):
            return self._unknown
        if self._handle is not None:
            return self._parts(self._handle.peek(value))
        return tuple(float(part[-1]) for part in self._row.of(np.array([*self._begun, value])))

    def _open(self) -> None:
        if len(self._begun) > self._row.warmup:
            self._handle, self._begun = self._row.opened(np.array(self._begun)), []

    def _parts(self, told: Any) -> tuple[float, ...]:
        return told if self._row.outputs else (told,)


def values(close: Array, volume: Array) -> Values:
    """Every indicator of a series of bars, (n,) each, by name; those with parts by part."""
    series = {"close": close, "volume": volume}
    return {row.name: _shown(row, row.of(series[row.reads])) for row in INDICATORS}


def forming(close: Array, volume: Array, price: float) -> Told:
    """What the indicators would be if the bar after these closed at ``price``; those of the volume are NaN."""
    known = {"close": (close, price), "volume": (volume, np.nan)}
    return {row.name: _shown(row, Running(row, known[row.reads][0]).peek(known[row.reads][1])) for row in INDICATORS}


def _shown(row: Indicator, parts: tuple[Any, ...]) -> Any:
    return dict(zip(row.outputs, parts, strict=True)) if row.outputs else parts[0]


def _runs(known: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The unbroken runs of what is known, [begin, end)."""
    if known.all():
        return [(0, known.size)] if known.size else []
    edges = np.flatnonzero(np.diff(known, prepend=False, append=False))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _talib() -> Any:
    """TA-Lib, at its first use: it brings pandas along, a second that a start of the desk need not pay."""
    import talib.stream

    return talib
