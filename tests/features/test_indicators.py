"""The indicators: a plain second version as oracle, and streams that give the bits of the batch."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from math import inf, isnan, nan, sqrt

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sidecar.features.indicators import INDICATORS, WARMUP, Indicator, Running, forming, values

Array = NDArray[np.float64]
NAMES = ("sma_20", "sma_50", "ema_20", "ema_50", "rsi", "macd", "bollinger_bands", "volume_sma")
EACH = pytest.mark.parametrize("row", INDICATORS, ids=lambda row: row.name)


def walk(n: int = 1_500, seed: int = 3) -> Array:
    made: Array = 24_000.0 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0.0, 3e-4, n)))
    return made


def named(name: str) -> Indicator:
    return next(row for row in INDICATORS if row.name == name)


# ---- the plain version -------------------------------------------------------------------------------------------


def plain_sma(x: list[float], n: int) -> list[float]:
    return [sum(x[i - n + 1 : i + 1]) / n if i >= n - 1 else nan for i in range(len(x))]


def plain_ema(x: list[float], n: int) -> list[float]:
    out = [nan] * len(x)
    if len(x) >= n:
        out[n - 1] = sum(x[:n]) / n
        for i in range(n, len(x)):
            out[i] = out[i - 1] + (x[i] - out[i - 1]) * 2.0 / (n + 1)
    return out


def plain_rsi(x: list[float], n: int = 14) -> list[float]:
    out = [nan] * len(x)
    change = [b - a for a, b in itertools.pairwise(x)]
    if len(change) < n:
        return out
    gain = sum(max(c, 0.0) for c in change[:n]) / n
    loss = sum(max(-c, 0.0) for c in change[:n]) / n
    for i in range(n, len(x)):
        if i > n:
            gain = (gain * (n - 1) + max(change[i - 1], 0.0)) / n
            loss = (loss * (n - 1) + max(-change[i - 1], 0.0)) / n
        out[i] = 100.0 * gain / (gain + loss) if gain + loss else 0.0
    return out


def plain_macd(x: list[float]) -> tuple[list[float], ...]:
    slow, fast = plain_ema(x, 26), [nan] * 14 + plain_ema(x[14:], 12)
    line = [a - b for a, b in zip(fast, slow, strict=True)]
    signal = [nan] * 25 + plain_ema(line[25:], 9)
    line = [nan if isnan(b) else a for a, b in zip(line, signal, strict=True)]
    return line, signal, [a - b for a, b in zip(line, signal, strict=True)]


def plain_bands(x: list[float]) -> tuple[list[float], ...]:
    middle = plain_sma(x, 20)
    deviation = [
        sqrt(sum((v - middle[i]) ** 2 for v in x[i - 19 : i + 1]) / 20.0) if i >= 19 else nan for i in range(len(x))
    ]
    upper = [m + 2.0 * s for m, s in zip(middle, deviation, strict=True)]
    return upper, middle, [m - 2.0 * s for m, s in zip(middle, deviation, strict=True)]


PLAIN: dict[str, Callable[[list[float]], tuple[list[float], ...]]] = {
    "sma_20": lambda x: (plain_sma(x, 20),),
    "sma_50": lambda x: (plain_sma(x, 50),),
    "ema_20": lambda x: (plain_ema(x, 20),),
    "ema_50": lambda x: (plain_ema(x, 50),),
    "rsi": lambda x: (plain_rsi(x),),
    "macd": plain_macd,
    "bollinger_bands": plain_bands,
    "volume_sma": lambda x: (plain_sma(x, 20),),
}


# ---- the laws ----------------------------------------------------------------------------------------------------


def test_the_eight_names_and_their_parts_are_those_of_the_api() -> None:
    found = values(walk(100), walk(100, 4))
    assert tuple(found) == NAMES == tuple(WARMUP)
    parts = {name: tuple(value) for name, value in found.items() if isinstance(value, dict)}
    assert parts == {
        "macd": ("macd_line", "signal_line", "histogram"),
        "bollinger_bands": ("upper_band", "middle_band", "lower_band"),
    }


@EACH
def test_a_plain_version_written_from_the_formulas_agrees(row: Indicator) -> None:
    series = walk()
    parts, oracle = row.of(series), PLAIN[row.name](series.tolist())
    for part, expected in zip(parts, oracle, strict=True):
        assert np.isnan(part).tolist() == np.isnan(expected).tolist()
    # A part is as exact as the prices that it is a difference of.
    worst = max(float(np.nanmax(np.abs(p - np.array(o)))) for p, o in zip(parts, oracle, strict=True))
    assert worst / 24_000.0 < 2e-9


@EACH
def test_the_warm_up_is_stated_and_nothing_is_told_in_it(row: Indicator) -> None:
    for part in row.of(walk(120)):
        assert np.isnan(part[: row.warmup]).all()
        assert np.isfinite(part[row.warmup :]).all()
    assert all(np.isnan(part).all() for part in row.of(walk(row.warmup)))


def bits(parts: tuple[Array, ...] | tuple[float, ...]) -> list[bytes]:
    return [np.asarray(part, np.float64).tobytes() for part in parts]


@EACH
def test_a_stream_gives_the_bits_of_the_batch_bar_by_bar_and_after_a_restart(row: Indicator) -> None:
    series = walk(600)
    series[[0, 70, 71, 300]] = nan
    running = Running(row)
    for i, value in enumerate(series.tolist()):
        if i in (10, 90, 301, 500):
            running = Running(row, series[:i])
        whole = tuple(part[i] for part in row.of(series[: i + 1]))
        if i % 50 == 0:
            assert bits(running.peek(value)) == bits(whole)
        assert bits(running.update(value)) == bits(whole)
    assert bits(tuple(part[-1] for part in row.of(series))) == bits(whole)


_VALUE = st.one_of(st.floats(1.0, 1e6), st.sampled_from([nan, inf, -inf]))


@given(st.sampled_from(INDICATORS), st.lists(_VALUE, max_size=130), st.integers(0, 130))
@example(named("rsi"), [100.0] * 30, 20)
@example(named("macd"), [*([1.0] * 40), nan, *([2.0] * 40)], 41)
def test_what_comes_later_changes_nothing_and_streams_agree(row: Indicator, given_: list[float], cut: int) -> None:
    series = np.array(given_, dtype=np.float64)
    whole = row.of(series)
    early = row.of(series[:cut])
    assert bits(tuple(part[:cut] for part in whole)) == bits(early)
    running = Running(row, series[:cut])
    for i in range(cut, series.size):
        assert bits(running.update(given_[i])) == bits(tuple(part[i] for part in whole))


@EACH
@pytest.mark.parametrize("bad", [nan, inf, -inf])
def test_an_unknown_value_begins_the_indicator_anew(row: Indicator, bad: float) -> None:
    series = walk(300)
    series[150] = bad
    for part, fresh in zip(row.of(series), row.of(series[151:]), strict=True):
        assert np.isnan(part[150 : 151 + row.warmup]).all()
        assert part[151:].tobytes() == fresh.tobytes()


def test_where_nothing_moves_there_is_no_strength_and_the_bands_close() -> None:
    still = np.full(60, 100.0)
    assert named("rsi").of(still)[0][-1] == 0.0
    assert [part[-1] for part in named("bollinger_bands").of(still)] == [100.0, 100.0, 100.0]
    rising = np.arange(60.0) + 1.0
    assert named("rsi").of(rising)[0][-1] == 100.0


def test_the_forming_bar_is_told_as_if_it_had_closed_and_takes_nothing() -> None:
    close, volume = walk(200), walk(200, 4)
    told = forming(close, volume, 24_100.0)
    after = values(np.append(close, 24_100.0), np.append(volume, nan))
    for name, value in after.items():
        for part in value if isinstance(value, dict) else ("",):
            one, two = (each[part] if isinstance(each, dict) else each for each in (told[name], value))
            assert bits((float(np.asarray(one)),)) == bits((float(np.asarray(two)[-1]),))
    assert isnan(float(np.asarray(told["volume_sma"])))


def test_no_bars_have_no_indicators() -> None:
    none = np.empty(0)
    assert all(np.asarray(part).size == 0 for part in named("macd").of(none))
    assert all(isnan(part) for part in Running(named("macd"), none).peek(1.0))
