"""DuckDB, a few hundred milliseconds behind the desk: one thread commits what the desk offers, and nobody waits for it.

Journal entries are on disk already when they come here; they are projected in order, without a gap, and wait for as
long as a commit fails. Reports and quotes are samples: they are dropped, and counted, where the queue is full or a
commit fails. The journal is the truth, so whatever is missed here is caught up at the next start.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import duckdb
import pyarrow as pa

from sidecar.domain.bars import Bar
from sidecar.domain.breaker import BreakerState
from sidecar.domain.clock import SECOND, from_datetime
from sidecar.domain.errors import StoreError
from sidecar.domain.records import Entry
from sidecar.domain.report import Published
from sidecar.domain.system import SystemLine
from sidecar.store.database import Database, projected
from sidecar.store.frames import Head, Record
from sidecar.store.owed import Group, Owed
from sidecar.store.projection import read
from sidecar.store.sampling import Bars, Sample, Sampler
from sidecar.store.schema import Connection, first_line
from sidecar.store.waiting import Waiting

_WAITING = 64
#: Bars that may wait for a commit that does not fail, and how many failures in a row they wait.
_BARS, _TRIES = 250_000, 10
_RETRY_S = (0.25, 0.5, 1.0, 2.0, 5.0)
_CLOSE_S = 30.0


class Writer:
    """The owner of ``desk.duckdb``; made by :meth:`open`, given up by :meth:`close`."""

    def __init__(
        self,
        database: Database,
        commit_s: float,
        sampler: Sampler,
        report_every_s: float,
        on_commit: Callable[[float, int], None] | None,
        waiting: int,
    ) -> None:
        self._database = database
        self._commit_s = commit_s
        self._sampler = sampler
        self._every = round(report_every_s * SECOND)
        self._on_commit = on_commit
        self._waiting = Waiting(waiting)
        self._bars: list[Bars] = []
        self._sampled_at: int | None = None
        self._owed = Owed(database.head or Head(0, b""))
        self._writing = threading.Lock()  # guards the database against two writers
        self._waits: Callable[[], bool] = lambda: False
        self.note = database.note
        self.failure: str | None = None
        self.twins = 0
        self.rows: Counter[str] = Counter()
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)
        self._thread.start()

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        now: int,
        commit_s: float = 0.2,
        report_every_s: float = 1.0,
        quotes: bool = True,
        on_commit: Callable[[float, int], None] | None = None,
        waiting: int = _WAITING,
    ) -> Writer:
        """Opens, makes or migrates the database at ``path``; a damaged one is set aside, which ``note`` then says.

        ``now``: the time for that name, microseconds UTC. ``commit_s``: how long rows are gathered for one commit.
        ``report_every_s``: market seconds between two samples of the reports. ``quotes``: whether quotes are kept.
        ``on_commit(seconds, rows)`` is called by the writer thread after each commit. ``waiting``: how many samples may
        wait. Afterwards: ``rows`` counts the rows written by table, ``twins`` the bars of minutes that were known
        already, ``dropped`` the samples lost, ``failure`` says why the last commit failed (None: it did not).

        :raises SchemaTooNew: untouched. :raises StoreError: it cannot be opened.
        """
        return cls(Database(path, now), commit_s, Sampler(quotes=quotes), report_every_s, on_commit, waiting)

    def catch_up(self, records: Iterable[Record], head: Head) -> int:
        """Projects what a journal holds past :meth:`head`; returns how many records that were. Once, before any offer.

        ``records``: the journal's, from its first; ``head``: its head, also of an empty journal. A database that knows
        another history than this journal is set aside and made anew from it; ``note`` says so. Where the disk refuses,
        ``failure`` says so and the thread goes on trying.

        :raises StoreError: the records do not lead to ``head`` without a gap.
        """
        records = list(records)
        if [record.seq for record in records] != list(range(1, head.seq + 1)):
            raise StoreError(f"the journal records to catch up with are not numbers 1 to {head.seq}")
        mine = self.head()
        if mine is not None and (mine.seq > head.seq or records[mine.seq - 1].digest != mine.digest):
            with self._writing:
                self._database.start_anew()
            self.note = self._database.note
            mine = None
        missed = [read(record) for record in records[mine.seq if mine else 0 :]]
        self._owed.begin(missed, head)
        if missed and not self._commit([]):
            self._waiting.owe(Group(1, [], b""))  # so that the thread goes on trying
        return len(missed)

    def give_way(self, full: Callable[[], bool]) -> None:
        """From now on, write nothing while ``full()``: what is left of the disk is another's."""
        self._waits = full

    def offer(self, published: Published) -> None:
        """Takes a report and its chain as a sample, if one is due; never waits."""
        at = from_datetime(published.report.timestamp)
        if self._sampled_at is not None and 0 <= at - self._sampled_at < self._every:
            return
        self._sampled_at = at
        self._waiting.offer(published)

    def offer_system(self, line: SystemLine) -> None:
        """Takes a measurement of machine and process as a sample; never waits."""
        self._waiting.offer(line)

    def offer_bars(self, bars: Sequence[Bar]) -> None:
        """Takes bars, together one sample, which a failed commit keeps; never waits. The first of a minute stands."""
        if bars:
            self._waiting.offer(Bars(tuple(bars)))

    def offer_entries(self, first_seq: int, entries: Sequence[Entry], head_digest: bytes) -> None:
        """Takes journal records that are on disk; never waits, never drops.

        ``first_seq`` numbers the first of them, ``head_digest`` is the chain's value after the last, which is computed
        here once more. What was projected before is passed over; a gap, or a chain that is not the journal's, stops the
        projection until the next start (``failure`` says so).
        """
        if entries:
            self._waiting.owe(Group(first_seq, entries, head_digest))

    def head(self) -> Head | None:
        """The journal record last projected, and the chain's value there: a witness for the journal."""
        return self._database.head

    def last_breaker(self) -> BreakerState | None:
        """The breaker's state as last projected; None where there never was an event."""
        return self._database.last_breaker()

    def cursor(self) -> Connection:
        """A connection to read with, in the caller's thread; the caller closes it."""
        return self._database.cursor()

    @contextmanager
    def between(self) -> Iterator[Database]:
        """The database between two commits, which wait until it is given back."""
        with self._writing:
            yield self._database

    @property
    def queue_depth(self) -> int:
        """Samples and groups of entries that wait for a commit."""
        return len(self._waiting) + len(self._owed)

    @property
    def dropped(self) -> int:
        """Samples that were lost: there was no room for them, or a commit failed."""
        return self._waiting.dropped

    @property
    def size_bytes(self) -> int:
        """The size of the file and its log."""
        return self._database.size_bytes()

    def close(self) -> None:
        """Commits what waits, as far as the disk lets it, and gives the file up; a second call changes nothing."""
        self._waiting.close()
        self._thread.join(_CLOSE_S)
        if not self._thread.is_alive():
            self._database.close()

    def _run(self) -> None:
        """The writer thread: commit after commit until the sentinel."""
        ended: str | None = "the writer has ended"  # a fault of this program: the desk goes on, readiness says so
        failures, going = 0, True
        try:
            while going:
                wait_s = _RETRY_S[min(failures, len(_RETRY_S)) - 1] if failures else self._commit_s
                samples, going = self._waiting.gather(self._owed, wait_s, at_once=bool(failures))
                failures = 0 if self._commit(samples, failures) else failures + 1
            ended = self.failure
        finally:
            self.failure = ended

    def _commit(self, new: Sequence[Sample], failures: int = 0) -> bool:
        """One transaction with the entries that are owed and the samples; what failed of the first stays owed.

        ``failures`` is how many commits in a row have failed before this one.
        """
        samples = [*self._bars, *new]
        if self._waits():
            self.failure = "the disk is full; what room is left is the journal's"
            self._lose(samples, keep=True)
            return False
        with self._writing:
            started, head = time.perf_counter(), self._database.head
            lines = self._owed.past(head.seq if head else 0)
            reached = Head(lines[-1].seq, lines[-1].digest) if lines else None
            try:
                rows = self._database.write(chain(projected(lines), self._sampler.tables(samples).items()), reached)
            except (duckdb.Error, pa.ArrowException) as problem:
                self._lose(samples, keep=failures < _TRIES)
                self._failed(problem)
                return False
            self._owed.paid()
            self.failure = self._owed.gap
        self._bars.clear()
        self.rows.update(rows)
        self.twins += sum(len(each.rows) for each in samples if isinstance(each, Bars)) - rows["bars"]
        if self._on_commit is not None and rows:
            self._on_commit(time.perf_counter() - started, rows.total())
        return True

    def _lose(self, samples: Sequence[Sample], *, keep: bool) -> None:
        """Drop samples that a commit did not take, but for the bars, if they may be kept."""
        bars = [each for each in samples if isinstance(each, Bars)] if keep else []
        while sum(len(each.rows) for each in bars) > _BARS:
            bars.pop(0)
        self._bars = bars
        self._waiting.lose(len(samples) - len(bars))
        self._sampler.forget()

    def _failed(self, problem: Exception) -> None:
        self.failure = first_line(problem)
        try:
            self._database.revive()
        except (duckdb.Error, StoreError) as worse:
            self.failure = first_line(worse)
