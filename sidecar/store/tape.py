"""A tape: every event of a market or a desk in order, with a header that says where it comes from.

It is an Arrow IPC stream, bodies in zstd where this build has it. One row is one event: a quote fills the columns, any
other event is its JSON in ``payload``. Each batch carries a CRC-32 of its contents, and the last row (kind ``end``)
says that the recording was finished, and with which report hash. NaN means unknown, here as in the events.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import msgspec
import pyarrow as pa

from sidecar.domain.contracts import Contract
from sidecar.domain.errors import FileRefused
from sidecar.domain.events import AnyEvent
from sidecar.store.batches import FIELDS, Names, Row, batch_of, checksum, events, payload_row, row

VERSION = 1
BATCH_ROWS = 16_384
END = "end"
_HEADER_KEY = b"deskwatch.tape"
_CRC_KEY = b"crc32"
_END_OF_STREAM = b"\xff\xff\xff\xff\x00\x00\x00\x00"
_OPEN_REMEDY = "the recording broke off: record or import it again"


class TapeHeader(msgspec.Struct, frozen=True):
    """Where a tape comes from. ``recorded`` says whose events it holds: a market's alone, or all that a desk took in.

    ``sessions`` are the trading days, ``zone`` the exchange's time zone, ``notes`` what a reader has to know.
    """

    source: str
    simulated: bool
    recorded: Literal["market", "desk"]
    exchange: str
    zone: str
    contracts: tuple[Contract, ...] = ()
    sessions: tuple[date, ...] = ()
    notes: tuple[str, ...] = ()
    config: str = ""
    version: int = VERSION


class End(msgspec.Struct, frozen=True):
    """The last row of a finished tape: how many ``events`` stand before it, how many ``reports`` the desk made of them.

    ``report_hash`` is the hash of that report stream; None on a tape that no desk has run.
    """

    events: int
    reports: int = 0
    report_hash: str | None = None


class TapeWriter:
    """Writes a tape batch by batch, so that a crash loses the last batch at most.

    As a context manager it finishes the tape, unless an exception leaves the block: then the tape stays open-ended,
    which is what a reader must see.
    """

    def __init__(self, path: Path, header: TapeHeader, batch_rows: int = BATCH_ROWS) -> None:
        self._sink = pa.OSFile(str(path), "wb")
        self._schema = _schema(header)
        options = pa.ipc.IpcWriteOptions(
            compression="zstd" if pa.Codec.is_available("zstd") else None, emit_dictionary_deltas=True
        )
        self._stream = pa.ipc.new_stream(self._sink, self._schema, options=options)
        self._batch_rows = batch_rows
        self._waiting: list[AnyEvent] = []
        self._names = Names()
        self._events = 0
        self._last_at = 0

    def write(self, happened: Iterable[AnyEvent]) -> None:
        """Adds what ``happened``, in order; the events reach the file once a batch is full, or with :meth:`flush`."""
        for event in happened:
            self._waiting.append(event)
            if len(self._waiting) >= self._batch_rows:
                self.flush()

    def flush(self) -> None:
        """Writes the batch that is waiting, however small. :raises InputError: an event that JSON cannot hold."""
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            self._put([row(event) for event in waiting])
            self._events += len(waiting)
            self._last_at = waiting[-1].at

    def close(self, report_hash: str | None = None, reports: int = 0) -> None:
        """Finishes the tape with its ``end`` row; a closed tape stays as it is."""
        if self._sink.closed:
            return
        self.flush()
        end = msgspec.json.encode(End(self._events, reports, report_hash))
        self._put([payload_row(END, self._last_at, end)])
        self._stream.close()
        self._sink.close()

    def abandon(self) -> None:
        """Closes the file without an ``end``: what is there can be read as an open tape."""
        self._sink.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abandon()

    def _put(self, rows: list[Row]) -> None:
        batch = batch_of(rows, self._schema, self._names)
        self._stream.write_batch(batch, custom_metadata={_CRC_KEY: str(checksum(batch)).encode()})


def read_header(path: Path) -> TapeHeader:
    """The header of a tape. :raises FileRefused: the file is no tape, or a newer program's."""
    with _opened(path) as stream:
        return _header(path, stream.schema)


