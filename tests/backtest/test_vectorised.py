"""Ten bars worked out by hand, to the paisa; what follows from them for runs of any length is in the laws."""

from __future__ import annotations

from decimal import Decimal
from math import nan

import numpy as np
import pytest
from msgspec.structs import replace

from sidecar.backtest.executed import Unfilled, digest, trade_digest
from sidecar.backtest.series import Series
from sidecar.backtest.vectorised import Sizing, swept, trade
from sidecar.domain.clock import DAY, MINUTE
from sidecar.domain.errors import InputError
from tests.backtest.tapes import CALL, FREE, FUTURE, OPTIONS, PUT, changed, series_of, walk

RISING = [24000.0 + 10.0 * bar for bar in range(10)]
#: Bid and ask at each open: half a point about the close before.
QUOTES = [(close - 10.5, close - 9.5) for close in RISING]
ONE = Sizing(1, Decimal(2_000_000))


def figures(series: Series, *targets: float, sizing: Sizing = ONE) -> list[tuple[int, int, str, str]]:
    """The bar, quantity, price and fees of each fill."""
    run = trade(series, np.array(targets), sizing)
    return [(fill.at // MINUTE, fill.quantity, str(fill.price), str(fill.fees)) for fill in run.fills]


def test_a_long_round_trip() -> None:
    """Bought at 24010.50: 1800787.50. Brokerage 20; exchange 0.00173 % = 31.15362 → 31.1536; SEBI and protection fund
    1.80079 → 1.8008 each; stamp 0.002 % = 36.01575 → 36.0158; GST 18 % of 54.7552 = 9.8559; together 100.6269.
    Sold at 24049.50: 1803712.50. 20; transaction tax 0.02 % = 360.7425; 31.2042; twice 1.8037; GST 9.8661: 425.4202.
    It earned 75 · 39 = 2925 − 100.6269 − 425.4202 = 2398.9529, and paid 75 · 0.50 beyond the middle each time.
    """
    series = series_of(RISING, QUOTES)
    targets = np.array([0, 1, 1, 1, 1, 0, 0, 0, 0, 0.0])
    run = trade(series, targets, ONE)
    assert [(fill.at, fill.quantity, str(fill.price), str(fill.fees)) for fill in run.fills] == [
        (2 * MINUTE, 75, "24010.50", "100.6269"),
        (6 * MINUTE, -75, "24049.50", "425.4202"),
    ]
    assert [fill.id for fill in run.fills] == ["V-000001", "V-000002"]
    assert run.slippage == (37.5, 37.5)
    assert run.equity[-1] == 2_002_398.9529
    assert run.equity[2] == 2_000_000 + 75 * (24020 - 24010.5) - 100.6269
    assert run.notional.tolist() == [0, 0, *(75 * close for close in RISING[2:6]), 0, 0, 0, 0]
    assert run.marks_at.tolist() == [(bar + 1) * MINUTE for bar in range(10)]
    assert run.unfilled == ()
    assert run.closes == {}


def test_from_long_to_short_is_one_order_for_the_sum() -> None:
    """Sold 150 at 24029.50: 3604425. 20; tax 720.8850; exchange 62.35655 → 62.3566 (half up); twice 3.6044; GST 18 % of
    89.5654 = 16.1218; together 826.5722.
    """
    run = trade(series_of(RISING, QUOTES), np.array([0, 1, 1, -1, -1, -1, -1, -1, -1, -1.0]), ONE)
    assert [(fill.quantity, str(fill.price), str(fill.fees)) for fill in run.fills] == [
        (75, "24010.50", "100.6269"),
        (-150, "24029.50", "826.5722"),
    ]
    assert run.equity[-1] == pytest.approx(2e6 + 75 * 19 - 75 * (24090 - 24029.5) - 100.6269 - 826.5722, abs=1e-9)
    assert run.closes == {FUTURE.id: 24090.0}


def test_what_cannot_be_afforded_is_refused_whole_and_recorded_each_time() -> None:
    """Two lots at 24010.50 ask 10 % of 3601575 = 360157.50 and fees; one lot was within 180178.13."""
    series, two = series_of(RISING, QUOTES), Sizing(2, Decimal("360157.50"))
    run = trade(series, np.array([0, 1, 1, 0, 0, 0, 0, 0, 0, 0.0]), two)
    assert run.fills == ()
    assert run.unfilled == tuple(Unfilled(bar * MINUTE, FUTURE.id, 150, "not affordable") for bar in (2, 3))
    assert set(run.equity) == {360157.5}
    enough = Decimal("360157.50") + Decimal("177.6538")  # 20 + 62.3072 + 2 · 3.6016 + 72.0315 + GST 16.1119
    assert len(figures(series, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, sizing=Sizing(2, enough))) == 1
    assert not figures(series, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, sizing=Sizing(2, enough - Decimal("0.0001")))


def test_an_order_that_the_market_has_left_behind_finds_no_match_and_the_next_bar_decides_anew() -> None:
    """Decided on 24010, its limit is 24970.40; the market opens at 24970.45 and then comes back."""
    quotes = [*QUOTES[:2], (24900.0, 24970.45), (24019.5, 24020.5), *QUOTES[4:]]
    run = trade(series_of(RISING, quotes), np.array([0, 1, 1, 1, 1, 1, 1, 1, 1, 1.0]), ONE)
    assert run.unfilled == (Unfilled(2 * MINUTE, FUTURE.id, 75, "no match"),)
    assert [(fill.at, str(fill.price)) for fill in run.fills] == [(3 * MINUTE, "24020.50")]
    quotes[2] = (24900.0, 24970.40)
    assert figures(series_of(RISING, quotes), 0, 1, 1, 1, 1, 1, 1, 1, 1, 1)[0][:3] == (2, 75, "24970.40")


def test_a_future_settles_at_the_index_s_close_and_pays_nothing_for_it() -> None:
    settles, shut, settlement = np.zeros(10, np.bool_), np.zeros(10, np.bool_), np.full(10, nan)
    settles[6], shut[[6, 9]], settlement[6] = True, True, 24060.37
    later = replace(FUTURE, expiry=FUTURE.expiry.replace(month=5) if FUTURE.expiry else None, lot_size=65)
    ending = {"settles": settles, "settlement": settlement, "shut": shut}
    contract = np.repeat([0, 1], [7, 3]).astype(np.int32)
    series = changed(series_of(RISING, QUOTES), contracts=(FUTURE, later), contract=contract, **ending)
    run = trade(series, np.ones(10), ONE)
    assert [(fill.symbol, fill.quantity, str(fill.price), str(fill.fees)) for fill in run.fills] == [
        (FUTURE.id, 75, "24000.50", "100.5947"),  # stamp 36.0008, exchange 31.1406, GST 9.8533
        (FUTURE.id, -75, "24060.37", "0"),
        (later.id, 65, "24070.50", "90.5236"),  # bought anew a bar later: nothing is known of it before
    ]
    assert run.fills[1].at == 7 * MINUTE
    assert run.fills[1].note == "settlement"
    assert run.slippage[1] == 0.0
    assert run.equity[6] == pytest.approx(2e6 + 75 * 59.87 - 100.5947, abs=1e-9)
    assert run.notional[6] == 0.0


def test_a_call_that_ends_in_the_money_is_exercised_and_taxed() -> None:
    """Bought at 82.10: 6157.50. 20; exchange 0.03503 % = 2.1570; SEBI 0.0062; fund 0.0308; stamp 0.003 % = 0.1847; GST
    18 % of 22.1940 = 3.9949; together 26.3736. At 24100.30 the 24000 call is worth 100.30, 7522.50 in all, of which
    0.125 % is 9.4031.
    """
    premiums = [80.0, 82.0, 84.0, 86.0, 88.0, 90.0, 92.0, 94.0, 96.0, 98.0]
    quotes = [(price - 2.1, price - 1.9) for price in premiums]
    settles, settlement = np.zeros(10, np.bool_), np.full(10, nan)
    settles[9], settlement[9] = True, 24100.3
    series = series_of(
        premiums, quotes, contract=CALL, fees=(OPTIONS,), margin=1.0, settles=settles, settlement=settlement
    )
    targets = np.array([0, 1, 1, 1, 1, 1, 1, 1, 1, 1.0])
    run = trade(series, targets, Sizing(1, Decimal("6183.8736")))
    assert [(fill.quantity, str(fill.price), str(fill.fees)) for fill in run.fills] == [
        (75, "82.10", "26.3736"),
        (-75, "100.3", "9.4031"),
    ]
    assert run.equity[-1] == pytest.approx(6183.8736 - 6157.5 - 26.3736 + 7522.5 - 9.4031)
    poorer = trade(series, targets, Sizing(1, Decimal("6183.8735")))
    assert {order.reason for order in poorer.unfilled} == {"not affordable"}


def test_a_pair_buys_the_call_on_a_rise_and_the_put_on_a_fall_the_sale_before_the_purchase() -> None:
    """Cash for one of them only: the put can be paid because the call is sold first."""
    calls = series_of([100.0] * 6, contract=CALL, fees=(FREE,), margin=1.0)
    puts = series_of([100.0] * 6, contract=PUT, fees=(FREE,), margin=1.0)
    targets = np.array([1, 1, -1, -1, 0, 0.0])
    run = trade((puts, calls), -targets, Sizing(1, Decimal(7600)))
    both = trade((calls, puts), targets, Sizing(1, Decimal(7600)))
    told = [(fill.at // MINUTE, fill.symbol, fill.quantity, str(fill.price)) for fill in both.fills]
    assert told == [
        (1, CALL.id, 75, "100.05"),
        (3, CALL.id, -75, "99.95"),
        (3, PUT.id, 75, "100.05"),
        (5, PUT.id, -75, "99.95"),
    ]
    assert trade_digest(run) == trade_digest(both)
    unsold = changed(calls, bid=np.zeros(6, np.int64))
    stuck = trade((unsold, puts), targets, Sizing(1, Decimal(16_000)))
    assert [fill.symbol for fill in stuck.fills] == [CALL.id, PUT.id, PUT.id]
    poorer = trade((unsold, puts), targets, Sizing(1, Decimal(10_000)))  # worth 10000, of which 2496.25 is cash
    assert [fill.symbol for fill in poorer.fills] == [CALL.id]
    assert {(order.symbol, order.reason) for order in poorer.unfilled} == {
        (CALL.id, "no match"), (PUT.id, "not affordable"),
    }  # fmt: skip


def test_what_must_be_gone_before_a_roll_is_offered_three_times_and_at_last_at_any_price() -> None:
    rolls, shut = np.zeros(10, np.bool_), np.zeros(10, np.bool_)
    rolls[7], shut[[7, 9]] = True, True
    quotes = [(100.0, 100.1)] * 5 + [(90.0, 90.1), (0.0, 0.0), (2.0, 120.0)] + [(100.0, 100.1)] * 2
    series = series_of([100.0] * 10, quotes, contract=CALL, fees=(FREE,), margin=1.0, rolls=rolls, shut=shut)
    run = trade(series, np.ones(10), ONE)
    told = [(fill.at // MINUTE, fill.quantity, str(fill.price)) for fill in run.fills]
    assert told == [(1, 75, "100.10"), (7, -75, "2.00"), (9, 75, "100.10")]
    assert [(order.at // MINUTE, order.quantity, order.reason) for order in run.unfilled] == [
        (5, -75, "no match"),
        (6, -75, "no match"),
    ]


def test_orders_above_the_freeze_quantity_or_larger_than_is_shown_are_recorded() -> None:
    rich = Sizing(25, Decimal(10**9))
    assert {order.reason for order in trade(series_of(RISING), np.ones(10), rich).unfilled} == {
        "above the freeze quantity"
    }
    size = np.full(10, 149, np.int64)
    shown = series_of(RISING, bid_size=size, ask_size=size + 1)
    run = trade(shown, np.array([1, 1, 0, 0, 0.5, 0, 0, 0, 0, 0]), Sizing(2, Decimal(10**9)))
    assert [fill.quantity for fill in run.fills] == [150, -75, -75]
    assert run.unfilled[0] == Unfilled(3 * MINUTE, FUTURE.id, -150, "larger than is shown")


def test_an_account_that_has_nothing_left_is_closed_and_says_so() -> None:
    """Long 75 from 24000.05 with 300000: at 19900 it has lost 307503.75; a recovery comes too late."""
    fall = [24000.0, 24000.0, 19900.0, 19900.0, 30000.0, 30000.0]
    run = trade(series_of(fall, fees=(FREE,)), np.ones(6), Sizing(1, Decimal(300_000)))
    assert [fill.quantity for fill in run.fills] == [75, -75]
    assert run.ended == "the account had nothing left"
    assert (run.equity[3:] == run.equity[3]).all()
    assert run.equity[3] < 0.0


def test_targets_are_rounded_toward_zero_cut_to_one_and_left_alone_where_they_are_no_number() -> None:
    targets = np.array([0.67, nan, np.inf, -0.67, 5.0, -0.2, 0, 0, 0, 0])
    run = trade(series_of(RISING, fees=(FREE,)), targets, Sizing(3, Decimal(10**8)))
    assert np.cumsum([fill.quantity for fill in run.fills]).tolist() == [150, -150, 225, 0]
    assert [fill.at // MINUTE for fill in run.fills] == [1, 4, 5, 6]


def test_a_sweep_is_every_run_by_itself() -> None:
    close = walk(600, 5)
    days = np.repeat(np.arange(6), 100) * DAY + np.tile(np.arange(100), 6) * MINUTE
    series = series_of(close.tolist(), at=days, closes_at=days + MINUTE)
    targets = np.random.default_rng(1).choice([-1.0, 0.0, 1.0, nan], (4, 600))
    found = swept(series, targets, ONE)
    assert found.last.tolist() == [99, 199, 299, 399, 499, 599]
    for row, equity, trades in zip(targets, found.equity_by_session, found.trades, strict=True):
        run = trade(series, row, ONE)
        assert equity.tolist() == run.equity[found.last].tolist()
        held = np.cumsum([0, *(fill.quantity for fill in run.fills)])
        assert trades == ((held[1:] != 0) & (np.sign(held[1:]) != np.sign(held[:-1]))).sum()


def test_the_same_run_twice_is_the_same_to_the_last_bit() -> None:
    series, targets = series_of(RISING, QUOTES), np.array([0, 1, -1, 1, 0, 1, 0, -1, 0, 0.0])
    assert digest(trade(series, targets, ONE)) == digest(trade(series, targets, ONE))
    assert trade_digest(trade(series, targets, ONE)) != trade_digest(trade(series, -targets, ONE))


@pytest.mark.parametrize(
    ("sizing", "targets", "field"),
    [
        (Sizing(1, Decimal(0)), np.zeros(10), "initial_capital"),
        (Sizing(1, Decimal("1.00001")), np.zeros(10), "initial_capital"),
        (Sizing(0, Decimal(1)), np.zeros(10), "lots"),
        (Sizing(10**9, Decimal(1)), np.zeros(10), "lots"),
        (ONE, np.zeros(9), "targets"),
    ],
)
def test_what_cannot_be_run_is_refused_by_name(sizing: Sizing, targets: np.ndarray, field: str) -> None:
    with pytest.raises(InputError) as problem:
        trade(series_of(RISING), targets, sizing)
    assert problem.value.field == field
