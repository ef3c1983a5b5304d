from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

import numpy as np
import pytest
from numpy.typing import NDArray

from sidecar.backtest.executed import Executed, Unfilled
from sidecar.backtest.lookahead import Columns, of_events, of_rule
from sidecar.domain.clock import MINUTE
from sidecar.domain.events import AnyEvent, Beat, Quote
from sidecar.domain.orders import Fill
from sidecar.strategies.catalogue import CATALOGUE
from sidecar.strategies.sma_cross import SmaCross
from tests.learning.market import market

Targets = NDArray[np.float64]
BARS = market(4, 6, minutes=120).columns
CLOSE: Targets = BARS["close"]


def above(bars: Columns, level: Targets) -> Targets:
    return np.where(bars["close"] > level, 1.0, -1.0)


def next_close(bars: Columns) -> Targets:
    return np.asarray(np.sign(np.r_[np.diff(bars["close"]), 0.0]))


def centred_mean(bars: Columns) -> Targets:
    return above(bars, np.convolve(bars["close"], np.ones(5) / 5, "same"))


def whole_z_score(bars: Columns) -> Targets:
    return np.asarray(np.clip((bars["close"] - bars["close"].mean()) / bars["close"].std(), -1.0, 1.0))


def days_close(bars: Columns) -> Targets:
    day = np.unique(bars["session"], return_inverse=True)[1]
    return above(bars, np.array([bars["close"][day == one][-1] for one in range(day.max() + 1)])[day])


def later_news(bars: Columns) -> Targets:
    return np.asarray(np.r_[bars["vix"][10:], np.zeros(10)] / 100.0)


def later_opinion(bars: Columns) -> Targets:
    return np.asarray(np.r_[bars["p_buy"][1:] - bars["p_sell"][1:], 0.0])


CHEATS: Mapping[str, Callable[[Columns], Targets]] = {
    "the next close": next_close,
    "a centred mean": centred_mean,
    "a z-score of the whole": whole_z_score,
    "the day's last close": days_close,
    "later news": later_news,
    "a later probability": later_opinion,
}


def opinions(n: int) -> dict[str, Targets]:
    p = np.random.default_rng(3).dirichlet(np.ones(3), n)
    return {"p_sell": p[:, 0], "p_hold": p[:, 1], "p_buy": p[:, 2]}


WITH_OPINIONS = {**BARS, **opinions(len(CLOSE)), "first": np.r_[1.0, np.diff(BARS["session"])] > 0}


@pytest.mark.parametrize("name", CHEATS)
@pytest.mark.parametrize("seed", range(3))
def test_a_rule_that_sees_ahead_is_caught(name: str, seed: int) -> None:
    found = of_rule(CHEATS[name], WITH_OPINIONS, seed)
    assert (found.cuts, found.note) == (12, "")
    assert found.changed > 0
    assert "follows what came after the bar of 2025-01-" in found.first


def rolling(bars: Columns) -> Targets:
    return above(bars, np.array([bars["close"][max(0, t - 9) : t + 1].mean() for t in range(len(bars["close"]))]))


def by_opinion(bars: Columns) -> Targets:
    return np.where(np.isfinite(bars["p_buy"]), bars["p_buy"] - bars["p_sell"], np.nan)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("honest", [SmaCross(3, 8).batch, rolling, by_opinion, lambda bars: bars["minute"] % 3 - 1])
def test_an_honest_rule_is_left_alone(honest: Callable[[Columns], Targets], seed: int) -> None:
    found = of_rule(honest, WITH_OPINIONS, seed)
    assert (found.cuts, found.changed, found.first, found.note) == (12, 0, "", "")


@pytest.mark.parametrize("name", [name for name, entry in CATALOGUE.items() if entry.rule is not None])
def test_no_rule_of_the_catalogue_sees_ahead(name: str) -> None:
    rule = CATALOGUE[name].rule
    assert rule is not None
    found = of_rule(lambda bars: rule({}).batch(bars), WITH_OPINIONS, 1)
    assert (found.cuts, found.changed) == (12, 0)


def test_the_same_seed_finds_the_same_and_too_few_bars_are_not_looked_at() -> None:
    assert of_rule(next_close, BARS, 5) == of_rule(next_close, BARS, 5)
    few = of_rule(next_close, {name: values[:5] for name, values in BARS.items()}, 5)
    assert (few.cuts, few.note) == (0, "not looked at: 5 bars are too few to cut")


