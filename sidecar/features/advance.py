"""One bar taken into the kernel's memory: rings, recursions, the session, and the day when it is over."""

from __future__ import annotations

from math import nan

import numpy as np

from sidecar.features import window as of
from sidecar.features.feature import inline
from sidecar.features.window import Array, Window

_ILLIQUIDITY_UNIT = 1e9


@inline
def is_later(bar: Array, carried: Array) -> bool:
    """Whether the bar says when it was, and was after the last one."""
    session, minute = bar[of.SESSION], bar[of.MINUTE]
    if not (np.isfinite(session) and np.isfinite(minute)):
        return False
    if np.isnan(carried[of.LAST_SESSION]) or session > carried[of.LAST_SESSION]:
        return True
    return session == carried[of.LAST_SESSION] and minute > carried[of.LAST_MINUTE]


@inline
def push(rings: Array, ring: int, slot: int, value: float) -> None:
    """Write it twice, a ring's length apart."""
    rings[ring, slot] = value
    rings[ring, slot + of.KEPT] = value


@inline
def advance(bar: Array, rings: Array, squares: Array, carried: Array, days: Array) -> Window:
    """The window that ends with `bar`; all that is carried is that of after it."""
    turn_session(bar, carried, days)
    seen = int(carried[of.BARS_SEEN])
    carried[of.BARS_SEEN] = seen + 1
    slot, long_slot = seen % of.KEPT, seen % of.KEPT_SQUARES
    before = rings[of.CLOSES, slot + of.KEPT - 1]  # of the second copy: never before the ring's beginning
    keep_prices(bar, before, rings, squares, slot, long_slot)
    keep_chain(bar, rings, slot)
    add_to_session(bar, carried)
    recur(bar, before, carried)
    return Window(bar, rings, squares, carried, days, slot + of.KEPT + 1, long_slot + of.KEPT_SQUARES + 1)


@inline
def keep_prices(bar: Array, before: float, rings: Array, squares: Array, slot: int, long_slot: int) -> None:
    """Prices, returns and volumes into their rings; `before` is the close of the bar before."""
    close, volume = bar[of.CLOSE], bar[of.VOLUME]
    change, spread = np.log(close / before), np.log(bar[of.HIGH] / bar[of.LOW])
    push(rings, of.CLOSES, slot, close)
    push(rings, of.HIGHS, slot, bar[of.HIGH])
    push(rings, of.LOWS, slot, bar[of.LOW])
    push(rings, of.RETURNS, slot, change)
    push(rings, of.VOLUMES, slot, volume)
    push(rings, of.LOG_VOLUMES, slot, np.log(volume))
    push(rings, of.RANGES, slot, spread * spread)
    push(rings, of.ILLIQUIDITY, slot, abs(change) / (close * volume) * _ILLIQUIDITY_UNIT)
    squares[long_slot] = squares[long_slot + of.KEPT_SQUARES] = change * change


@inline
def keep_chain(bar: Array, rings: Array, slot: int) -> None:
    """What was known of the chain into its rings."""
    push(rings, of.MINUTES_SEEN, slot, bar[of.MINUTE])
    push(rings, of.SESSIONS_SEEN, slot, bar[of.SESSION])
    push(rings, of.EXPIRIES, slot, bar[of.EXPIRY])
    push(rings, of.IVS, slot, bar[of.ATM_IV])
    push(rings, of.INTERESTS, slot, bar[of.OI_PUT] + bar[of.OI_CALL])
    push(rings, of.PUTS_TRADED, slot, bar[of.VOLUME_PUT])
    push(rings, of.CALLS_TRADED, slot, bar[of.VOLUME_CALL])


@inline
def turn_session(bar: Array, carried: Array, days: Array) -> None:
    """At the first bar of a session, put the one before among the completed ones.

    One whose first minute was missed has no opening price and no volume.
    """
    if bar[of.SESSION] == carried[of.LAST_SESSION]:
        return
    if not np.isnan(carried[of.LAST_SESSION]):
        days[:, :-1] = days[:, 1:].copy()
        days[of.DAY_SQUARE, -1] = np.log(carried[of.LAST_CLOSE] / days[of.DAY_CLOSE, -1]) ** 2
        days[of.DAY_CLOSE, -1] = carried[of.LAST_CLOSE]
        days[of.DAY_VIX, -1] = carried[of.LAST_VIX]
        days[of.DAY_IV, -1] = carried[of.LAST_IV]
        days[of.DAY_VOLUME, -1] = carried[of.TRADED]
    whole = bar[of.MINUTE] == 0.0
    carried[of.FIRST_OPEN] = bar[of.OPEN] if whole else nan
    carried[of.TRADED] = carried[of.TRADED_PRICE] = 0.0 if whole else nan
    carried[of.LAST_CLOSE] = carried[of.LAST_VIX] = carried[of.LAST_IV] = nan


@inline
def add_to_session(bar: Array, carried: Array) -> None:
    """The session's sums, and the last values seen in it."""
    volume = bar[of.VOLUME]
    carried[of.TRADED] += volume
    carried[of.TRADED_PRICE] += (bar[of.HIGH] + bar[of.LOW] + bar[of.CLOSE]) / 3.0 * volume
    carried[of.LAST_SESSION], carried[of.LAST_MINUTE] = bar[of.SESSION], bar[of.MINUTE]
    keep_known(carried, of.LAST_CLOSE, bar[of.CLOSE])
    keep_known(carried, of.LAST_VIX, bar[of.VIX])
    keep_known(carried, of.LAST_IV, bar[of.ATM_IV])


@inline
def keep_known(carried: Array, place: int, value: float) -> None:
    """The newest value that is one."""
    if np.isfinite(value):
        carried[place] = value


@inline
def drawn(carried: Array, place: int, share: float, value: float) -> float:
    """Draw a carried mean towards `value`; the first value is its start."""
    before = carried[place]
    now = value if np.isnan(before) else before + share * (value - before)
    carried[place] = now
    return now


@inline
def recur(bar: Array, before: float, carried: Array) -> None:
    """Exponential means, MACD's signal, and Wilder's true range, gain and loss; a bar without its input is skipped."""
    close = bar[of.CLOSE]
    if np.isfinite(close):
        carried[of.PRICES_FED] += 1.0
        drawn(carried, of.EMA20, 2.0 / 21.0, close)
        drawn(carried, of.EMA50, 2.0 / 51.0, close)
        line = drawn(carried, of.EMA12, 2.0 / 13.0, close) - drawn(carried, of.EMA26, 2.0 / 27.0, close)
        drawn(carried, of.SIGNAL, 0.2, line)
    move = close - before
    if np.isfinite(move):
        carried[of.MOVES_FED] += 1.0
        drawn(carried, of.GAIN, 1.0 / 14.0, max(move, 0.0))
        drawn(carried, of.LOSS, 1.0 / 14.0, max(-move, 0.0))
    high, low = bar[of.HIGH], bar[of.LOW]
    true_range = max(high - low, abs(high - before), abs(low - before))
    if np.isfinite(high + low + before):
        carried[of.RANGES_FED] += 1.0
        drawn(carried, of.TRUE_RANGE, 1.0 / 14.0, true_range)
