"""Questions in SQL beside a running writer: exact answers, bounded in time, rows, memory and number, and shared."""

import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pytest

from sidecar.domain.clock import to_datetime
from sidecar.domain.errors import InputError, StoreError
from sidecar.domain.records import AlertRecorded, AnyRecord, FillRecorded
from sidecar.store.queries import Bounds, Queries
from sidecar.store.results import Answer
from sidecar.store.writer import Writer
from tests.store.build import NOW, alert, entries, fill, head_of, measured, records_of, until

RECORDS: list[AnyRecord] = [
    *(FillRecorded(NOW, fill(f"f{n}", NOW + n, price=Decimal("80.3512") + n)) for n in range(5)),
    AlertRecorded(NOW, alert()),
]
FOREVER = {
    "a join of everything": "SELECT count(*) FROM range(1000000) a, range(1000000) b, range(1000000) c",
    "an endless recursion": "WITH RECURSIVE t AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM t) SELECT max(x) FROM t",
    "a sort": "SELECT a.range FROM range(100000000) a ORDER BY hash(a.range)",
    "rows one by one": "SELECT * FROM range(1000000000000) WHERE range < 0",
    "a slow function": "SELECT sum(levenshtein(a.payload, b.payload)) FROM audit a, audit b, range(10000000)",
}
LARGE = {
    "a text that doubles": "WITH RECURSIVE t AS (SELECT 'x' AS x UNION ALL SELECT x || x FROM t) SELECT max(x) FROM t",
    "a text of all texts": "SELECT length(string_agg(a.payload, '')) FROM audit a, range(1000000)",
    "ten million keys": "SELECT count(*) FROM (SELECT DISTINCT a.range, b.range FROM range(9999) a, range(999) b)",
}  # fmt: skip


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    made = Writer.open(tmp_path / "desk.duckdb", now=NOW, commit_s=0.01, report_every_s=0.0)
    journal = entries(*RECORDS)
    made.catch_up(records_of(journal), head_of(journal))
    yield made
    made.close()


@pytest.fixture
def queries(writer: Writer) -> Iterator[Queries]:
    with Queries(writer.cursor, Bounds(timeout_s=0.5), share_s=0.0) as made:
        yield made


def answer(queries: Queries, sql: str, limit: int = 100, form: str = "json") -> Answer:
    asked = queries.ask(sql, limit, form)
    assert asked is not None
    return asked.result(20)


def told(queries: Queries, sql: str, limit: int = 100) -> Any:
    return msgspec.json.decode(answer(queries, sql, limit).body)


def test_money_times_and_unknowns_are_told_as_json_in_the_order_asked(queries: Queries) -> None:
    found = told(
        queries,
        "SELECT id, price, timestamp, timestamp::DATE AS day, 'nan'::DOUBLE AS unknown, 1 AS a, 2 AS a, fees > 1 "
        "AS dear FROM fills ORDER BY timestamp DESC LIMIT 2; -- the newest",
    )
    assert [column["name"] for column in found["columns"]] == [
        "id", "price", "timestamp", "day", "unknown", "a", "a", "dear",
    ]  # fmt: skip
    assert found["columns"][1:3] == [
        {"name": "price", "type": "decimal128(18, 4)"},
        {"name": "timestamp", "type": "timestamp[us, tz=UTC]"},
    ]
    assert found["rows"][0] == ["f4", 84.3512, "2026-08-18T03:45:00.000004Z", "2026-08-18", None, 1, 2, True]
    assert (found["count"], found["truncated"]) == (2, False)


def test_arrow_keeps_what_json_cannot(queries: Queries) -> None:
    local = "CAST('2026-08-18 09:15:00' AS TIMESTAMP) AS local"
    sql = f"SELECT id, price, timestamp, {local} FROM fills ORDER BY id LIMIT 1"
    table = pa.ipc.open_stream(answer(queries, sql, form="arrow").body).read_all()
    assert table.to_pylist()[0] | {"local": 0} == {
        "id": "f0", "price": Decimal("80.3512"), "timestamp": to_datetime(NOW), "local": 0,
    }  # fmt: skip
    assert table.schema.field("local").type == pa.timestamp("us")
    with pytest.raises(InputError, match="has no offset"):
        answer(queries, sql)


def test_more_rows_than_asked_for_are_cut_and_said_to_be(queries: Queries) -> None:
    assert [len(told(queries, "FROM fills", n)["rows"]) for n in (1, 4, 5, 6)] == [1, 4, 5, 5]
    assert [told(queries, "FROM fills", n)["truncated"] for n in (1, 4, 5, 6)] == [True, True, False, False]
    cut = pa.ipc.open_stream(answer(queries, "FROM range(1000000000000)", 3000, "arrow").body).read_all()
    assert cut.schema.metadata == {b"truncated": b"true"}
    assert cut.column(0).to_pylist() == list(range(3000))
    none = answer(queries, "SELECT id FROM fills WHERE false", form="arrow")
    assert pa.ipc.open_stream(none.body).read_all().num_rows == none.rows == 0


@pytest.mark.parametrize("what", FOREVER)
def test_what_takes_too_long_is_ended_within_a_second_of_its_time(queries: Queries, what: str) -> None:
    before = time.monotonic()
    with pytest.raises(InputError, match=r"sql: (took longer than 0\.5 s|needs more memory than .*); narrow it"):
        answer(queries, FOREVER[what])
    assert time.monotonic() - before < 1.5 + 0.5  # and this machine may be busy
    assert told(queries, "SELECT count(*) FROM fills")["rows"] == [[5]]