# ---- events --------------------------------------------------------------------------------------------------------

#: Two quotes and a beat a minute: at the open of a bar and at its end.
N = 300
PRICES = np.random.default_rng(8).normal(0.0, 1.0, 2 * N).cumsum() + 1_000.0


def quote(at: int, price: float) -> Quote:
    return Quote("X", at, at, bid=price, ask=price, last=price)


EVENTS: list[AnyEvent] = [
    event
    for t in range(N)
    for event in (
        quote(t * MINUTE, PRICES[2 * t]),
        quote((t + 1) * MINUTE - 1, PRICES[2 * t + 1]),
        Beat((t + 1) * MINUTE),
    )
]


class Trader:
    """Decides at each beat by ``decide(beats, prices so far)`` and fills at the next quote."""

    def __init__(self, decide: Callable[[int, list[float]], int]) -> None:
        self.decide = decide

    def __call__(self, events: Iterable[AnyEvent]) -> Executed:
        seen: list[float] = []
        fills: list[Fill] = []
        unfilled: list[Unfilled] = []
        held = wanted = 0
        for event in events:
            if isinstance(event, Quote):
                if wanted != held and event.ask > 990.0:
                    price = Decimal(str(round(event.ask, 2)))
                    fills.append(Fill("", "", "X", "main", "s", wanted - held, price, Decimal(0), event.at))
                    held = wanted
                elif wanted != held:
                    unfilled.append(Unfilled(event.at, "X", wanted - held, "no match"))
                seen.append(event.last)
            elif isinstance(event, Beat):
                wanted = self.decide(event.at // MINUTE, seen)
        nothing = np.empty(0)
        return Executed(tuple(fills), (), nothing.astype(np.int64), nothing, nothing, tuple(unfilled))


def trend(_: int, seen: list[float]) -> int:
    return 1 if seen[-1] > np.mean(seen[-10:]) else -1


def test_an_honest_strategy_trades_the_same_whatever_comes_after() -> None:
    run = Trader(trend)
    assert len(run(EVENTS).fills) > 20
    for seed in range(4):
        found = of_events(run, EVENTS, seed)
        assert (found.cuts, found.changed, found.first) == (4, 0, "")


def reading_ahead(bars: int) -> Callable[[Iterable[AnyEvent]], Executed]:
    """A strategy that was given the whole past beforehand."""

    def run(events: Iterable[AnyEvent]) -> Executed:
        known = list(events)
        closes = [event.last for event in known if isinstance(event, Quote)][1::2]

        def decide(beats: int, seen: list[float]) -> int:
            return 1 if closes[min(beats - 1 + bars, len(closes) - 1)] > seen[-1] else -1

        return Trader(decide)(known)

    return run


@pytest.mark.parametrize("bars", [1, 5, 60])
def test_a_strategy_that_reads_ahead_is_caught(bars: int) -> None:
    for seed in range(4):
        found = of_events(reading_ahead(bars), EVENTS, seed)
        assert found.changed > 0
        assert " X " in found.first
        assert "follows what came after 1970-01-01T" in found.first


def test_what_only_its_refused_orders_tell_is_caught_too() -> None:
    low = [event if isinstance(event, Beat) else quote(event.at, event.last / 2) for event in EVENTS]  # type: ignore[union-attr]
    found = of_events(reading_ahead(1), low, 1)
    assert found.changed > 0
    assert "unfilled: no match" in found.first


def test_a_run_that_is_known_already_is_not_made_again() -> None:
    runs: list[int] = []

    def counted(events: Iterable[AnyEvent]) -> Executed:
        runs.append(1)
        return Trader(trend)(events)

    base = Trader(trend)(EVENTS)
    assert of_events(counted, EVENTS, 1, cuts=3, base=base) == of_events(Trader(trend), EVENTS, 1, cuts=3)
    assert len(runs) == 3


def test_a_strategy_that_never_trades_and_too_few_events_are_looked_at_as_far_as_they_go() -> None:
    idle = Trader(lambda *_: 0)
    assert of_events(idle, EVENTS, 1).changed == 0
    assert of_events(idle, EVENTS[:3], 1).note == "not looked at: 3 events are too few to cut"
