"""Alerts, signals, performance and the system's state: what goes in is what is read, by the page, after a restart."""

from collections.abc import Iterator
from itertools import count
from math import isnan, nan
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sidecar.domain.alerts import Alert, AlertLevel
from sidecar.domain.clock import SECOND
from sidecar.domain.records import AlertRecorded, AnyRecord, NoticeRecorded, SignalRecorded
from sidecar.domain.signals import Signal, SignalStatus
from sidecar.store.database import rebuild
from sidecar.store.reader import Reader, open_read_only
from sidecar.store.sampling import Sampler
from sidecar.store.writer import Writer
from tests.store.build import (
    NOW,
    alert,
    dump,
    entries,
    head_of,
    measured,
    performance,
    published,
    records_of,
    signal,
    until,
)

ALERTS = [
    alert(f"a{n}", NOW + n // 3, list(AlertLevel)[n % 4], resolved=n % 2 == 1, resolved_at=NOW * (n % 2))
    for n in range(10)
]
SIGNALS = [signal(f"s{n}", NOW + n // 3, fund_id=f"fund{n % 2}", strategy=f"s{n % 3}") for n in range(10)]
RECORDS: list[AnyRecord] = [
    *(AlertRecorded(NOW, each) for each in ALERTS),
    *(SignalRecorded(NOW, each) for each in SIGNALS),
    NoticeRecorded(NOW, "a1", 1, "c0ffee", True, "sent"),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "desk.duckdb"


@pytest.fixture
def writer(path: Path) -> Iterator[Writer]:
    made = Writer.open(path, now=NOW, commit_s=0.01, report_every_s=0.0)
    yield made
    made.close()


def told(writer: Writer, *records: AnyRecord) -> Reader:
    journal = entries(*records)
    writer.catch_up(records_of(journal), head_of(journal))
    return Reader(writer.cursor, share_s=0.0)


def newest(things: list[Any]) -> list[Any]:
    return sorted(things, key=lambda thing: (thing.at, thing.id), reverse=True)


def same(found: Any, wanted: Any) -> bool:
    """Equal field by field, where NaN is NaN."""
    pairs = zip(msgspec.structs.astuple(found), msgspec.structs.astuple(wanted), strict=True)
    return all(one == other or (isinstance(one, float) and isnan(one) and isnan(other)) for one, other in pairs)


def test_pages_of_alerts_and_signals_join_without_a_gap_or_a_repeat_newest_first(writer: Writer) -> None:
    reader = told(writer, *RECORDS)
    alerts: list[Alert] = []
    while page := reader.alerts(3, (alerts[-1].at, alerts[-1].id) if alerts else None):
        alerts += page
    assert alerts == newest(ALERTS)
    signals: list[Signal] = []
    while chunk := reader.signals(4, (signals[-1].at, signals[-1].id) if signals else None):
        signals += chunk
    assert signals == newest(SIGNALS)


def test_alerts_are_asked_by_state_level_and_time_the_first_moment_in_and_the_last_one_out(writer: Writer) -> None:
    reader = told(writer, *RECORDS)
    assert reader.alerts(99, standing=True) == newest(ALERTS[0::2])
    assert reader.alerts(99, standing=False) == newest(ALERTS[1::2])
    assert reader.alerts(99, level="critical") == newest(ALERTS[3::4])
    assert reader.alerts(99, level="critical", standing=True) == []
    assert reader.alerts(99, since=NOW + 1, until=NOW + 2) == newest(ALERTS[3:6])
    assert reader.alerts(99, level="' OR 1=1 --") == []
    assert reader.alert("a7") == ALERTS[7]
    assert reader.alert("'; DROP TABLE alerts; --") is None


def test_signals_are_asked_by_fund_strategy_and_time(writer: Writer) -> None:
    reader = told(writer, *RECORDS)
    assert reader.signals(99, fund_id="fund1") == newest(SIGNALS[1::2])
    assert reader.signals(99, fund_id="fund0", strategy="s0") == newest([SIGNALS[0], SIGNALS[6]])
    assert reader.signals(99, since=NOW + 3) == newest(SIGNALS[9:])
    assert reader.signals(99, until=NOW + 1) == newest(SIGNALS[:3])


def test_an_alert_and_a_signal_have_one_row_in_their_newest_state(writer: Writer, path: Path) -> None:
    ended = alert("a3", NOW + 1, resolved=True, resolved_by="ann", resolved_at=NOW + 5, acknowledged_by="bob", count=9)
    scored = signal(
        "s3", NOW + 1, status=SignalStatus.SCORED, outcome_price=82.0, outcome_return=0.02, correct=True,
        scored_at=NOW + 1000,
    )  # fmt: skip
    reader = told(writer, *RECORDS, AlertRecorded(NOW + 5, ended), SignalRecorded(NOW + 9, scored))
    assert reader.alert("a3") == ended
    assert [row for row in reader.signals(99) if row.id == "s3"] == [scored]
    assert len(reader.alerts(99)) == len(reader.signals(99)) == 10
    with writer.cursor() as cursor:
        row = cursor.execute(
            "SELECT seq, resolved, resolved_by, acknowledged_at, details->>'wörd', count FROM alerts WHERE id = 'a3'"
        ).fetchall()
        assert row == [(22, True, "ann", None, "☂", 9)]
        row = cursor.execute(
            "SELECT seq, status, outcome_return, correct, epoch_us(scored_at) FROM signals WHERE id = 's3'"
        ).fetchall()
        assert row == [(23, "scored", 0.02, True, NOW + 1000)]


def test_the_audit_tells_of_alerts_signals_and_notices(writer: Writer) -> None:
    reader = told(writer, RECORDS[0], RECORDS[10], RECORDS[20])
    lines = [(line.kind, line.actor, line.action, line.outcome, line.detail) for line in reader.audit(9)]
    assert lines == [
        ("notice", "desk", "notice", "delivered", "a1 sent"),
        ("signal", "demo", "signal", "open", f"s0: {SIGNALS[0].request.symbol}"),
        ("alert", "desk", "alert", "info", "a0: Daily loss"),
    ]


def test_a_database_made_anew_from_the_journal_has_the_same_alerts_and_signals(writer: Writer, path: Path) -> None:
    told(writer, *RECORDS)
    writer.close()
    before = dump(path)
    assert len(before["alerts"]) == len(before["signals"]) == 10
    journal = entries(*RECORDS)
    rebuild(path, records_of(journal), head_of(journal), NOW)
    assert dump(path) == before


def test_performance_is_written_when_it_is_new_and_read_back_with_its_unknowns(writer: Writer, path: Path) -> None:
    lines = [tuple(performance(NOW + n * SECOND, fund, 1e6 + n) for fund in ("main", "*")) for n in range(3)]
    seen = [lines[0], lines[0], lines[1], lines[1], lines[2]]
    for n, each in enumerate(seen):
        writer.offer(published(n + 1, NOW + n * 1000, performance=each))
    until(lambda: writer.rows["performance"] == 6)
    reader = Reader(writer.cursor, share_s=0.0)
    wanted = [line for pair in reversed(lines) for line in pair]  # newest first, and "main" after "*"
    found = reader.performance(99)
    assert len(found) == 6
    assert all(map(same, found, wanted))
    second = reader.performance(2, (NOW + 2 * SECOND, "*"))
    assert [(line.fund_id, line.portfolio_value) for line in second] == [("main", 1e6 + 1), ("*", 1e6 + 1)]
    assert [line.portfolio_value for line in reader.performance(9, fund_id="main", until=NOW + SECOND)] == [1e6]
    assert [line.portfolio_value for line in reader.performance(9, fund_id="*", since=NOW + 2 * SECOND)] == [1e6 + 2]


def test_performance_that_comes_again_after_a_failed_commit_stands_there_once(writer: Writer) -> None:
    sampler, lines = Sampler(quotes=False), (performance(), performance(NOW, "main"))
    one, again = published(1, performance=lines), published(2, NOW + 1, performance=lines)
    assert sampler.tables([one])["performance"].num_rows == 2
    assert "performance" not in sampler.tables([again])
    sampler.forget()
    assert sampler.tables([again])["performance"].num_rows == 2
    writer.offer(one)
    until(lambda: writer.rows["performance"] == 2)
    with writer.cursor() as cursor:
        cursor.execute("ALTER TABLE quotes RENAME TO hidden")
        writer.offer(again)
        until(lambda: writer.failure is not None)
        cursor.execute("ALTER TABLE hidden RENAME TO quotes")

    numbers = count(3)

    def wrote() -> bool:
        writer.offer(published(n := next(numbers), NOW + n, performance=lines))
        return writer.rows["performance"] == 4

    until(wrote)  # it was taken for new
    assert len(Reader(writer.cursor).performance(9)) == 2


def test_measurements_are_read_back_as_they_were_newest_first(writer: Writer, path: Path) -> None:
    lines = [measured(NOW + n * 5 * SECOND, "ok" if n else "degraded", process_cpu=nan, threads=n) for n in range(4)]
    for line in lines:
        writer.offer_system(line)
    until(lambda: writer.rows["system_status"] == 4)
    writer.close()
    with open_read_only(path) as reader:
        found = reader.system(99)
        assert all(map(same, found, reversed(lines)))
        assert len(found) == 4
        assert [line.threads for line in reader.system(2, (NOW + 10 * SECOND, ""))] == [1, 0]
        assert [line.threads for line in reader.system(9, since=NOW + 5 * SECOND, until=NOW + 15 * SECOND)] == [2, 1]
        assert reader.sampled()["system_status"] == 4


def test_a_measurement_without_room_is_dropped_and_counted(path: Path) -> None:
    with_none = Writer.open(path, now=NOW, waiting=0)
    with_none.offer_system(measured())
    assert with_none.dropped == 1
    with_none.close()
    with_none.offer_system(measured())
    assert with_none.dropped == 2
