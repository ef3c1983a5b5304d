"""Bars as a market: the quotes of each bar's open and close, and a beat when it has closed.

It is made of the same arrays as the vectorised engine reads, so that the two can only differ in rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite, nan
from typing import Any

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from sidecar.backtest.series import Series
from sidecar.domain.contracts import Contract, Kind
from sidecar.domain.events import AnyEvent, Beat, Listed, Quote, Settlement

#: Units that stand at each price: more than any order's.
DEPTH = 1e9
#: An index that moves by more than this factor is quoted twice: a hair inside what the board takes at once.
_JUMP = 1.0999

ASSUMPTIONS = (
    "an order is sent when a bar has closed and fills at the quote of the next bar's open, whole or not at all",
    "no volatility index is in the bars: its limit was not watched, and margins stand at the exchange's floors",
)


def bar_events(
    series: Series | tuple[Series, ...],
    columns: Mapping[str, NDArray[Any]],
    underlying: str,
    *,
    source: str,
    simulated: bool,
    extra: Mapping[int, Sequence[AnyEvent]] = {},
) -> Iterator[AnyEvent]:
    """The events of a series, or of several over the same bars, in order of time; a beat at the close of each bar.

    ``columns`` (n,) are the bars of the ``underlying``: ``open``, if it is there, is its value at a bar's open,
    ``session`` parts the days. A contract is listed in the first session in which it trades, and lives until the close
    of the bar in which it settles, wherever the exchange's session ends. ``extra``, by the ``closes_at`` of a bar,
    happens just after its beat, and then there is another beat.
    """
    legs = [_Leg(each, columns) for each in ((series,) if isinstance(series, Series) else series)]
    index, first = _Index(underlying), legs[0].series
    opens = np.asarray(columns["open"], np.float64) if "open" in columns else np.full(len(first), nan)
    for bar, (at, closes_at) in enumerate(zip(first.at.tolist(), first.closes_at.tolist(), strict=True)):
        new = [contract for leg in legs for contract in leg.new(bar)]
        if new or not bar:
            yield Listed(at, tuple(new) if bar else (index.contract, *new), source, simulated)
        yield from index.quotes(float(opens[bar]), at, at + 1)
        for leg in legs:
            yield from leg.opening(bar)
        yield from index.quotes(float(first.underlying[bar]), closes_at - 1, closes_at - 2)
        for leg in legs:
            yield from leg.closing(bar)
        yield Beat(closes_at)
        if closes_at in extra:
            yield from extra[closes_at]
            yield Beat(closes_at)


class _Index:
    """The underlying, quoted by its last value alone.

    The board takes a move of more than a tenth only when a second quote agrees. Live there are many a minute; of bars
    there is one, so it comes twice.
    """

    def __init__(self, underlying: str) -> None:
        self.contract = Contract(underlying, Kind.INDEX)
        self._level = nan

    def quotes(self, value: float, at: int, besides: int) -> list[Quote]:
        """The quotes of one value at ``at``, the second at ``besides`` where it takes two; none of one not known."""
        if not isfinite(value):
            return []
        jumps = not (1.0 / _JUMP < value / self._level < _JUMP) and isfinite(self._level)
        self._level = value
        times = sorted((at, besides)) if jumps else (at,)
        return [Quote(self.contract.id, time, time, last=value) for time in times]


class _Leg:
    """One series as quotes of its contracts."""

    def __init__(self, series: Series, columns: Mapping[str, NDArray[Any]]) -> None:
        self.series = series
        self._contracts = _lived(series)
        self._listings = _listings(series, columns)

    def new(self, bar: int) -> list[Contract]:
        """The contracts that are listed with this bar."""
        return [self._contracts[place] for place in self._listings.get(bar, ())]

    def opening(self, bar: int) -> Iterator[Quote]:
        """The quote at the bar's open, with what is shown there; none where nobody stands on either side."""
        series, contract = self.series, self._contracts[self.series.contract[bar]]
        bid, ask, middle = int(series.bid[bar]), int(series.ask[bar]), int(series.middle[bar])
        if bid or ask:
            tick, at = float(contract.tick_size), int(series.at[bar])
            sizes = [DEPTH if size is None else float(size[bar]) for size in (series.bid_size, series.ask_size)]
            prices = _price(bid, tick), _price(ask, tick)
            yield Quote(contract.id, at, at, *prices, sizes[0], sizes[1], _price(middle, tick / 2))

    def closing(self, bar: int) -> Iterator[AnyEvent]:
        """The bar's last price, and what its contract settles at."""
        series, contract = self.series, self._contracts[self.series.contract[bar]]
        at = int(series.closes_at[bar])
        if series.close[bar]:
            price = _price(int(series.close[bar]), float(contract.tick_size))
            yield Quote(contract.id, at - 1, at - 1, price, price, DEPTH, DEPTH, price)
        if series.settles[bar]:
            # A future's settlement is the index's value; an option's is what that leaves it worth.
            values = series.settlement if contract.kind is Kind.FUTURE else series.underlying
            yield Settlement(at, contract.underlying, f"{contract.expiry:%Y%m%d}", float(values[bar]), at - 1)


def _lived(series: Series) -> list[Contract]:
    """The contracts, each to the end of the bar in which it settles here."""
    found = list(series.contracts)
    for bar in np.flatnonzero(series.settles).tolist():
        place = int(series.contract[bar])
        found[place] = replace(found[place], expires_at=int(series.closes_at[bar]))
    return found


def _listings(series: Series, columns: Mapping[str, NDArray[Any]]) -> dict[int, list[int]]:
    """By the first bar of a session, the places of the contracts that trade in it for the first time."""
    sessions = columns.get("session", np.arange(len(series)))
    starts = np.flatnonzero(np.diff(sessions, prepend=nan) != 0)
    found: dict[int, list[int]] = {}
    seen: set[int] = set()
    for part, start in zip(np.split(series.contract, starts)[1:], starts, strict=True):
        new = [place for place in np.unique(part).tolist() if place not in seen]
        if new:
            found[int(start)] = new
            seen.update(new)
    return found


def _price(ticks: int, tick: float) -> float:
    return round(ticks * tick, 6) if ticks else nan
