"""What a question in SQL is answered with: rows from DuckDB, bounded, then bytes: Arrow's stream, or JSON.

Everything is done in small pieces: whoever else wants the interpreter gets it in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from sidecar.domain import wire
from sidecar.store.statement import refused

ARROW = "application/vnd.apache.arrow.stream"
JSON = "application/json"
_PIECE = 256


class Answer(NamedTuple):
    """The bytes of an answer and what they are; ``truncated`` when there were more rows than were asked for."""

    body: bytes
    media_type: str
    rows: int
    truncated: bool


class Rows(NamedTuple):
    """Rows in pieces of one schema."""

    schema: pa.Schema
    pieces: list[pa.RecordBatch]
    truncated: bool


def gathered(reader: pa.RecordBatchReader, names: Sequence[str], limit: int, most_bytes: int) -> Rows:
    """At most ``limit`` rows of a reader, under ``names``. :raises InputError: they take more than ``most_bytes``."""
    pieces: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in reader:
        size += batch.get_total_buffer_size()
        if size > most_bytes:
            raise refused(f"has an answer of more than {most_bytes:,} bytes", "ask for fewer columns or rows")
        pieces.append(batch.slice(0, limit - rows))
        rows += batch.num_rows
        if rows > limit:
            break
    schema = pa.schema([field.with_name(name) for field, name in zip(reader.schema, names, strict=True)])
    return Rows(schema, pieces, rows > limit)


def arrow(rows: Rows) -> bytes:
    """The bytes of Arrow's stream format; the schema's metadata says if it is ``truncated``."""
    schema = rows.schema.with_metadata({"truncated": str(rows.truncated).lower()})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as stream:
        for piece in rows.pieces:
            stream.write_batch(pa.RecordBatch.from_arrays(piece.columns, schema=schema))
    return bytes(sink.getvalue().to_pybytes())


def as_json(rows: Rows) -> bytes:
    """``columns`` (name and type), ``rows`` as lists in their order, ``count``, ``truncated``; NaN is null.

    :raises InputError: a value has no JSON form, such as a time without a zone.
    """
    columns = [{"name": field.name, "type": str(field.type)} for field in rows.schema]
    head = wire.encode({"columns": columns, "count": sum(piece.num_rows for piece in rows.pieces)})
    try:
        lists = b",".join(filter(None, map(_listed, _small(rows))))
    except (TypeError, ValueError, OverflowError) as problem:
        told = str(problem).partition("\n")[0][:120]
        raise refused(
            f"has an answer that JSON cannot hold ({told})", "cast it (::TIMESTAMPTZ, ::VARCHAR), or ask for Arrow"
        ) from None
    return b"".join((head[:-1], b',"rows":[', lists, b'],"truncated":', wire.encode(rows.truncated), b"}"))


#: How an answer is made, by format: its media type, and its bytes.
FORMATS: Mapping[str, tuple[str, Callable[[Rows], bytes]]] = {"arrow": (ARROW, arrow), "json": (JSON, as_json)}


def _small(rows: Rows) -> Iterator[pa.RecordBatch]:
    for piece in rows.pieces:
        for first in range(0, piece.num_rows, _PIECE):
            yield piece.slice(first, _PIECE)


def _listed(piece: pa.RecordBatch) -> bytes:
    """The rows of a piece, without the brackets round them."""
    columns: list[list[Any]] = [column.to_pylist() for column in piece.columns]
    return wire.encode(list(zip(*columns, strict=True)))[1:-1]
