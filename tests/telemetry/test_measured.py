"""Numbers that are told as they happen."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import msgspec

from sidecar.domain.breaker import BreakerState
from sidecar.domain.orders import Order, OrderRequest, OrderState, OrderType, Side
from sidecar.domain.report import DeskReport, LimitLine, LimitStatus, Outcome, OutcomeStatus, Published, Refusal
from sidecar.telemetry.bounded import MOST_STRATEGIES, MOST_SYMBOLS
from sidecar.telemetry.measured import Telemetry
from tests.servers.desk import EMPTY, T0, report

ASKED = OrderRequest("NIFTY-20251125-26150-CE", Side.BUY, 75, Decimal("83.4"), strategy="demo")
SENT = Order("O1", ASKED, OrderState.PENDING, "strategy:demo", T0, T0)


def changed(order: Order, state: OrderState, later: int = 1_500_000) -> Order:
    return msgspec.structs.replace(order, state=state, updated_at=order.created_at + later)


def tell(told: Telemetry, made: DeskReport) -> None:
    told.on_report(Published(made, EMPTY))


def test_an_orders_life_is_counted_by_its_labels() -> None:
    told = Telemetry()
    tell(told, report(order_updates=(SENT, changed(SENT, OrderState.OPEN))))
    tell(told, report(order_updates=(changed(SENT, OrderState.PARTIALLY_FILLED), changed(SENT, OrderState.FILLED))))
    assert told.counts("orders_submitted_total") == {("demo", Side.BUY, OrderType.LIMIT): 1}
    assert told.counts("orders_filled_total") == {("demo", Side.BUY): 1}
    buckets = told.histograms("order_fill_time_seconds")[("demo",)]
    assert (sum(buckets.counts), buckets.total) == (1, 1.5)


def test_a_position_that_a_strategy_closed_at_its_stop_is_counted_once_it_is_closed() -> None:
    told = Telemetry()
    stop = msgspec.structs.replace(SENT, request=msgspec.structs.replace(ASKED, reason="stop: close the condor"))
    tell(told, report(order_updates=(stop, changed(stop, OrderState.CANCELLED))))
    assert told.counts("stop_losses_triggered_total") == {}
    tell(told, report(order_updates=(changed(stop, OrderState.FILLED), changed(SENT, OrderState.FILLED))))
    assert told.counts("stop_losses_triggered_total") == {("demo",): 1}


def test_only_so_many_underlyings_have_a_histogram_of_their_own() -> None:
    told = Telemetry()
    line = report().markets[0]
    lines = tuple(msgspec.structs.replace(line, symbol=f"U{number}") for number in range(MOST_SYMBOLS + 5))
    tell(told, report(markets=lines))
    children = told.histograms("market_data_age_seconds")
    assert len(children) == MOST_SYMBOLS + 1
    assert sum(children[("other",)].counts) == 5


def test_a_refused_order_is_counted_by_the_limit_and_a_rejected_one_by_the_venue() -> None:
    told = Telemetry()
    refused = changed(SENT, OrderState.REFUSED, 0)
    outcome = Outcome("r", OutcomeStatus.REFUSED, "no", BreakerState(), (refused,), Refusal("order_lots", "too many"))
    tell(told, report(order_updates=(refused,), outcomes=(outcome,)))
    tell(told, report(order_updates=(changed(SENT, OrderState.REJECTED), changed(SENT, OrderState.CANCELLED))))
    assert told.counts("orders_rejected_total") == {("demo", "order_lots"): 1, ("demo", "venue"): 1}
    assert told.counts("orders_cancelled_total") == {("demo", "cancelled"): 1}
    assert told.counts("orders_submitted_total") == {}


def test_a_breach_is_counted_once_until_it_has_ended() -> None:
    told = Telemetry()
    for status in ("breach", "breach", "unknown", "breach", "ok", "breach"):
        tell(told, report(limits=(LimitLine("daily_loss", "*", 0.031, 0.03, 1.03, LimitStatus(status)),)))
    assert told.counts("risk_limit_breaches_total") == {("daily_loss",): 2}


def test_strategies_that_a_caller_invents_do_not_become_labels_without_end() -> None:
    told = Telemetry()
    for number in range(MOST_STRATEGIES + 30):
        asked = msgspec.structs.replace(ASKED, strategy=f"s{number}")
        tell(told, report(order_updates=(msgspec.structs.replace(SENT, request=asked),)))
    counts = told.counts("orders_submitted_total")
    assert len(counts) == MOST_STRATEGIES + 1
    assert counts[("other", "buy", "LIMIT")] == 30


def test_nothing_is_lost_between_threads() -> None:
    told = Telemetry()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: told.on_request("/x", "GET", 200, 0.01), range(4_000)))
    assert told.counts("api_requests_total") == {("/x", "GET", "200"): 4_000}
    assert sum(told.histograms("api_request_duration_seconds")[("/x", "GET")].counts) == 4_000


def test_a_job_that_failed_has_no_later_success() -> None:
    told = Telemetry()
    before = time.time()
    told.on_job("system")
    (at,) = told.succeeded().values()
    assert before <= at <= time.time()
    told.on_job("system", done=False)
    told.on_job("training", done=False)
    assert told.succeeded() == {("system",): at}
    assert told.counts("job_failures_total") == {("system",): 1, ("training",): 1}


def test_journal_and_store_are_jobs_that_succeed_when_they_are_done() -> None:
    told = Telemetry()
    told.on_sync(0.001, 3)
    told.on_commit(0.002)
    assert set(told.succeeded()) == {("journal_sync",), ("store_commit",)}


def test_a_sum_over_labels_is_whole_and_nought_before_the_first() -> None:
    told = Telemetry()
    assert told.total("system_errors_total") == 0
    for component in ("store", "store", "desk"):
        told.on_error(component, "error")
    assert told.total("system_errors_total") == 3


def test_each_beat_is_told_to_who_asks_for_the_worst() -> None:
    told = Telemetry()
    for late in (0.01, 0.3):
        told.on_beat(late)
    assert told.beats.worst_s(3_600.0) == 0.3
