"""Readers of one moment that are more than a field."""

from __future__ import annotations

import asyncio
from math import nan

import msgspec

from sidecar.domain.breaker import Trigger
from sidecar.domain.quotes import Defect
from sidecar.domain.report import HeartbeatLine, QualityLine
from sidecar.telemetry.bounded import MOST_CLIENTS, MOST_STRATEGIES
from tests.servers.desk import position, report
from tests.telemetry.scraping import Bench


def test_counters_whose_labels_are_known_begin_at_nought_so_that_a_rate_shows_the_first() -> None:
    samples = Bench().samples()
    for trigger in Trigger:
        assert samples[f'trading_circuit_breaker_triggers_total{{reason="{trigger}"}}'] == 0.0
    assert {samples[f'trading_ticks_rejected_total{{reason="{one}"}}'] for one in Defect} == {0.0, 3.0}
    assert samples['trading_risk_limit_breaches_total{limit_type="daily_loss"}'] == 0.0
    assert samples['trading_alerts_total{level="critical"}'] == 0.0


def test_tasks_are_counted_where_a_loop_answers_and_unknown_elsewhere() -> None:
    assert "trading_system_tasks" not in Bench().samples()

    async def scraped() -> dict[str, float]:
        other = asyncio.create_task(asyncio.sleep(60))
        try:
            return Bench().samples()
        finally:
            other.cancel()

    assert asyncio.run(scraped())["trading_system_tasks"] == 2.0


def test_clients_and_strategies_beyond_the_bound_share_a_label_and_the_oldest_sign_of_life_counts() -> None:
    armed = tuple(HeartbeatLine(f"bot{number}", float(number), 60.0) for number in range(MOST_CLIENTS + 3))
    held = tuple(position(strategy=f"s{number}") for number in range(MOST_STRATEGIES + 4))
    samples = Bench(report(heartbeats=armed, positions=held)).samples()
    assert samples['trading_heartbeat_age_seconds{client="other"}'] == MOST_CLIENTS + 2
    assert samples['trading_positions_open{strategy="other"}'] == 4.0
    assert sum(name.startswith("trading_positions_open") for name in samples) == MOST_STRATEGIES + 1


def test_the_quality_of_the_worst_underlying_is_told_and_unknown_where_none_has_one() -> None:
    lines = [QualityLine(name, 1, 1, 0, 0, 0, 0, 0.1, score) for name, score in (("A", 0.9), ("B", 0.4), ("C", nan))]
    assert Bench(report(data_quality=tuple(lines))).samples()["trading_market_data_quality_ratio"] == 0.4
    assert "trading_market_data_quality_ratio" not in Bench(report(data_quality=(lines[2],))).samples()


def test_gaps_are_told_by_underlying_and_what_the_feed_missed_of_whatever_symbol_apart() -> None:
    quiet = report()
    line = msgspec.structs.replace(quiet.data_quality[0], gaps=2)
    counters = msgspec.structs.replace(quiet.counters, feed_gaps=7)
    samples = Bench(report(data_quality=(line,), counters=counters)).samples()
    assert samples['trading_feed_gaps_total{symbol="NIFTY"}'] == 2.0
    assert samples['trading_feed_gaps_total{symbol="*"}'] == 7.0
