"""Questions in SQL: one SELECT each, read-only, bounded in time, rows, bytes and memory, on threads of their own.

``statement.check`` says what may be asked. It is then asked in a read-only transaction on a cursor of the desk's own
connection, whose settings are locked and which reaches no file but its own. Who asks the same within a moment, or while
it is being answered, shares one answer.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple, Self

import duckdb

from sidecar.domain.errors import StoreError
from sidecar.store.results import FORMATS, Answer, Rows, gathered
from sidecar.store.schema import Connection, first_line
from sidecar.store.sharing import Shared
from sidecar.store.statement import bare, check, refused

#: Rows that one answer may have at most, and the bytes of the texts of one row.
MOST_ROWS = 100_000
LONGEST_ROW = 256 * 2**10
_BATCH = 128
_LOOK_S = 0.02
_PATIENCE_S = 0.5
_CLOSE_S = 2.0
_TOO_LONG = f"a row of it is longer than {LONGEST_ROW:,} bytes"
_SHORT = frozenset(
    {
        "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
        "HUGEINT", "UHUGEINT", "FLOAT", "DOUBLE", "DATE", "TIME", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE",
        "INTERVAL", "UUID", "DECIMAL(18,4)",
    }
)  # fmt: skip
Relation = duckdb.DuckDBPyRelation
Question = tuple[str, int, str]
#: What queries use while they run. What is cached of the file, and the indexes, are there in any case.
_MEMORY = """
SELECT sum(memory_usage_bytes) FROM duckdb_memory()
WHERE tag NOT IN ('BASE_TABLE', 'METADATA', 'ART_INDEX', 'OBJECT_CACHE', 'TRANSACTION')
"""
_NARROWER = "narrow it: fewer rows, a shorter span, no join of everything with everything"


class Bounds(NamedTuple):
    """What a question may take: seconds, how many run ``at_once``, bytes of memory of all of them and of an answer."""

    timeout_s: float = 5.0
    at_once: int = 4
    memory_bytes: int = 384 * 2**20
    answer_bytes: int = 32 * 2**20


@dataclass(eq=False)
class _Run:
    """A question that is being answered: when it must end, and why it was ended before."""

    answer: Future[Answer]
    until: float
    cursor: Connection | None = None
    why: str = ""


class Queries:
    """Answers questions with cursors of ``cursor``; :meth:`ask` may be called from any thread, and never waits."""

    def __init__(
        self, cursor: Callable[[], Connection], bounds: Bounds | None = None, *, share_s: float = 0.25
    ) -> None:
        self.bounds = bounds or Bounds()
        self._cursor = cursor
        self._shared = Shared(share_s, time.monotonic)
        self._asked: dict[Question, Future[Answer]] = {}
        self._runs: set[_Run] = set()
        self._changed = threading.Condition()
        self._closed = False
        self._pool = ThreadPoolExecutor(self.bounds.at_once, "query")
        self._watch = threading.Thread(target=self._look, name="query-watch", daemon=True)
        self._watch.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, sql: str, limit: int, form: str) -> Future[Answer] | None:
        """The answer of at most ``limit`` rows, as ``arrow`` or ``json``; None where as many run as may run at once.

        It fails with an ``InputError`` that says what is wrong with the question, or a :class:`StoreError`.
        """
        question = (sql, limit, form)
        with self._changed:
            self._asked = {asked: answer for asked, answer in self._asked.items() if not answer.done()}
            running = self._asked.get(question)
        try:
            return running or self._shared.get(question, lambda: self._begin(question))
        except BlockingIOError:
            return None

    def close(self) -> None:
        """Ends what runs, and takes no more; a second call changes nothing."""
        with self._changed:
            self._closed = True
            for run in self._runs:
                run.why, run.until = "was ended: the sidecar is stopping", 0.0
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._runs, _CLOSE_S)
        self._pool.shutdown(wait=not self._runs)
        self._watch.join(_CLOSE_S)  # it has a cursor of its own

    def _begin(self, question: Question) -> Future[Answer]:
        with self._changed:
            if self._closed:
                raise StoreError("the sidecar is stopping")
            if len(self._runs) >= self.bounds.at_once:
                raise BlockingIOError  # shared with nobody who asks later
            run = _Run(Future(), time.monotonic() + self.bounds.timeout_s)
            self._asked[question] = run.answer
            self._runs.add(run)
            self._changed.notify_all()
        self._pool.submit(self._run, run, *question)
        return run.answer

    def _run(self, run: _Run, sql: str, limit: int, form: str) -> None:
        failure: BaseException | None = None
        answer = Answer(b"", "", 0, False)
        try:
            answer = self._answer(run, sql, limit, form)
        except BaseException as problem:  # noqa: BLE001 - whoever asked hears of it, whatever it is
            failure = problem
        with self._changed:
            self._runs.discard(run)
            self._changed.notify_all()
            if run.answer.done():
                return  # too late
            if failure:
                run.answer.set_exception(failure)
            else:
                run.answer.set_result(answer)

    def _answer(self, run: _Run, sql: str, limit: int, form: str) -> Answer:
        try:
            with self._cursor() as cursor:
                run.cursor = cursor
                rows = self._rows(run, cursor, sql, limit)
        except duckdb.Error as problem:
            raise StoreError(f"the database cannot answer ({first_line(problem)})") from problem
        finally:
            run.cursor = None
        media_type, made = FORMATS[form]
        body = made(rows)
        if len(body) > self.bounds.answer_bytes:
            raise refused("has an answer that is too large", "ask for fewer columns or rows, or for Arrow")
        return Answer(body, media_type, sum(piece.num_rows for piece in rows.pieces), rows.truncated)

    def _rows(self, run: _Run, cursor: Connection, sql: str, limit: int) -> Rows:
        try:
            check(sql, cursor)
            cursor.execute("BEGIN TRANSACTION READ ONLY")
            asked = cursor.sql(bare(sql))
            reader = _bounded(asked).to_arrow_reader(_BATCH)
            return gathered(reader, asked.columns, limit, self.bounds.answer_bytes)
        except (duckdb.InterruptException, duckdb.OutOfMemoryException) as problem:
            raise refused(run.why or "needs more memory than a question may have", _NARROWER) from problem
        except (duckdb.FatalException, duckdb.InternalException, duckdb.ConnectionException):
            raise
        except (duckdb.Error, RuntimeError, OSError) as problem:  # what Arrow passes on is none of DuckDB's errors
            raise refused(run.why or f"failed: {_told(problem)}", "") from problem

    def _look(self) -> None:
        """The watch: ends what is over its time, and all that runs where it takes too much memory together."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._runs or self._closed)
                if self._closed and not self._runs:
                    return
                self._end_late()
            self._end_large()
            time.sleep(_LOOK_S)

    def _end_late(self) -> None:
        now = time.monotonic()
        for run in self._runs:
            if now >= run.until:
                self._end(run, f"took longer than {self.bounds.timeout_s:g} s")
            if now >= run.until + _PATIENCE_S and not run.answer.done():
                run.answer.set_exception(refused(run.why, _NARROWER))  # while DuckDB comes to where it can be ended

    def _end_large(self) -> None:
        try:
            with self._cursor() as cursor:
                ((used,),) = cursor.execute(_MEMORY).fetchall()
        except duckdb.Error:
            return  # whoever asks will hear why
        if used > self.bounds.memory_bytes:
            with self._changed:
                for run in self._runs:
                    self._end(run, "needs more memory than the questions that run now may have")

    @staticmethod
    def _end(run: _Run, why: str) -> None:
        run.why = run.why or why
        if cursor := run.cursor:
            with suppress(duckdb.Error):  # it has just been closed
                cursor.interrupt()


def _bounded(asked: Relation) -> Relation:
    """The same rows, but for one that is too long: it would be copied out of DuckDB 2,048 times before it is seen."""
    long = [f"coalesce(strlen(#{n}::VARCHAR), 0)" for n, kind in enumerate(asked.types, 1) if str(kind) not in _SHORT]
    if not long:
        return asked
    return asked.filter(f"CASE WHEN {' + '.join(long)} > {LONGEST_ROW} THEN error('{_TOO_LONG}') ELSE true END")


def _told(problem: Exception) -> str:
    return " ".join(str(problem).split())[:300]
