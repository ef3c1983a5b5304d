"""The rows of a tape: events to Arrow record batches and back, each batch with a CRC-32 of what it holds."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from math import nan
from typing import Any

import msgspec
import pyarrow as pa

from sidecar.domain.errors import InputError
from sidecar.domain.events import AnyEvent, Quote

_NAME = pa.dictionary(pa.int32(), pa.string())
_FLOATS = ("bid", "ask", "bid_size", "ask_size", "last", "volume", "open_interest")
FIELDS: tuple[tuple[str, pa.DataType], ...] = (
    ("at", pa.int64()),
    ("kind", _NAME),
    ("symbol", _NAME),
    ("received_at", pa.int64()),
    *((name, pa.float64()) for name in _FLOATS),
    ("payload", pa.string()),
)
Row = tuple[Any, ...]
_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)


class Names:
    """The dictionaries of a stream: a name keeps its code, so that each batch adds only what is new."""

    def __init__(self) -> None:
        self._codes: dict[str, dict[str, int]] = {"kind": {}, "symbol": {}}

    def encoded(self, column: str, values: Sequence[str | None]) -> pa.DictionaryArray:
        """``values`` as a dictionary array whose dictionary extends the one before."""
        known = self._codes[column]
        codes = [None if value is None else known.setdefault(value, len(known)) for value in values]
        return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(list(known), pa.string()))


def row(event: AnyEvent) -> Row:
    """The row of an event. :raises InputError: an event, other than a quote, that JSON cannot hold exactly."""
    if type(event) is Quote:
        symbol, at, received_at, *floats = msgspec.structs.astuple(event)
        return (at, "quote", symbol, received_at, *floats, None)
    payload = _encoder.encode(event)
    try:
        same = _decoder.decode(payload) == event
    except msgspec.DecodeError:
        same = False
    if not same:
        raise InputError("event", f"{payload[:120]!r} does not hold it exactly", "no NaN or infinity outside a quote")
    return payload_row(str(event.__struct_config__.tag), event.at, payload)


def payload_row(kind: str, at: int, payload: bytes) -> Row:
    """The row of what is no quote."""
    return (at, kind, None, at, *(nan,) * len(_FLOATS), payload.decode())


def batch_of(rows: Sequence[Row], schema: pa.Schema, names: Names) -> pa.RecordBatch:
    """The record batch of ``rows``; at least one."""
    arrays = []
    for field, values in zip(schema, zip(*rows, strict=True), strict=True):
        known = pa.types.is_dictionary(field.type)
        arrays.append(names.encoded(field.name, values) if known else pa.array(values, field.type, from_pandas=False))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def events(batch: pa.RecordBatch) -> Iterator[AnyEvent]:
    """The events of a batch, in order; about 1.5 million quotes a second."""
    codes = batch.column("symbol").indices.fill_null(-1).to_numpy().tolist()
    names = [*batch.column("symbol").dictionary.to_pylist(), ""]  # the last one answers to code -1
    columns = [batch.column(name).to_numpy().tolist() for name in ("at", "received_at", *_FLOATS)]
    quotes = map(Quote, map(names.__getitem__, codes), *columns)
    payloads = batch.column("payload")
    if payloads.null_count == len(payloads):
        return quotes
    pairs = zip(quotes, payloads.to_pylist(), strict=True)
    return (quote if payload is None else _decoder.decode(payload) for quote, payload in pairs)


def checksum(batch: pa.RecordBatch) -> int:
    """The CRC-32 of the values of a batch, whatever padding its buffers have."""
    crc = batch.num_rows
    for column in batch.columns:
        values = column
        if pa.types.is_dictionary(column.type):
            crc = zlib.crc32("\0".join(column.dictionary.to_pylist()).encode(), crc)
            values = column.indices.fill_null(-1)
        if pa.types.is_string(column.type):
            texts = values.to_pylist() if values.null_count < len(values) else None
            crc = zlib.crc32(_encoder.encode(texts), crc)
        else:
            crc = zlib.crc32(values.to_numpy().tobytes(), crc)
    return int(crc)
