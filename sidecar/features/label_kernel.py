"""The loops behind `labels`. Contiguous columns in, of one length; class codes as there."""

from __future__ import annotations

from math import isnan, log, nan, sqrt
from typing import Any

import numpy as np

from sidecar.pricing.compiling import compiled

_kernel = compiled("label_kernel.py", room=__package__)


@_kernel
def follows(at: Any, closes_at: Any, session: Any, minute: Any, whole: Any) -> Any:
    """Whether a bar, and the bar before it, are whole and it is the next of the same session; (n,) bool."""
    out = np.zeros(at.size, np.bool_)
    for i in range(1, at.size):
        same = session[i] == session[i - 1] and minute[i] == minute[i - 1] + 1.0 and at[i] >= closes_at[i - 1]
        out[i] = same and whole[i] and whole[i - 1]
    return out


@_kernel
def room(known: Any) -> Any:
    """How many bars after each follow it without a gap; (n,) int64."""
    out = np.zeros(known.size, np.int64)
    for i in range(known.size - 2, -1, -1):
        out[i] = out[i + 1] + 1 if known[i + 1] else 0
    return out


@_kernel
def volatility(close: Any, known: Any, bars: int) -> Any:
    """Root mean square of the last ``bars`` log returns that are known, NaN before there are; (n,)."""
    out = np.full(close.size, nan)
    ring = np.zeros(2 * bars)  # every value twice, so that the newest lie side by side
    count = 0
    for i in range(close.size):
        if known[i]:
            change = log(close[i] / close[i - 1])
            place = count % bars
            ring[place] = ring[place + bars] = change * change
            count += 1
        if count >= bars:
            oldest, total = count % bars, 0.0
            for j in range(oldest, oldest + bars):
                total += ring[j]
            out[i] = sqrt(total / bars)
    return out


@_kernel
def fixed_horizon(
    open_: Any, close: Any, room_: Any, cost: Any, horizon: int, y: Any, last: Any, move: Any, entry: Any, exit_: Any
) -> None:
    """Fill the five outputs with direction after costs."""
    for t in range(close.size):
        if room_[t] < horizon or isnan(cost[t]):
            continue
        entry[t], exit_[t], last[t] = open_[t + 1], close[t + horizon], t + horizon
        move[t] = exit_[t] / entry[t] - 1.0
        y[t] = 2 if move[t] > cost[t] else 0 if move[t] < -cost[t] else 1


@_kernel
def triple_barrier(
    open_: Any, high: Any, low: Any, close: Any, room_: Any, cost: Any, width: Any, horizon: int,
    y: Any, last: Any, move: Any, entry: Any, exit_: Any,
) -> None:  # fmt: skip
    """Fill the five outputs with the barrier that is touched first."""
    for t in range(close.size):
        if room_[t] < horizon or isnan(cost[t]) or isnan(width[t]):
            continue
        start = open_[t + 1]
        top, bottom = start * (1.0 + width[t]), start * (1.0 - width[t])
        end, price, touched = t + horizon, close[t + horizon], False
        for i in range(t + 1, t + horizon + 1):
            above, below = high[i] >= top, low[i] <= bottom
            if open_[i] >= top or open_[i] <= bottom:  # the first price of the bar tells which
                end, price, touched = i, open_[i], True
            elif above and below:
                end, price = i, close[i]
            elif above or below:
                end, price, touched = i, top if above else bottom, True
            if touched or above:
                break
        entry[t], exit_[t], last[t] = start, price, end
        move[t] = price / start - 1.0
        y[t] = 1 if not touched else 2 if move[t] > cost[t] else 0 if move[t] < -cost[t] else 1