@pytest.mark.parametrize("what", LARGE)
def test_what_takes_too_much_memory_is_ended_and_the_writer_goes_on(writer: Writer, what: str) -> None:
    with Queries(writer.cursor, Bounds(timeout_s=10.0, memory_bytes=100 * 2**20), share_s=0.0) as queries:
        asked = queries.ask(LARGE[what], 10, "json")
        assert asked is not None
        writer.offer_system(measured())
        with pytest.raises(InputError, match=r"needs more memory than .*; narrow it"):
            asked.result(20)
        until(lambda: writer.rows["system_status"] == 1)
        assert writer.failure is None


def test_a_row_or_an_answer_that_is_too_large_is_refused(writer: Writer) -> None:
    with Queries(writer.cursor, Bounds(answer_bytes=100_000), share_s=0.0) as queries:
        long = "(SELECT string_agg(payload, '') AS s FROM audit, range(2000))"
        with pytest.raises(InputError, match="longer than 262,144 bytes"):
            answer(queries, f"SELECT s FROM {long}, range(2000)")
        assert told(queries, f"SELECT length(s) > 1000000 FROM {long}")["rows"] == [[True]]
        for form in ("json", "arrow"):
            with pytest.raises(InputError, match=r"of more than 100,000 bytes|too large"):
                answer(queries, "SELECT payload FROM audit, range(2000)", 100_000, form)


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("SELECT nothing FROM fills", 'column "nothing" not found'),
        ("SELECT * FROM fillz", "reads 'fillz', which is no table of the desk; SHOW TABLES"),
        ("SELECT CAST('x' AS INT)", "Could not convert string 'x' to INT32"),
        ("SELECT 1 +", "syntax error"),
        ("DROP TABLE fills", "is not one SELECT but DROP"),
        ("SELECT sum(id) FROM fills", "No function matches"),
        ("SELECT 9223372036854775807 + seq FROM fills", "Overflow"),
    ],
)
def test_a_question_that_fails_says_why_in_one_line(writer: Writer, sql: str, what: str) -> None:
    with (
        Queries(writer.cursor, Bounds(timeout_s=10.0), share_s=0.0) as queries,
        pytest.raises(InputError, match=f"(?i)^sql: .*{what}") as refused,
    ):
        answer(queries, sql)
    assert "\n" not in str(refused.value)


def test_who_asks_the_same_at_once_or_a_moment_later_shares_one_answer(writer: Writer) -> None:
    cursors = [0]

    def cursor() -> Any:
        cursors[0] += threading.current_thread().name.startswith("query_")
        return writer.cursor()

    with Queries(cursor, Bounds(timeout_s=0.6), share_s=5.0) as queries:
        slow = FOREVER["a join of everything"]
        assert len({id(queries.ask(slow, 10, "json")) for _ in range(50)}) == 1
        first = queries.ask("FROM fills", 10, "json")
        assert first is not None
        assert first.result(20).rows == 5
        assert queries.ask("FROM fills", 10, "json") is first
        assert queries.ask("FROM fills", 11, "json") is not first
        assert answer(queries, "FROM fills", 10, "arrow").rows == 5
    assert cursors[0] == 4


def test_one_more_than_may_run_at_once_is_told_to_ask_again(writer: Writer) -> None:
    with Queries(writer.cursor, Bounds(timeout_s=0.5, at_once=2), share_s=5.0) as queries:
        running = [queries.ask(f"{FOREVER['a join of everything']} -- {n}", 10, "json") for n in range(2)]
        assert None not in running
        assert queries.ask("FROM fills", 10, "json") is None
        for asked in running:
            assert asked is not None
            assert isinstance(asked.exception(20), InputError)
        until(lambda: queries.ask("FROM fills", 10, "json") is not None)


def test_closing_ends_what_runs_at_once_and_takes_no_more(writer: Writer) -> None:
    queries = Queries(writer.cursor, Bounds(timeout_s=60.0))
    running = [queries.ask(FOREVER["a sort"], 10 + n, "json") for n in range(3)]
    before = time.monotonic()
    queries.close()
    assert time.monotonic() - before < 2.0
    for asked in running:
        assert asked is not None
        with pytest.raises(InputError, match="was ended: the sidecar is stopping"):
            asked.result(0)
    with pytest.raises(StoreError, match="is stopping"):
        queries.ask("FROM fills", 10, "json")
    queries.close()


def test_a_database_that_is_gone_is_no_fault_of_the_question(writer: Writer) -> None:
    with Queries(writer.cursor) as queries:
        writer.close()
        with pytest.raises(StoreError, match="the database cannot answer"):
            answer(queries, "FROM fills")


def test_the_settings_stay_and_nothing_is_left_behind(writer: Writer, queries: Queries) -> None:
    with writer.cursor() as cursor:
        for setting in ("threads = 1", "enable_external_access = true", "TimeZone = 'Asia/Kolkata'"):
            with pytest.raises(Exception, match="configuration has been locked"):
                cursor.execute(f"SET {setting}")
        assert cursor.execute("SELECT current_setting('TimeZone')").fetchall() == [("UTC",)]
    for _ in range(50):
        answer(queries, "FROM fills")
    with writer.cursor() as cursor:
        ((open_ones,),) = cursor.execute("SELECT count FROM duckdb_connection_count()").fetchall()
        assert open_ones < 12