def read(path: Path, *, allow_open: bool = False) -> Iterator[AnyEvent]:
    """The events of a tape in the order in which they were written.

    A tape without its ``end`` is refused before its first event, unless ``allow_open``: then its whole batches are
    read. A damaged batch is always refused.

    :raises FileRefused: no tape, cut off, or damaged; ``row`` is the first row that cannot be trusted.
    """
    read_header(path)
    if not allow_open and not _is_closed(path):
        sound = sum(batch.num_rows for batch in _batches(path, allow_open=True))
        raise FileRefused(str(path), "the tape has no end: it breaks off", _OPEN_REMEDY, sound)
    return _events(path, allow_open=allow_open)


def read_end(path: Path) -> End | None:
    """How a tape was finished; None for one that breaks off. :raises FileRefused: no tape, or damaged."""
    read_header(path)
    if not _is_closed(path):
        return None
    batches = _batches(path, allow_open=True)
    while True:
        try:
            next(batches)
        except StopIteration as stopped:
            end: End | None = stopped.value
            return end


def _schema(header: TapeHeader) -> pa.Schema:
    return pa.schema(FIELDS, metadata={_HEADER_KEY: msgspec.json.encode(header)})


def _events(path: Path, *, allow_open: bool) -> Iterator[AnyEvent]:
    rows = 0
    for batch in _batches(path, allow_open=allow_open):
        try:
            yield from events(batch)
        except msgspec.DecodeError as problem:
            raise FileRefused(str(path), f"has an event this program does not know ({problem})", row=rows) from None
        rows += batch.num_rows


def _batches(path: Path, *, allow_open: bool) -> Generator[pa.RecordBatch, None, End | None]:
    """The sound batches of events; returns the ``end``, or None where the tape breaks off and may."""
    rows = 0
    with _opened(path) as stream:
        while True:
            problem = "it has no end"
            try:
                batch, metadata = stream.read_next_batch_with_custom_metadata()
            except (StopIteration, pa.ArrowException, OSError) as trouble:
                problem = _first_line(trouble) or problem
                break
            _refuse_damaged(path, batch, metadata, rows)
            if batch.column("kind")[0].as_py() == END:
                end = msgspec.json.decode(batch.column("payload")[0].as_py(), type=End)
                if end.events != rows:
                    raise FileRefused(str(path), f"the tape is damaged: its end counts {end.events} events", row=rows)
                return end
            rows += batch.num_rows
            yield batch
    if allow_open:
        return None
    raise FileRefused(str(path), f"the tape breaks off ({problem})", _OPEN_REMEDY, rows)


def _refuse_damaged(path: Path, batch: pa.RecordBatch, metadata: Any, first_row: int) -> None:
    try:
        batch.validate(full=True)  # before any string is touched: damaged offsets point anywhere
    except pa.ArrowException as problem:
        raise FileRefused(str(path), f"the tape is damaged ({_first_line(problem)})", row=first_row) from None
    if metadata is None or metadata.get(_CRC_KEY) != str(checksum(batch)).encode():
        raise FileRefused(str(path), "the tape is damaged: its rows do not match their CRC-32", row=first_row)


@contextmanager
def _opened(path: Path) -> Iterator[pa.RecordBatchStreamReader]:
    try:
        source = pa.memory_map(str(path)) if path.stat().st_size else None
    except OSError as problem:
        raise FileRefused(str(path), f"cannot be opened ({problem.strerror})") from None
    if source is None:
        raise FileRefused(str(path), "is empty: not a tape")
    with source:
        try:
            stream = pa.ipc.open_stream(source)
        except (pa.ArrowException, OSError) as problem:
            raise FileRefused(str(path), f"is not a tape ({_first_line(problem)})", row=0) from None
        yield stream


def _header(path: Path, schema: pa.Schema) -> TapeHeader:
    text = (schema.metadata or {}).get(_HEADER_KEY)
    if text is None:
        raise FileRefused(str(path), "is an Arrow stream, but not a tape: it has no tape header")
    try:
        version = msgspec.json.decode(text, type=dict[str, Any]).get("version")
        if version != VERSION:
            raise FileRefused(str(path), f"is a tape of version {version}; this program reads {VERSION}")
        header = msgspec.json.decode(text, type=TapeHeader)
    except msgspec.DecodeError as problem:
        raise FileRefused(str(path), f"has a tape header that cannot be read ({problem})") from None
    if not schema.equals(_schema(header)):
        raise FileRefused(str(path), "has a tape header, but not a tape's columns")
    return header


def _is_closed(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - len(_END_OF_STREAM)))
        return file.read() == _END_OF_STREAM


def _first_line(problem: BaseException) -> str:
    return str(problem).partition("\n")[0][:120]
