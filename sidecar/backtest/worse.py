"""A market that is worse on both sides: what a slippage of so much of the price would have left of the quotes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import ceil, floor, isfinite, nan

from msgspec.structs import replace

from sidecar.backtest.costs import fraction
from sidecar.domain.contracts import Kind
from sidecar.domain.events import AnyEvent, Listed, Quote
from sidecar.domain.ticks import NEAR


def widened(events: Iterable[AnyEvent], slippage: float | None, assumed_spread: float = 0.005) -> Iterator[AnyEvent]:
    """The events with every bid lower by the fraction ``slippage`` and every ask higher, rounded outwards to the tick.

    Where nothing but last prices of a contract was ever seen, the paper venue lays ``assumed_spread`` of the price (at
    least a tick) round them; here that spread comes first and is widened, so that it is paid once. A bid of less than
    a tick is nobody's. Indices are not traded and stay as they are, and so does everything with no slippage.

    :raises InputError: a slippage that is no fraction of a price.
    """
    if slippage is None:
        return iter(events)
    fraction("slippage", slippage)
    return _widened(events, slippage, assumed_spread) if slippage > 0.0 else iter(events)


def _widened(events: Iterable[AnyEvent], slippage: float, spread: float) -> Iterator[AnyEvent]:
    ticks: dict[str, float] = {}
    quoted: set[str] = set()
    for event in events:
        if isinstance(event, Listed):
            ticks |= {one.id: float(one.tick_size) for one in event.contracts if one.kind is not Kind.INDEX}
        if not isinstance(event, Quote) or event.symbol not in ticks:
            yield event
            continue
        tick, bid, ask = ticks[event.symbol], event.bid, event.ask
        if isfinite(bid) or isfinite(ask):
            quoted.add(event.symbol)
        elif event.symbol not in quoted:
            half = 0.5 * max(tick, spread * event.last)
            bid, ask = event.last - half, event.last + half
        yield replace(event, bid=_lower(bid, slippage, tick), ask=_higher(ask, slippage, tick))


def _lower(bid: float, slippage: float, tick: float) -> float:
    ticks = floor(bid * (1.0 - slippage) / tick + NEAR) if isfinite(bid) else 0
    return round(ticks * tick, 6) if ticks > 0 else nan


def _higher(ask: float, slippage: float, tick: float) -> float:
    return round(ceil(ask * (1.0 + slippage) / tick - NEAR) * tick, 6) if isfinite(ask) else nan
