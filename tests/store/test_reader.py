"""Questions to the database, beside a running writer and without one."""

import subprocess
import sys
import threading
import time
from math import isnan, nan
from pathlib import Path
from typing import Any

import pytest

from sidecar.domain.errors import SchemaTooNew, StoreError
from sidecar.domain.orders import Fill, Order, OrderState
from sidecar.domain.records import AnyRecord, Audited, FillRecorded, OrderRecorded, decode
from sidecar.store.reader import EquityPoint, Reader, open_read_only
from sidecar.store.schema import connect
from sidecar.store.writer import Writer
from tests.store.build import NOW, OPTION, entries, fill, fund, head_of, order, published, records_of, stopped

ORDERS = [
    order(f"o{n}", at=NOW + 10 * n, created_at=NOW + n // 3, fund_id=f"fund{n % 2}", note=f"say {n} \u0000 €")
    for n in range(10)
]
FILLS = [fill(f"f{n}", NOW + n // 3, fund_id=f"fund{n % 2}", strategy=f"s{n % 3}") for n in range(10)]
RECORDS: list[AnyRecord] = [
    *(OrderRecorded(NOW, each, OPTION) for each in ORDERS),
    *(FillRecorded(NOW, each) for each in FILLS),
    stopped(1, NOW),
    stopped(2, NOW + 1),
    Audited(NOW, "ann", "stop", "done"),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "desk.duckdb"


def wrote(path: Path, records: list[AnyRecord], *samples: Any) -> Writer:
    writer = Writer.open(path, now=NOW, commit_s=0.01, report_every_s=0.0)
    journal = entries(*records)
    writer.catch_up(records_of(journal), head_of(journal))
    for sample in samples:
        writer.offer(sample)
    return writer


def newest(things: list[Any], key: str) -> list[Any]:
    return sorted(things, key=lambda thing: (getattr(thing, key), thing.id), reverse=True)


def test_pages_of_orders_and_fills_join_without_a_gap_or_a_repeat_newest_first(path: Path) -> None:
    writer = wrote(path, RECORDS)
    reader = Reader(writer.cursor)
    orders: list[Order] = []
    while page := reader.orders(3, (orders[-1].created_at, orders[-1].id) if orders else None):
        orders += page
    assert orders == newest(ORDERS, "created_at")
    fills: list[Fill] = []
    while chunk := reader.fills(4, (fills[-1].at, fills[-1].id) if fills else None):
        fills += chunk
    assert fills == newest(FILLS, "at")
    writer.close()


def test_fund_and_strategy_choose_and_hostile_names_are_only_names(path: Path) -> None:
    writer = wrote(path, RECORDS)
    reader = Reader(writer.cursor)
    assert reader.orders(100, fund_id="fund1") == newest(ORDERS[1::2], "created_at")
    assert reader.fills(100, fund_id="fund0", strategy="s0") == newest([FILLS[0], FILLS[6]], "at")
    assert reader.fills(100, strategy="' OR 1=1 --") == []
    assert reader.order("o7") == ORDERS[7]
    assert reader.order("'; DROP TABLE orders; --") is None
    assert len(reader.orders(100)) == 10
    writer.close()


def test_an_order_is_read_in_its_newest_state(path: Path) -> None:
    done = order("o3", OrderState.FILLED, filled=65)
    writer = wrote(path, [*RECORDS, OrderRecorded(NOW, done, OPTION)])
    assert Reader(writer.cursor).order("o3") == done
    writer.close()


def test_the_breakers_history_and_the_audit_come_newest_first(path: Path) -> None:
    writer = wrote(path, RECORDS)
    reader = Reader(writer.cursor)
    assert [event.halt_seq for event in reader.breaker_history(5)] == [2, 1]
    assert [event.halt_seq for event in reader.breaker_history(1)] == [2]
    lines = reader.audit(4)
    assert [line.seq for line in lines] == [23, 22, 21, 20]
    assert [line.seq for line in reader.audit(2, before_seq=20)] == [19, 18]
    assert decode(lines[0].payload.encode()).record == RECORDS[-1]
    assert (lines[0].at, lines[0].wall_at) == (NOW, NOW + 7)
    assert lines[0].digest == head_of(entries(*RECORDS)).digest.hex()
    writer.close()


def test_the_audit_is_asked_by_actor_action_and_time_the_first_moment_in_and_the_last_one_out(path: Path) -> None:
    said = [Audited(NOW + n, "ann" if n % 2 else "bob", "stop" if n % 3 else "reset", "done") for n in range(12)]
    writer = wrote(path, list(said))
    reader = Reader(writer.cursor)

    def seqs(**asked: Any) -> list[int]:
        return [line.seq - 1 for line in reader.audit(100, **asked)]

    assert seqs() == list(range(11, -1, -1))
    assert seqs(actor="ann") == [11, 9, 7, 5, 3, 1]
    assert seqs(action="reset") == [9, 6, 3, 0]
    assert seqs(actor="ann", action="reset") == [9, 3]
    assert seqs(since=NOW + 9) == [11, 10, 9]
    assert seqs(until=NOW + 2) == [1, 0]
    assert seqs(actor="bob", since=NOW + 2, until=NOW + 8, before_seq=7) == [4, 2]
    assert seqs(actor="' OR 1=1 --") == []
    writer.close()


def test_a_thinned_equity_line_keeps_its_end_its_trough_and_its_peak(path: Path) -> None:
    values = [100.0, 101.0, 55.0, 102.0, 103.0, 190.0, 104.0, 105.0, nan]
    samples = [published(n + 1, NOW + n * 1000, funds=(fund("main", v), fund("*", -v))) for n, v in enumerate(values)]
    writer = wrote(path, [], *samples)
    writer.close()
    with open_read_only(path) as reader:
        whole = reader.equity("main", NOW, 100)
        assert [point.portfolio_value for point in whole[:-1]] == values[:-1]
        assert whole[0] == EquityPoint(NOW, 100.0, 100.0, 100.0, 0.0, 0.0)
        assert isnan(whole[-1].portfolio_value)
        thin = reader.equity("main", NOW, 3)
        assert [point.at - NOW for point in thin] == [2000, 5000, 8000]
        assert [(point.low, point.high) for point in thin] == [(55.0, 101.0), (102.0, 190.0), (104.0, 105.0)]
        assert [point.at - NOW for point in reader.equity("*", NOW + 7000, 9)] == [7000, 8000]
        assert reader.equity("nobody", NOW, 9) == []
        assert len(reader.equity("main", NOW, 1)) == 1


def test_those_who_ask_the_same_within_a_moment_share_one_look_up(path: Path) -> None:
    writer = wrote(path, RECORDS)
    now, asked = [0.0], [0]

    def cursor() -> Any:
        asked[0] += 1
        return writer.cursor()

    reader = Reader(cursor, share_s=0.25, clock=lambda: now[0])
    first = reader.orders(5)
    assert reader.orders(5) == first
    assert asked[0] == 1
    reader.orders(6)
    assert asked[0] == 2
    now[0] = 0.25
    reader.orders(5)
    assert asked[0] == 3
    writer.close()


def test_readers_in_many_threads_wait_for_one_look_up_and_all_hear_of_its_failure(path: Path) -> None:
    asked, began, gate, said = [0], threading.Event(), threading.Event(), []

    def cursor() -> Any:
        asked[0] += 1
        began.set()
        gate.wait(20)
        raise ConnectionError("gone")

    reader = Reader(cursor)

    def ask() -> None:
        with pytest.raises(ConnectionError) as problem:
            reader.orders(5)
        said.append(str(problem.value))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert began.wait(20)
    time.sleep(0.2)  # the others come to wait for the one that looks it up
    gate.set()
    for thread in threads:
        thread.join(20)
    assert said == ["gone"] * 8
    assert asked[0] == 1
    with pytest.raises(ConnectionError):
        reader.orders(5)  # a failure is not kept


def test_readers_beside_a_busy_writer_always_see_whole_commits(path: Path) -> None:
    writer = wrote(path, [])
    reader = Reader(writer.cursor, share_s=0.0)
    seen: list[int] = []
    journal = entries(*(Audited(NOW + n, "ann", "note", "done", str(n)) for n in range(400)))
    for first in range(1, 400, 20):
        writer.offer_entries(first, journal[first - 1 : first + 19], head_of(journal, first + 19).digest)
        lines = reader.audit(1000)
        assert len(lines) % 20 == 0
        assert [line.seq for line in lines] == list(range(len(lines), 0, -1))
        seen.append(len(lines))
    assert seen == sorted(seen)
    writer.close()
    with pytest.raises(StoreError, match="cannot answer"):
        reader.audit(1)


CHILD = """
import sys, time
from pathlib import Path
from tests.store.test_reader import *
writer = wrote(Path(sys.argv[1]), RECORDS)
print("held", flush=True)
time.sleep(60)
"""


def test_without_a_sidecar_the_file_is_read_even_after_a_kill_and_with_one_it_is_refused(
    path: Path, repository: Path
) -> None:
    with pytest.raises(StoreError, match="there is no database yet; start the sidecar"):
        open_read_only(path)
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(path)], cwd=repository, stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"held\n"
    with pytest.raises(StoreError, match="a running sidecar has it; ask the sidecar instead"):
        open_read_only(path)
    child.kill()
    child.communicate()
    assert path.with_name("desk.duckdb.wal").exists()
    before = path.read_bytes()
    with open_read_only(path) as reader:
        assert reader.orders(100) == newest(ORDERS, "created_at")
    assert path.read_bytes() == before


@pytest.mark.parametrize("number", ["99", "0"])
def test_a_file_of_another_schema_is_refused_with_what_to_do(path: Path, number: str) -> None:
    wrote(path, []).close()
    with connect(path) as connection:
        connection.execute("UPDATE meta SET value = ? WHERE key = 'schema'", [number])
    with pytest.raises(StoreError, match=r"upgrade|start the sidecar once") as problem:
        open_read_only(path)
    assert isinstance(problem.value, SchemaTooNew) == (number == "99")


def test_a_damaged_file_is_refused_for_reading_and_left_alone(path: Path) -> None:
    path.write_bytes(b"junk" * 5000)
    with pytest.raises(StoreError, match="start the sidecar to repair it"):
        open_read_only(path)
    assert path.read_bytes() == b"junk" * 5000
