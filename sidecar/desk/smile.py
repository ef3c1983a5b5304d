"""One expiry's forward and volatilities from the board: one volatility a strike, for both rights.

It comes from the strike's out-of-the-money side; the in-the-money side's price holds hardly any time value.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sidecar.desk.board import Board, Group
from sidecar.domain.analytics import VolQuality
from sidecar.pricing.curve import ImpliedForward, forward_by_parity, forward_by_parity_from_marks
from sidecar.pricing.implied import implied_volatility

Floats = NDArray[np.float64]


class Smile(NamedTuple):
    """Volatility by strike of the group, NaN where no price gives one, and what each rests on."""

    volatility: Floats
    quality: NDArray[np.int8]


def forward(board: Board, mark: Floats, group: Group, spot: float, discount: float) -> ImpliedForward:
    """What put-call parity says: of two-sided quotes, else of marks near the spot; NaN where neither can be used."""
    bid, ask = board.column("bid"), board.column("ask")
    c, p = group.calls, group.puts
    quoted = forward_by_parity(group.strikes, bid[c], ask[c], bid[p], ask[p], discount)
    if quoted.forward > 0.0:
        return quoted
    return forward_by_parity_from_marks(group.strikes, mark[c], mark[p], spot, discount)


def smile(board: Board, mark: Floats, group: Group, forward: float, time: float, discount: float) -> Smile:
    """The out-of-the-money side of each strike, else the other side."""
    out_calls = group.strikes >= forward
    own, other = (np.where(side, group.calls, group.puts) for side in (out_calls, ~out_calls))
    volatility, _ = implied_volatility(mark[own], forward, group.strikes, time, discount, call=out_calls)
    two_sided = ~np.isnan(board.column("bid")[own] + board.column("ask")[own])
    quality = np.where(two_sided, VolQuality.QUOTED, VolQuality.TRADED).astype(np.int8)
    missing = np.isnan(volatility)
    if missing.any():
        volatility[missing], _ = implied_volatility(
            mark[other[missing]], forward, group.strikes[missing], time, discount, call=~out_calls[missing]
        )
        quality[missing] = VolQuality.TRADED
    quality[np.isnan(volatility)] = VolQuality.MISSING
    return Smile(volatility, quality)


def spread(iv: Floats, quality: NDArray[np.int8], board: Board, group: Group, found: Smile, fitted: Floats) -> None:
    """Write the volatility and its quality into the group's rows of ``iv`` and ``quality``.

    A contract whose strike has none takes the ``fitted`` one (by row of the group) as far off it as the two-sided
    quotes beside it are, else what its neighbours say.
    """
    rows, strikes = group.rows, board.strike[group.rows]
    known = ~np.isnan(found.volatility)
    at = np.minimum(np.searchsorted(group.strikes, strikes), group.strikes.size - 1)
    listed = group.strikes[at] == strikes
    own = known[at] & listed
    between = np.full(rows.size, np.nan)
    if known.any():
        between = np.interp(np.log(strikes), np.log(group.strikes[known]), found.volatility[known])
    quoted = listed & (found.quality[at] == VolQuality.QUOTED) & ~np.isnan(fitted)
    near = beside(strikes, fitted, strikes[quoted], found.volatility[at][quoted] - fitted[quoted])
    rest = np.where(np.isnan(fitted), between, near)
    source = np.where(np.isnan(fitted), VolQuality.INTERPOLATED, VolQuality.FITTED)
    iv[rows] = np.where(own, found.volatility[at], rest)
    grade = np.where(own, found.quality[at], source)
    quality[rows] = np.where(np.isnan(iv[rows]), VolQuality.MISSING, grade)


def beside(strikes: Floats, fitted: Floats, quoted: Floats, off: Floats) -> Floats:
    """The ``fitted`` volatility at ``strikes``, as far off its smile as the quotes beside each strike are.

    ``quoted`` are the strikes of those quotes, in any order, and ``off`` by how much each lies above the smile: linear
    in log strike between them, the nearest one's beyond. The fit alone without quotes, or where that would not be
    above zero. NaN of ``fitted`` stays.
    """
    if not quoted.size:
        return fitted
    order = np.argsort(quoted, kind="stable")
    near = fitted + np.interp(np.log(strikes), np.log(quoted[order]), off[order])
    return np.where(near > 0.0, near, fitted)
