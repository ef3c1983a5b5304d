"""What a chain's quotes say of volatility: a bid and an ask volatility a strike, and why the others were refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sidecar.pricing.implied import implied_volatility

Array = NDArray[np.float64]
Counts = tuple[tuple[str, int], ...]


@dataclass(frozen=True, eq=False)
class Quotes:
    """One expiry's prices by strike (1-D, one length, any order); NaN or 0 is a side that nobody quotes.

    ``years`` to expiry, ``forward`` and its standard error in points, ``discount`` the value now of 1 at expiry. An
    unknown forward (NaN) is allowed, and gives no smile. ValueError where the columns differ in length.
    """

    years: float
    forward: float
    forward_error: float
    discount: float
    strikes: Array
    call_bid: Array
    call_ask: Array
    put_bid: Array
    put_ask: Array

    def __post_init__(self) -> None:
        """Refuse columns of different lengths."""
        for name in ("call_bid", "call_ask", "put_bid", "put_ask"):
            column = getattr(self, name)
            if np.shape(column) != np.shape(self.strikes) or np.ndim(column) != 1:
                raise ValueError(f"{name} must be 1-D and as long as strikes, not {np.shape(column)}")


@dataclass(frozen=True, eq=False)
class Band:
    """One expiry's bid and ask volatilities by ascending strike; one of the two may be NaN, never both.

    ``refused`` counts by reason the strikes that are not here, or that are here with one side: ``one_sided`` (kept),
    ``unquoted``, ``crossed``, ``unpriced`` (no forward, no time, strike not above zero), ``no_volatility`` and
    ``no_cheaper``: neither bid nor ask is below those of the strike before it towards the money, which is a stale quote
    or the least tick, and no opinion of volatility.
    """

    years: float
    forward: float
    forward_error: float
    discount: float
    strikes: Array
    low: Array
    high: Array
    refused: Counts = ()


def bands(expiries: Sequence[Quotes]) -> tuple[Band, ...]:
    """The band of each expiry from the out-of-the-money option of each strike; one inversion for the whole chain.

    No data raises: an expiry without a usable quote gives an empty band that says why.
    """
    sides = [_out_of_the_money(each) for each in expiries]
    if not sides:
        return ()
    strikes, bid, ask, call, owner = (np.concatenate(column) for column in zip(*_numbered(sides), strict=True))
    years, forward, discount = (
        np.array([getattr(each, name) for each in expiries], dtype=np.float64)[owner]
        for name in ("years", "forward", "discount")
    )
    volatility, _ = implied_volatility(
        np.stack((bid, ask)), forward, strikes, np.maximum(years, 0.0), discount, call=call
    )
    unpriced = ~((strikes > 0) & (forward > 0) & (years > 0) & (discount > 0) & np.isfinite(forward))
    unquoted = np.isnan(bid) & np.isnan(ask)
    crossed = bid > ask
    none = np.isnan(volatility).all(axis=0)
    fault = np.select([unpriced, unquoted, crossed, none], [1, 2, 3, 4], 0)
    for number in range(len(expiries)):
        for right in (True, False):
            mine = np.flatnonzero((owner == number) & (call == right) & (fault == 0))
            outwards = mine[np.argsort(strikes[mine] if right else -strikes[mine], kind="stable")]
            fault[outwards[_no_cheaper(bid[outwards], ask[outwards])]] = 5
    out = []
    for number, each in enumerate(expiries):
        mine = owner == number
        kept = mine & (fault == 0)
        low, high = volatility[0, kept], volatility[1, kept]
        order = np.argsort(strikes[kept], kind="stable")
        faults = np.bincount(fault[mine], minlength=6)[1:]
        named = zip(("unpriced", "unquoted", "crossed", "no_volatility", "no_cheaper"), faults, strict=True)
        one_sided = int(np.count_nonzero(np.isnan(low) | np.isnan(high)))
        refused = tuple((name, int(count)) for name, count in (*named, ("one_sided", one_sided)) if count)
        out.append(
            Band(
                each.years, each.forward, each.forward_error, each.discount,
                strikes[kept][order], low[order], high[order], refused,
            )
        )  # fmt: skip
    return tuple(out)


def _out_of_the_money(quotes: Quotes) -> tuple[Array, Array, Array, NDArray[np.bool_]]:
    strikes = np.asarray(quotes.strikes, dtype=np.float64)
    call = strikes >= quotes.forward
    bid = np.where(call, quotes.call_bid, quotes.put_bid).astype(np.float64)
    ask = np.where(call, quotes.call_ask, quotes.put_ask).astype(np.float64)
    for side in (bid, ask):
        side[~(np.isfinite(side) & (side > 0.0))] = np.nan
    return strikes, bid, ask, call


def _no_cheaper(bid: Array, ask: Array) -> NDArray[np.bool_]:
    """Which quotes, ordered away from the money, are as dear on both sides as the last one kept; a lone side never."""
    out = np.zeros(bid.size, dtype=np.bool_)
    lowest_bid = lowest_ask = np.inf
    for index, (one, other) in enumerate(zip(bid.tolist(), ask.tolist(), strict=True)):
        if one >= lowest_bid and other >= lowest_ask:
            out[index] = True
        elif one == one and other == other:  # two-sided
            lowest_bid, lowest_ask = one, other
    return out


def _numbered(
    sides: list[tuple[Array, Array, Array, NDArray[np.bool_]]],
) -> list[tuple[Array, Array, Array, NDArray[np.bool_], NDArray[np.intp]]]:
    return [(*side, np.full(side[0].size, number, dtype=np.intp)) for number, side in enumerate(sides)]
