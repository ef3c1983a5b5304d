"""The writer as the desk sees it: it takes everything at once, loses only samples, and stays a projection."""

import os
import resource
import threading
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.domain import clock
from sidecar.domain.errors import StoreError
from sidecar.domain.orders import OrderState
from sidecar.domain.records import Audited, Entry, FillRecorded, OrderRecorded, decode, encode
from sidecar.store.database import rebuild
from sidecar.store.frames import Head, chained, encode_header, genesis, link
from sidecar.store.writer import Writer
from tests.store.build import (
    EPOCH,
    NOW,
    OPTION,
    contracts,
    dump,
    entries,
    fill,
    head_of,
    order,
    published,
    records_of,
    stopped,
    until,
)
from tests.store.journals import JOURNALS

pytestmark = pytest.mark.slow


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "desk.duckdb"


def opened(path: Path, **changes: Any) -> Writer:
    return Writer.open(path, **({"now": NOW, "commit_s": 0.01, "report_every_s": 1.0, "quotes": True} | changes))


def fresh(path: Path, **changes: Any) -> Writer:
    """A writer beside a new journal."""
    writer = opened(path, **changes)
    writer.catch_up((), head_of([]))
    return writer


def projected(path: Path, journal: list[Entry], cuts: list[int]) -> dict[str, list[tuple[Any, ...]]]:
    """The tables after the journal was offered in pieces, with a restart (and all of it again) at each cut."""
    for end in [*cuts, len(journal)]:
        writer = opened(path)
        writer.catch_up(records_of(journal, end), head_of(journal, end))
        writer.offer_entries(1, journal[:end], head_of(journal, end).digest)
        writer.close()
        assert writer.failure is None
    return dump(path)


DAY = [OrderRecorded(NOW, order(state=OrderState.PENDING), OPTION), OrderRecorded(NOW + 1, order(), OPTION)]
JOURNAL = entries(*DAY, FillRecorded(NOW + 2, fill()), stopped(), Audited(NOW, "ann", "stop", "done", "", "r1"))


def test_what_is_offered_is_there_after_the_close_with_the_journals_head(path: Path) -> None:
    writer = fresh(path)
    assert writer.head() is None
    assert writer.last_breaker() is None
    writer.offer_entries(1, JOURNAL[:2], head_of(JOURNAL, 2).digest)
    writer.offer_entries(3, JOURNAL[2:], head_of(JOURNAL).digest)
    writer.close()
    assert writer.rows["audit"] == 5
    again = opened(path)
    assert again.head() == head_of(JOURNAL)
    state = again.last_breaker()
    assert state == stopped().state
    again.close()
    tables = dump(path)
    assert [row[0] for row in tables["orders"]] == ["o1"]
    assert len(tables["audit"]) == 5
    assert len(tables["fills"]) == len(tables["breaker_events"]) == 1


