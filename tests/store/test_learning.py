"""Bars, predictions, models and training runs: what goes in is what is read, and what was written never changes."""

import time
from collections.abc import Iterator
from math import isnan, nan
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from sidecar.domain.bars import Bar
from sidecar.domain.clock import MINUTE
from sidecar.domain.models import ModelRole, RunResult
from sidecar.domain.records import (
    AnyRecord,
    ModelRecorded,
    OutcomeRecorded,
    PredictionRecorded,
    TrainingRecorded,
)
from sidecar.domain.signals import SignalType
from sidecar.store.database import rebuild
from sidecar.store.reader import Reader, open_read_only
from sidecar.store.writer import Writer
from tests.store.build import NOW, dump, entries, head_of, records_of, until
from tests.store.learnt import bar, became, model, prediction, run


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "desk.duckdb"


@pytest.fixture
def writer(path: Path) -> Iterator[Writer]:
    made = Writer.open(path, now=NOW, commit_s=0.01)
    yield made
    made.close()


def told(writer: Writer, *records: AnyRecord) -> Reader:
    journal = entries(*records)
    writer.catch_up(records_of(journal), head_of(journal))
    return Reader(writer.cursor, share_s=0.0)


def said(name: str, minute: int = 0, **changes: Any) -> PredictionRecorded:
    at = NOW + minute * MINUTE
    return PredictionRecorded(at, prediction(name, at, **changes))


def matured(name: str, version: int = 1, **changes: Any) -> OutcomeRecorded:
    return OutcomeRecorded(NOW, became(name, version, **changes))


def test_bars_are_read_as_arrays_in_order_with_their_unknowns_and_the_span_that_was_asked(writer: Writer) -> None:
    bars = [bar(number, close=100.0 + number, atm_iv=nan if number % 2 else 0.12) for number in range(6)]
    writer.offer_bars([*bars[3:], bar(0, "BANKNIFTY")])
    writer.offer_bars(bars[:3])
    until(lambda: writer.rows["bars"] == 7)
    reader = Reader(writer.cursor)
    found = reader.bars("NIFTY")
    assert set(found) == set(Bar.__struct_fields__)
    assert [str(found[name].dtype) for name in ("at", "known_at", "simulated", "close", "source")] == [
        "int64", "int64", "bool", "float64", "object",
    ]  # fmt: skip
    for name, column in found.items():
        wanted = [getattr(each, name) for each in bars]
        same = [one == other or (isnan(one) and isnan(other)) for one, other in zip(column, wanted, strict=True)]
        assert all(same), name
    assert list(reader.bars("NIFTY", since=bars[1].at, until=bars[4].at)["close"]) == [101.0, 102.0, 103.0]
    assert len(reader.bars("NIFTY' OR 1=1 --")["at"]) == 0
    found["close"][0] = 0.0  # the caller's own
    assert reader.bars("NIFTY")["close"][0] == 100.0


def test_the_first_bar_of_a_minute_stands_and_its_late_twins_are_counted(writer: Writer) -> None:
    writer.offer_bars([bar(0, close=1.0), bar(0, close=2.0)])
    until(lambda: writer.twins == 1)
    writer.offer_bars([bar(0, close=3.0), bar(1, close=4.0)])
    until(lambda: writer.twins == 2)
    assert writer.rows["bars"] == 2
    assert list(Reader(writer.cursor).bars("NIFTY")["close"]) == [1.0, 4.0]


def test_a_hundred_sessions_of_bars_are_taken_at_once_and_nobody_waits_for_them(writer: Writer) -> None:
    bars = [bar(number) for number in range(30_000)]
    began = time.perf_counter()
    writer.offer_bars(bars)
    assert time.perf_counter() - began < 0.05
    until(lambda: writer.rows["bars"] == 30_000)
    found = Reader(writer.cursor).bars("NIFTY")
    assert np.array_equal(found["at"], NOW + MINUTE * np.arange(30_000))


