"""Features of the price alone: returns, ranges, realised volatility, averages, oscillators."""

from __future__ import annotations

from math import log, nan

import numpy as np

from sidecar.features import window as of
from sidecar.features.feature import BARS, CLOSE, FRACTION, LOG, NUMBER, RECURSION, SESSION, feature, inline
from sidecar.features.window import Window, ago, last, mean, together, total, variance

#: Bars after which the first value of a recursion weighs less than a millionth in it.
EMA20, EMA50, MACD, WILDER = 140, 346, 260, 188


@inline
def change(w: Window, bars: int) -> float:
    """The log return over some bars."""
    return np.log(w.bar[of.CLOSE] / ago(w, of.CLOSES, bars))


@inline
def realised(w: Window, bars: int) -> float:
    """The root of the sum of squared returns."""
    return np.sqrt(total(w.squares[w.squares_end - bars : w.squares_end], bars))


@inline
def fed(w: Window, value: float, count: int, warmup: int) -> float:
    """A recursion's value, once it has forgotten where it began."""
    return value if w.carried[count] >= warmup else nan


@feature(LOG, BARS, CLOSE, 2)
def ret_1(w: Window) -> float:
    """ln(C / C[t-1])."""
    return change(w, 1)


@feature(LOG, BARS, CLOSE, 6)
def ret_5(w: Window) -> float:
    """ln(C / C[t-5])."""
    return change(w, 5)


@feature(LOG, BARS, CLOSE, 16)
def ret_15(w: Window) -> float:
    """ln(C / C[t-15])."""
    return change(w, 15)


@feature(LOG, BARS, CLOSE, 61)
def ret_60(w: Window) -> float:
    """ln(C / C[t-60])."""
    return change(w, 60)


@feature(LOG, SESSION + "; the session before by the last close seen in it", CLOSE, 1, 1)
def gap(w: Window) -> float:
    """ln(O of the session's first bar / last C of the session before)."""
    return np.log(w.carried[of.FIRST_OPEN] / w.days[of.DAY_CLOSE, -1])


@feature(LOG, SESSION, CLOSE)
def ret_open(w: Window) -> float:
    """ln(C / O of the session's first bar)."""
    return np.log(w.bar[of.CLOSE] / w.carried[of.FIRST_OPEN])


@feature(LOG, BARS, CLOSE, 16)
def rv_15(w: Window) -> float:
    """sqrt(Σ r² over 15 bars), r = ln(C / C[t-1])."""
    return realised(w, 15)


@feature(LOG, BARS, CLOSE, 61)
def rv_60(w: Window) -> float:
    """sqrt(Σ r² over 60 bars)."""
    return realised(w, 60)


@feature(LOG, BARS, CLOSE, 376)
def rv_375(w: Window) -> float:
    """sqrt(Σ r² over 375 bars)."""
    return realised(w, 375)


@feature(NUMBER, BARS, CLOSE, 61)
def vol_ratio(w: Window) -> float:
    """2 rv_15 / rv_60."""
    return 2.0 * realised(w, 15) / realised(w, 60)


@feature(LOG, BARS, CLOSE, 30)
def park_30(w: Window) -> float:
    """sqrt(mean of ln(H/L)² over 30 bars / (4 ln 2)) (Parkinson, 1980)."""
    return np.sqrt(mean(last(w, of.RANGES, 30), 30) / (4.0 * log(2.0)))


@feature(FRACTION, RECURSION, CLOSE, WILDER + 1)
def natr_14(w: Window) -> float:
    """Wilder's ATR, 14 bars, / C; true range max(H - L, |H - C[t-1]|, |L - C[t-1]|), share 1/14."""
    known = w.bar[of.HIGH] + w.bar[of.LOW] + ago(w, of.CLOSES, 1)
    value = w.carried[of.TRUE_RANGE] / w.bar[of.CLOSE]
    return fed(w, value, of.RANGES_FED, WILDER) if np.isfinite(known) else nan


@feature(FRACTION, BARS, CLOSE, 20)
def d_sma20(w: Window) -> float:
    """C / mean of C over 20 bars - 1."""
    return w.bar[of.CLOSE] / mean(last(w, of.CLOSES, 20), 20) - 1.0


@feature(FRACTION, BARS, CLOSE, 50)
def d_sma50(w: Window) -> float:
    """C / mean of C over 50 bars - 1."""
    return w.bar[of.CLOSE] / mean(last(w, of.CLOSES, 50), 50) - 1.0


