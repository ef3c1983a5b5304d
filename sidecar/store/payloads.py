"""The exact record behind a row: what is read from the database is decoded from the journal's own bytes."""

from __future__ import annotations

from typing import Any, TypeVar

from sidecar.domain.errors import StoreError
from sidecar.domain.records import AnyRecord, decode

_Kind = TypeVar("_Kind", bound=AnyRecord)


def expect(row: tuple[Any, ...], kind: type[_Kind]) -> _Kind:
    """The record of a row whose first column is its payload. :raises StoreError: it is another kind of record."""
    record = decode(row[0].encode()).record
    if not isinstance(record, kind):
        raise StoreError(f"the database names a record of {kind.__name__} that is a {type(record).__name__}")
    return record