def test_bars_outlive_a_commit_that_fails_where_samples_do_not(writer: Writer) -> None:
    with writer.cursor() as cursor:
        cursor.execute("ALTER TABLE bars RENAME TO hidden")
        writer.offer_bars([bar(0), bar(1)])
        until(lambda: writer.failure is not None)
        cursor.execute("ALTER TABLE hidden RENAME TO bars")
    until(lambda: writer.rows["bars"] == 2)
    assert writer.failure is None
    assert writer.dropped == 0


def test_bars_outlive_a_full_disk_and_are_given_up_after_ten_failures(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = True
    writer.give_way(lambda: full)
    writer.offer_bars([bar(0)])
    until(lambda: writer.failure is not None)
    full = False
    until(lambda: writer.rows["bars"] == 1)
    monkeypatch.setattr("sidecar.store.writer._RETRY_S", (0.001,))
    with writer.cursor() as cursor:
        cursor.execute("ALTER TABLE bars RENAME TO hidden")
        writer.offer_bars([bar(1)])
        until(lambda: writer.dropped == 1)
        cursor.execute("ALTER TABLE hidden RENAME TO bars")
    writer.offer_bars([bar(2)])
    until(lambda: writer.rows["bars"] == 2)


def test_what_models_of_one_line_have_scored_is_read_together_in_order_of_time(writer: Writer) -> None:
    given = [
        said("P1", 1, model_id="m1"),
        said("P2", 2, model_id="m2", features=(None, 0.4), probabilities=(0.6, 0.3, 0.1)),
        said("P3", 3, model_id="m3"),
        said("P4", 4, model_id="m2", replayed=True),
        said("P5", 0, model_id="m1"),
    ]
    reader = told(writer, *given)
    at, features, score = reader.vectors(["m1", "m2"], NOW + MINUTE)
    assert at.tolist() == [NOW + MINUTE, NOW + 2 * MINUTE]
    assert np.array_equal(features, [[0.1, np.nan], [np.nan, 0.4]], equal_nan=True)
    assert score == pytest.approx([0.3, -0.5])
    assert reader.vectors([], NOW)[0].size == 0


def test_a_prediction_is_read_with_the_newest_version_of_what_became_of_it(writer: Writer) -> None:
    late = became("P2", 2, label=SignalType.SELL, correct=False)
    records: list[AnyRecord] = [
        said("P1"),
        said("P2", 1),
        said("P3", 2),
        matured("P2"),
        matured("P1"),
        OutcomeRecorded(NOW, late),
    ]
    reader = told(writer, *records)
    p1, p2, p3 = (record.prediction for record in records if isinstance(record, PredictionRecorded))
    assert reader.predictions(9) == [(p3, None), (p2, late), (p1, became("P1"))]
    assert reader.prediction("P2") == (p2, late)
    assert reader.prediction("P3") == (p3, None)
    assert reader.prediction("'; DROP TABLE predictions; --") is None


def test_pages_of_predictions_join_without_a_gap_or_a_repeat_newest_first(writer: Writer) -> None:
    records = [said(f"P{number}", number // 3, model_id=f"m{number % 2}") for number in range(10)]
    reader = told(writer, *records)
    found: list[str] = []
    before = None
    while page := reader.predictions(3, before):
        found += [each.id for each, _ in page]
        before = (page[-1][0].decided_at, page[-1][0].id)
    assert found == [f"P{number}" for number in reversed(range(10))]
    assert [each.id for each, _ in reader.predictions(9, model_id="m1")] == ["P9", "P7", "P5", "P3", "P1"]
    bounded = reader.predictions(9, since=NOW + MINUTE, until=NOW + 2 * MINUTE)
    assert [each.id for each, _ in bounded] == ["P5", "P4", "P3"]


def test_a_prediction_and_a_version_of_its_outcome_are_never_rewritten(writer: Writer) -> None:
    first, again = said("P1"), said("P1", price=1.0, model_id="other")
    reader = told(writer, first, matured("P1"), again, matured("P1", label=None))
    assert reader.predictions(9) == [(first.prediction, became("P1"))]
    journal = entries(first, matured("P1"), again, matured("P1", label=None), again)
    writer.offer_entries(5, journal[4:], head_of(journal).digest)  # in a commit of its own
    until(lambda: writer.head() == head_of(journal))
    assert reader.predictions(9) == [(first.prediction, became("P1"))]


def test_what_is_scored_has_its_newest_outcome_and_neither_the_replayed_nor_the_pending(writer: Writer) -> None:
    writer.offer_bars([bar(number, close=100.0 + number) for number in range(4)])
    until(lambda: writer.rows["bars"] == 4)
    reader = told(
        writer,
        said("P1", 4, horizon=3),
        said("P2", 5, signal=SignalType.SELL, abstained="stale", family="other"),
        said("P3", 6, replayed=True),
        said("P4", 7),
        said("P5", 8, replayed=True),
        matured("P1"),
        matured("P1", 2, label=SignalType.HOLD, correct=False, move=0.0),
        matured("P2", label=None, correct=None, move=None, note="a gap"),
        matured("P3"),
    )
    found = reader.scored()
    assert list(found["id"]) == ["P1", "P2"]
    assert list(found["signal"]) == [2, 0]
    assert list(found["label"]) == [1, -1]
    assert list(found["correct"]) == [0, -1]
    assert list(found["version"]) == [2, 1]
    assert list(found["abstained"]) == [False, True]
    assert [str(found[name].dtype) for name in ("label", "decided_at", "horizon", "p_buy", "move")] == [
        "int8", "int64", "int64", "float64", "float64",
    ]  # fmt: skip
    assert found["move"][0] == 0.0
    assert isnan(found["move"][1])
    assert [found[name][0] for name in ("p_sell", "p_hold", "p_buy")] == [0.2, 0.3, 0.5]
    assert found["past"][0] == pytest.approx(103.0 / 100.0 - 1.0)  # three bars before the bar that it rests on
    assert isnan(found["past"][1])
    assert list(reader.scored(family="other")["id"]) == ["P2"]
    assert list(reader.scored(since=NOW + 5 * MINUTE)["id"]) == ["P2"]
    assert (reader.pending(), reader.pending("other")) == (1, 0)


def test_a_model_stands_in_its_newest_role_and_runs_come_newest_first(writer: Writer, path: Path) -> None:
    champion, newer = model(auc=0.51), model("m2", trained_at=NOW + 1)
    retired = msgspec.structs.replace(champion, role=ModelRole.RETIRED, reason="followed by m2")
    runs = [run("T1"), run("T2", NOW + 1, RunResult.FAILED, reason="one class"), run("T3", NOW + 1, RunResult.SKIPPED)]
    records: list[AnyRecord] = [ModelRecorded(NOW, each) for each in (champion, newer, retired)]
    reader = told(writer, *records, *(TrainingRecorded(NOW, each) for each in runs))
    assert reader.models() == [newer, retired]
    assert reader.training_runs(2) == [runs[2], runs[1]]
    assert reader.training_runs(9, (NOW + 1, "T2")) == [runs[0]]
    with writer.cursor() as cursor:
        told_of = cursor.execute("SELECT id, role, auc, before, rows FROM models ORDER BY id").fetchall()
        assert told_of == [("m1", "retired", 0.51, "", 1_000), ("m2", "champion", None, "", 1_000)]


def test_a_database_made_anew_from_the_journal_has_all_of_it_but_the_bars(writer: Writer, path: Path) -> None:
    records: list[AnyRecord] = [said("P1"), said("P2"), matured("P1"), matured("P1", 2, label=None)]
    records += [ModelRecorded(NOW, model()), TrainingRecorded(NOW, run())]
    told(writer, *records)
    writer.offer_bars([bar()])
    until(lambda: writer.rows["bars"] == 1)
    writer.close()
    before = dump(path)
    journal = entries(*records)
    rebuild(path, records_of(journal), head_of(journal), NOW)
    assert dump(path) == before | {"bars": []}
    with open_read_only(path) as reader:
        assert reader.sampled()["bars"] == 0