@feature(FRACTION, RECURSION, CLOSE, EMA20)
def d_ema20(w: Window) -> float:
    """C / EMA of C - 1, share 2/21."""
    return fed(w, w.bar[of.CLOSE] / w.carried[of.EMA20] - 1.0, of.PRICES_FED, EMA20)


@feature(FRACTION, RECURSION, CLOSE, EMA50)
def d_ema50(w: Window) -> float:
    """C / EMA of C - 1, share 2/51."""
    return fed(w, w.bar[of.CLOSE] / w.carried[of.EMA50] - 1.0, of.PRICES_FED, EMA50)


@feature(FRACTION, RECURSION, CLOSE, MACD)
def macd_hist(w: Window) -> float:
    """(EMA12 - EMA26 - EMA9 of that difference) / C."""
    line = w.carried[of.EMA12] - w.carried[of.EMA26]
    return fed(w, (line - w.carried[of.SIGNAL]) / w.bar[of.CLOSE], of.PRICES_FED, MACD)


@feature(NUMBER, RECURSION, CLOSE, WILDER + 1)
def rsi_14(w: Window) -> float:
    """100 G / (G + L), Wilder's means of rises and falls of C, share 1/14; 50 where nothing moved."""
    gain, both = w.carried[of.GAIN], w.carried[of.GAIN] + w.carried[of.LOSS]
    known = np.isfinite(w.bar[of.CLOSE] - ago(w, of.CLOSES, 1))
    value = 50.0 if both == 0.0 else 100.0 * gain / both
    return fed(w, value, of.MOVES_FED, WILDER) if known else nan


@feature(FRACTION, BARS, CLOSE, 20)
def bb_pctb(w: Window) -> float:
    """(C - (m - 2 s)) / (4 s), mean and population deviation of C over 20 bars; 0.5 where s = 0."""
    x = last(w, of.CLOSES, 20)
    m = mean(x, 20)
    s = np.sqrt(variance(x, 20, m))
    return 0.5 if s == 0.0 else (w.bar[of.CLOSE] - (m - 2.0 * s)) / (4.0 * s)


@feature(FRACTION, BARS, CLOSE, 20)
def bb_width(w: Window) -> float:
    """4 s / m, of the same 20 bars."""
    x = last(w, of.CLOSES, 20)
    m = mean(x, 20)
    return 4.0 * np.sqrt(variance(x, 20, m)) / m


@feature(FRACTION, BARS, CLOSE, 20)
def donch_20(w: Window) -> float:
    """(C - min L) / (max H - min L) over 20 bars; 0.5 where flat."""
    highs, lows = last(w, of.HIGHS, 20), last(w, of.LOWS, 20)
    high, low = highs[0], lows[0]
    for i in range(1, 20):
        high, low = max(high, highs[i]), min(low, lows[i])
    if np.isnan(total(highs, 20) + total(lows, 20)):
        return nan
    return 0.5 if high == low else (w.bar[of.CLOSE] - low) / (high - low)


@feature(FRACTION, BARS, CLOSE, 20)
def slope_20(w: Window) -> float:
    """The slope of C against bars, least squares over 20 bars, / C: Σ (k - 9.5) C[k] / 665 / C."""
    x, a = last(w, of.CLOSES, 20), 0.0
    for k in range(20):
        a += (k - 9.5) * x[k]
    return a / 665.0 / w.bar[of.CLOSE]


@feature(NUMBER, BARS, CLOSE, 61)
def skew_60(w: Window) -> float:
    """m3 / m2^1.5, central moments of r over 60 bars."""
    x, a = last(w, of.RETURNS, 60), 0.0
    m = mean(x, 60)
    for i in range(60):
        d = x[i] - m
        a += d * d * d
    second = variance(x, 60, m)
    return a / 60.0 / (second * np.sqrt(second))


@feature(NUMBER, BARS, CLOSE, 62)
def ac1_60(w: Window) -> float:
    """The correlation of r with r[t-1] over 60 pairs."""
    x = last(w, of.RETURNS, 61)
    before, now = x[:-1], x[1:]
    m, n = mean(before, 60), mean(now, 60)
    both = together(before, now, 60, m, n)
    return both / np.sqrt(together(before, before, 60, m, m) * together(now, now, 60, n, n))