@given(journal=JOURNALS, data=st.data())
@settings(max_examples=12, deadline=None)
def test_any_journal_gives_the_same_tables_however_it_is_cut_and_repeated(
    journal: list[Entry], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    cuts = sorted(data.draw(st.lists(st.integers(0, len(journal)), max_size=3)))
    whole = projected(folder / "whole.duckdb", journal, [])
    assert projected(folder / "cut.duckdb", journal, cuts) == whole
    rebuild(folder / "fresh.duckdb", records_of(journal), head_of(journal), NOW)
    assert dump(folder / "fresh.duckdb") == whole
    assert [decode(row[-2].encode()) for row in sorted(whole["audit"], key=lambda row: int(row[0]))] == journal


def test_a_gap_in_the_journal_stops_the_projection_and_says_so_until_the_next_start(path: Path) -> None:
    writer = fresh(path)
    writer.offer_entries(1, JOURNAL[:1], head_of(JOURNAL, 1).digest)
    writer.offer_entries(3, JOURNAL[2:], head_of(JOURNAL).digest)
    writer.offer(published())
    until(lambda: writer.rows["reports"] == 1)
    assert writer.head() == head_of(JOURNAL, 1)
    assert writer.failure == "journal record 2 was not offered; the next start catches up"
    writer.close()
    again = opened(path)
    assert again.catch_up(records_of(JOURNAL), head_of(JOURNAL)) == 4
    assert again.head() == head_of(JOURNAL)
    again.close()


def test_records_that_do_not_lead_to_the_head_are_refused(path: Path) -> None:
    writer = opened(path)
    with pytest.raises(StoreError, match="are not numbers 1 to 5"):
        writer.catch_up(records_of(JOURNAL)[1:], head_of(JOURNAL))
    with pytest.raises(StoreError, match="are not numbers 1 to 6"):
        writer.catch_up(records_of(JOURNAL), Head(6, b"x" * 32))
    with pytest.raises(StoreError, match="are not numbers 1 to 4"):
        writer.catch_up(records_of(JOURNAL), head_of(JOURNAL, 4))
    assert writer.head() is None
    writer.close()


@pytest.mark.parametrize("length", [7, 5, 2, 0], ids=["longer", "same length", "shorter", "empty"])
def test_a_database_of_another_journal_is_set_aside_and_made_anew(path: Path, length: int) -> None:
    projected(path, JOURNAL, [])
    other = chained(b"another journal!", [encode(entry) for entry in [*JOURNAL, *JOURNAL][:length]])
    head = Head(length, other[-1].digest if other else genesis(b"another journal!"))
    writer = opened(path)
    assert writer.catch_up(other, head) == length
    assert "not of this journal; set aside as desk.duckdb.corrupt-2026" in writer.note
    assert writer.head() == (head if length else None)
    more = entries(Audited(NOW, "ann", "stop", "done"))
    writer.offer_entries(length + 1, more, link(head.digest, encode(more[0])))
    writer.close()
    assert writer.failure is None
    assert [row[-1] for row in by_seq(dump(path))][:length] == [record.digest.hex() for record in other]


def by_seq(tables: dict[str, list[tuple[Any, ...]]]) -> list[tuple[Any, ...]]:
    return sorted(tables["audit"], key=lambda row: int(row[0]))


def test_every_row_of_the_audit_carries_the_chain_which_anyone_can_compute_from_the_payloads(path: Path) -> None:
    writer = fresh(path)
    writer.offer_entries(1, JOURNAL[:2], head_of(JOURNAL, 2).digest)
    writer.offer_entries(3, JOURNAL[2:], head_of(JOURNAL).digest)
    writer.close()
    digest = sha256(encode_header(EPOCH)).digest()
    for row in by_seq(dump(path)):
        digest = sha256(digest + row[-2].encode()).digest()
        assert row[-1] == digest.hex()
    assert digest == head_of(JOURNAL).digest


def test_a_chain_that_is_not_the_journals_stops_the_projection_and_says_so(path: Path) -> None:
    writer = fresh(path)
    writer.offer_entries(1, JOURNAL[:2], head_of(JOURNAL, 2).digest)
    writer.offer_entries(3, JOURNAL[2:4], b"x" * 32)
    writer.offer_entries(5, JOURNAL[4:], head_of(JOURNAL).digest)
    writer.offer(published())
    until(lambda: writer.rows["reports"] == 1)
    assert writer.head() == head_of(JOURNAL, 2)
    writer.close()
    assert writer.failure is not None
    again = opened(path)
    assert again.catch_up(records_of(JOURNAL), head_of(JOURNAL)) == 3
    again.close()


def test_the_bytes_of_an_older_program_stay_as_it_wrote_them(path: Path) -> None:
    old = b'{"wall_at":7,"record":{"kind":"limitsrecorded","at":7,"limits":{},"actor":"ann","reason":"r"}}'
    writer = opened(path)
    (record,) = chained(EPOCH, [old])
    writer.catch_up([record], Head(1, record.digest))
    writer.close()
    assert [row[-2:] for row in dump(path)["audit"]] == [(old.decode(), record.digest.hex())]


def test_samples_are_taken_once_an_interval_of_market_time_whatever_the_pace(path: Path) -> None:
    writer = opened(path, report_every_s=2.0)
    for seq in range(1, 101):
        writer.offer(published(seq, NOW + seq * 100_000))
    writer.close()
    assert writer.rows["reports"] == writer.rows["pnl"] == writer.rows["greeks"] == writer.rows["positions"] == 5
    assert [int(row[1]) for row in dump(path)["reports"]] == [1, 21, 41, 61, 81]
    assert writer.dropped == 0


def test_quotes_are_kept_only_where_they_changed_and_not_at_all_if_so_set(path: Path, tmp_path: Path) -> None:
    listed = contracts(3)
    writer, without = opened(path, report_every_s=0.0), opened(tmp_path / "other.duckdb", quotes=False)
    first, same = published(1, NOW, listed), published(2, NOW, listed)
    more = published(3, NOW + 5, (*listed, OPTION))
    for sample in (first, same, more):
        writer.offer(sample)
        without.offer(sample)
    writer.close()
    without.close()
    assert writer.rows["quotes"] == 3 + 0 + 4
    assert without.rows["quotes"] == 0
    row = next(row for row in dump(path)["quotes"] if row[1] == OPTION.id)
    assert row[2:4] == ("80.0", None)
    assert len(dump(path)["instruments"]) == 4


def test_a_full_queue_drops_samples_alone_and_counts_them(path: Path) -> None:
    held, reached = threading.Event(), threading.Event()

    def hold(_seconds: float, _rows: int) -> None:
        reached.set()
        held.wait(20)

    writer = fresh(path, waiting=3, report_every_s=0.0, on_commit=hold)
    writer.offer(published(1))
    assert reached.wait(20)
    began = time.perf_counter()
    for seq in range(2, 12):
        writer.offer(published(seq, NOW + seq))
    for at, entry in enumerate(JOURNAL, 1):
        writer.offer_entries(at, [entry], head_of(JOURNAL, at).digest)
    assert time.perf_counter() - began < 1.0
    assert writer.dropped == 7
    assert writer.queue_depth == 3 + len(JOURNAL)
    held.set()
    writer.close()
    assert writer.rows["reports"] == 4
    assert writer.head() == head_of(JOURNAL)
    writer.offer(published(99, NOW + 99))
    assert writer.dropped == 8


def test_on_commit_tells_how_long_and_how_many_rows(path: Path) -> None:
    told: list[tuple[float, int]] = []
    writer = fresh(path, on_commit=lambda seconds, rows: told.append((seconds, rows)))
    writer.offer_entries(1, JOURNAL, head_of(JOURNAL).digest)
    writer.close()
    assert sum(rows for _, rows in told) == writer.rows.total() == 5 + 1 + 1 + 1 + 1
    assert all(seconds > 0 for seconds, _ in told)
    assert writer.size_bytes > 0


def test_a_full_disk_is_a_state_and_passes_unaided(path: Path) -> None:
    """A limit on the size of files stands for the full disk: every write past it fails, until it is lifted."""
    listed = contracts(2000)
    writer = fresh(path, report_every_s=0.0)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size // 8, hard))
    try:
        writer.offer(published(1, NOW, listed))
        until(lambda: writer.failure is not None)
        writer.offer_entries(1, JOURNAL, head_of(JOURNAL).digest)
        filler = entries(*(Audited(NOW, "ann", "note", "done", os.urandom(500).hex()) for _ in range(400)))
        journal = [*JOURNAL, *filler]
        writer.offer_entries(len(JOURNAL) + 1, filler, head_of(journal).digest)
        time.sleep(0.6)
        assert writer.failure is not None
        assert "File too large" in writer.failure
        assert writer.dropped == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    until(lambda: writer.failure is None)
    until(lambda: writer.head() == head_of(journal))
    writer.close()
    assert len(dump(path)["audit"]) == len(journal)


def test_twenty_thousand_rows_a_second_are_kept_without_a_drop(path: Path) -> None:
    listed = contracts(2000)
    writer = opened(path, commit_s=0.1, report_every_s=0.0)
    began = time.perf_counter()
    for beat in range(20):
        writer.offer(published(beat, NOW + (beat + 1) * clock.SECOND // 10, listed))
        time.sleep(max(0.0, began + (beat + 1) * 0.1 - time.perf_counter()))
    writer.close()
    took = time.perf_counter() - began
    assert writer.rows["quotes"] == 40_000
    assert writer.dropped == 0
    assert took < 6.0


def test_a_second_close_and_an_offer_after_it_do_nothing(path: Path) -> None:
    writer = fresh(path)
    writer.close()
    writer.close()
    writer.offer_entries(1, JOURNAL, head_of(JOURNAL).digest)
    assert writer.failure is None


def test_while_the_disk_is_anothers_nothing_is_written_and_afterwards_all_that_is_owed_is(path: Path) -> None:
    writer = fresh(path)
    full = [True]
    writer.give_way(lambda: full[0])
    writer.offer(published())
    writer.offer_entries(1, JOURNAL, head_of(JOURNAL).digest)
    until(lambda: writer.failure is not None)
    assert writer.failure == "the disk is full; what room is left is the journal's"
    assert writer.head() is None
    full[0] = False
    until(lambda: writer.failure is None and writer.head() == head_of(JOURNAL))
    assert writer.dropped == 1
    writer.close()
