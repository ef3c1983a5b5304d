"""How a backtest's cost grows: with bars, with strategies, and with legs held. Linear, or it says so.

    python -m bench.backtest_growth

CPU seconds of one thread, medians of rounds in which the sizes take turns. A unit's cost is the whole over the number
for bars; for strategies and legs, which come on top of a market that costs the same whoever looks, it is what each one
more adds to the first size.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from math import ceil, isnan
from typing import Any

from bench.backtest import RICH, series_of, walk
from bench.loop import BEAT, CALENDAR, OPEN, REFERENCE, contracts, quotes, table
from sidecar.backtest import vectorised
from sidecar.backtest.bar_feed import bar_events
from sidecar.backtest.bars import honest
from sidecar.backtest.event import EventPlan, run_events
from sidecar.backtest.executed import Executed
from sidecar.backtest.futures import future_series
from sidecar.backtest.pace import chainless, paced, patient
from sidecar.backtest.vectorised import Sizing
from sidecar.desk.config import DeskConfig
from sidecar.domain.clock import SECOND
from sidecar.domain.contracts import Contract
from sidecar.domain.events import AnyEvent, Beat, Listed
from sidecar.domain.orders import OrderRequest, Side
from sidecar.domain.report import Intent, Published
from sidecar.risk.limits import defaults
from sidecar.strategies.bar_strategy import BarStrategy
from sidecar.strategies.sma_cross import SmaCross
from sidecar.venues.matching import PaperSettings
from tests.learning.market import market

BARS = (62_500, 125_000, 250_000, 500_000, 1_000_000)
SESSIONS = (2, 4, 8, 16)
STRATEGIES = (1, 2, 4, 8)
LEGS = (2, 4, 8, 16)
CHAIN, QUOTES, GAP = 80, 20_000, 5_000
ROUNDS = 3
CAPITAL = Decimal(int(RICH))
#: A desk that has lost five times in a row stops, and would cost nothing from there on; the legs are bought at once.
PATIENT = {**defaults(), "loss_streak": 1e6, "order_rate": 1e3}
#: The nearest expiry's contracts round the money.
NEAR = 1 + CHAIN // 8 - max(LEGS) // 2


def vectorised_bars() -> None:
    """SMA cross on given bars, its averages among it."""
    series = {n: series_of(walk(n)) for n in BARS}

    def run(n: int) -> int:
        targets = SmaCross(20, 50).batch({"close": series[n].underlying})
        return len(vectorised.trade(series[n], targets, Sizing(1, CAPITAL)).fills)

    taken, fills = in_turns(run, BARS)
    whole("bars, vectorised", taken, fills, 1e9, "ns")


def event_bars() -> None:
    """The same rule through the desk itself, and how many events a bar is."""
    feeds = {sessions: Feed(sessions) for sessions in SESSIONS}
    taken, done = in_turns(lambda sessions: feeds[sessions].run(1), SESSIONS)
    taken = {feeds[sessions].bars: seconds for sessions, seconds in taken.items()}
    fills = {feeds[sessions].bars: len(run.fills) for sessions, run in done.items()}
    whole("bars, event by event", taken, fills, 1e6, "µs")


def strategies() -> None:
    """Rules of other lengths side by side on one desk."""
    feed = Feed(SESSIONS[1])
    taken, done = in_turns(feed.run, STRATEGIES)
    added(f"strategies on one desk, {feed.bars:,} bars", taken, {n: len(run.fills) for n, run in done.items()})


def legs() -> None:
    """Options bought at the start and held while a chain is quoted: marks, Greeks and limits of so many legs."""
    listed = contracts(CHAIN)
    made = quotes(listed, QUOTES, OPEN + SECOND, GAP)
    plan = EventPlan(DeskConfig({"main": CAPITAL}, PATIENT))

    def run(count: int) -> Executed:
        held = Held(listed[NEAR : NEAR + count])
        return run_events(beaten(listed, made), plan, REFERENCE, CALENDAR, [held])

    taken, done = in_turns(run, LEGS)
    title = f"legs held, {QUOTES:,} quotes of {CHAIN} contracts"
    added(title, taken, {n: len(run.fills) for n, run in done.items()})


class Feed:
    """Minute bars of so many sessions, as events."""

    def __init__(self, sessions: int) -> None:
        columns, _ = honest(market(5, sessions).columns, CALENDAR)
        series = future_series(columns, "NIFTY", REFERENCE, slippage=None, commission=None)
        self.bars = len(series)
        self._events = list(bar_events(series, columns, "NIFTY", source="bench", simulated=True))
        config, _ = chainless(paced(DeskConfig({"main": CAPITAL}, PATIENT), 60.0)[0], {"NIFTY": 0.15})
        self._plan = EventPlan(config, patient(PaperSettings(), 60.0, at_once=True))

    def run(self, count: int) -> Executed:
        """``count`` rules at once."""
        rules = [SmaCross(3 + number, 12 + 4 * number) for number in range(count)]
        asked = [BarStrategy(rule, f"s{number}", "main", "NIFTY", patience=1) for number, rule in enumerate(rules)]
        return run_events(self._events, self._plan, REFERENCE, CALENDAR, asked)


class Held:
    """Buys a lot of each of its contracts, once, and holds."""

    name = "held"

    def __init__(self, wanted: Sequence[Contract]) -> None:
        self._wanted = list(wanted)

    def on_report(self, published: Published) -> tuple[Intent, ...]:
        """One order a report, until all are held."""
        chain = published.chain
        if not self._wanted or isnan(ask := float(chain.ask[chain.rows[self._wanted[0].id]])):
            return ()
        contract = self._wanted.pop(0)
        price = ceil(ask / float(contract.tick_size) + 2) * contract.tick_size
        return (Intent(place=OrderRequest(contract.id, Side.BUY, contract.lot_size, price, strategy=self.name)),)


def beaten(listed: Sequence[Contract], made: Sequence[AnyEvent]) -> Iterator[AnyEvent]:
    """Quotes with a beat every 100 ms."""
    yield Listed(OPEN, tuple(listed), "bench", True)
    due = OPEN + SECOND + BEAT
    for event in made:
        while event.at >= due:
            yield Beat(due)
            due += BEAT
        yield event


# ---- the tables ------------------------------------------------------------------------------------------------------


def in_turns(run: Callable[[int], Any], sizes: Sequence[int]) -> tuple[dict[int, float], dict[int, Any]]:
    """Median CPU seconds of each size, and what it made; a round before, which compiles, is not counted."""
    found: dict[int, Any] = {}
    taken: dict[int, list[float]] = {size: [] for size in sizes}
    for turn in range(ROUNDS + 1):
        for size in sizes:
            began = time.process_time()
            found[size] = run(size)
            if turn:
                taken[size].append(time.process_time() - began)
    return {size: statistics.median(times) for size, times in taken.items()}, found


def whole(title: str, taken: dict[int, float], fills: dict[int, int], parts: float, unit: str) -> None:
    first = next(seconds / size for size, seconds in taken.items())
    rows = [
        (f"{size:,}", f"{fills[size]:,}", f"{seconds:.3f}", f"{parts * seconds / size:,.0f}",
         f"{seconds / size / first:.2f} ×")
        for size, seconds in taken.items()
    ]  # fmt: skip
    table((title, "fills", "seconds", f"{unit} each", "of the first's"), rows)


def added(title: str, taken: dict[int, float], fills: dict[int, int]) -> None:
    least, base = next(iter(taken.items()))
    rows = []
    for size, seconds in taken.items():
        more = f"{1e3 * (seconds - base) / (size - least):,.1f}" if size > least else ""
        rows.append((f"{size:,}", f"{fills[size]:,}", f"{seconds:.3f}", more))
    table((title, "fills", "seconds", "ms for each one more than the first"), rows)


def main() -> None:
    vectorised_bars()
    event_bars()
    strategies()
    legs()


if __name__ == "__main__":
    main()
