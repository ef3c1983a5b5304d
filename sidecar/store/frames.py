"""The journal's bytes: a file header, numbered records in a SHA-256 chain, and the head that says how far they reach.

    file    magic 8 | version u32 | epoch 16 bytes | CRC-32 of those                                   32 bytes
    record  CRC-32 of the next three | length u32 | seq u64 | digest 32 bytes | payload          48 bytes + length
    head    two slots, 4,096 bytes apart: magic 8 | epoch 16 | seq u64 | digest 32 | CRC-32             68 bytes

Little-endian throughout. ``digest = SHA-256(previous digest + payload)``; before the first record stands the SHA-256 of
the file header, so that no record fits another file. The CRC guards what says where the record ends, the digest guards
the payload and everything before it: a damaged length is told from a record that was cut off.

No file is touched here: bytes in, values out.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

EPOCH_BYTES = 16
SLOT_STRIDE = 4096  # one slot to a disk block, so that a torn write harms one slot alone
MAX_PAYLOAD = 16 * 1024 * 1024

_MAGIC = b"DESKJRNL"
_HEAD_MAGIC = b"DESKHEAD"
_VERSION = 1
_CRC = struct.Struct("<I")
_HEADER = struct.Struct(f"<8sI{EPOCH_BYTES}s")
_FRAME = struct.Struct("<IQ32s")
_SLOT = struct.Struct(f"<8s{EPOCH_BYTES}sQ32s")
HEADER_BYTES = _HEADER.size + _CRC.size
FRAME_BYTES = _FRAME.size + _CRC.size
SLOT_BYTES = _SLOT.size + _CRC.size


class Record(NamedTuple):
    """A payload in its place: ``seq`` counts from 1, ``digest`` is the chain's value after it."""

    seq: int
    digest: bytes
    payload: bytes


class Head(NamedTuple):
    """How far a journal reaches: the last record's ``seq`` (0: none yet) and chain ``digest``."""

    seq: int
    digest: bytes


class Slot(NamedTuple):
    """A head as the head file keeps it: with the ``epoch`` of its journal."""

    epoch: bytes
    head: Head


class Ending(Enum):
    """Why a scan stopped."""

    CLEAN = "clean"  # on a record's last byte
    TORN = "torn"  # the last record is cut off, or only zeros follow: what a crash in mid-write leaves
    BROKEN = "broken"  # something else stands where a record should


class Scan(NamedTuple):
    """The sound records of a journal's bytes, and where (``end``, in bytes), why and how they end."""

    epoch: bytes
    records: tuple[Record, ...]
    end: int
    head: Head
    ending: Ending
    problem: str

    def digest_at(self, seq: int) -> bytes | None:
        """The chain's value after record ``seq`` (0: before the first), or None beyond the sound records."""
        if not 0 <= seq <= self.head.seq:
            return None
        return self.records[seq - 1].digest if seq else genesis(self.epoch)

    def end_of(self, seq: int) -> int:
        """The byte where sound record ``seq`` ends (0: the file header)."""
        return self.end - sum(FRAME_BYTES + len(record.payload) for record in self.records[seq:])


def encode_header(epoch: bytes) -> bytes:
    """The file header of a new journal; ``epoch`` is 16 random bytes that tell it from every other journal."""
    if len(epoch) != EPOCH_BYTES:
        raise ValueError(f"a journal's epoch has {EPOCH_BYTES} bytes, not {len(epoch)}")
    header = _HEADER.pack(_MAGIC, _VERSION, epoch)
    return header + _CRC.pack(zlib.crc32(header))


def genesis(epoch: bytes) -> bytes:
    """The chain's value before the first record."""
    return hashlib.sha256(encode_header(epoch)).digest()


def link(previous_digest: bytes, payload: bytes) -> bytes:
    """The chain's value after a record, from the value before it."""
    return hashlib.sha256(previous_digest + payload).digest()


def encode(seq: int, payload: bytes, previous_digest: bytes) -> tuple[bytes, bytes]:
    """The bytes of record ``seq`` and the chain's value after it."""
    if len(payload) > MAX_PAYLOAD:
        raise ValueError(f"a record holds at most {MAX_PAYLOAD} bytes, not {len(payload)}")
    digest = link(previous_digest, payload)
    fields = _FRAME.pack(len(payload), seq, digest)
    return _CRC.pack(zlib.crc32(fields)) + fields + payload, digest


def chained(epoch: bytes, payloads: Iterable[bytes]) -> tuple[Record, ...]:
    """The records that a new journal of ``epoch`` has after these payloads."""
    records, digest = list[Record](), genesis(epoch)
    for seq, payload in enumerate(payloads, 1):
        digest = link(digest, payload)
        records.append(Record(seq, digest, payload))
    return tuple(records)


def scan(data: bytes) -> Scan:
    """Every sound record of a journal from its first byte on; never raises, the result says why it ends.

    ``TORN`` is what the bytes alone can excuse: a last record (or file header) that is cut off, or zeros to the end of
    the file. Whether that tail had been acknowledged only a head can tell, as it alone can tell a file cut exactly
    between two records from a whole one.
    """
    epoch, problem = _read_header(data)
    if problem:
        ending = Ending.TORN if len(data) < HEADER_BYTES else Ending.BROKEN
        return Scan(b"", (), 0, Head(0, b""), ending, problem)
    records: list[Record] = []
    digest, offset = genesis(epoch), HEADER_BYTES
    while offset < len(data):
        found = _read_record(data, offset, len(records) + 1, digest)
        if not isinstance(found, Record):
            return Scan(epoch, tuple(records), offset, Head(len(records), digest), *found)
        records.append(found)
        digest = found.digest
        offset += FRAME_BYTES + len(found.payload)
    return Scan(epoch, tuple(records), offset, Head(len(records), digest), Ending.CLEAN, "")


def encode_slot(slot: Slot) -> bytes:
    """One slot of the head file."""
    fields = _SLOT.pack(_HEAD_MAGIC, slot.epoch, *slot.head)
    return fields + _CRC.pack(zlib.crc32(fields))


def decode_slots(data: bytes) -> tuple[Slot | None, Slot | None]:
    """The two slots of a head file; None where one cannot be read."""
    return _read_slot(data, 0), _read_slot(data, SLOT_STRIDE)


def _read_header(data: bytes) -> tuple[bytes, str]:
    """The epoch and an empty problem, or no epoch and the problem."""
    if len(data) < HEADER_BYTES:
        return b"", f"the file header is cut off after {len(data)} bytes"
    magic, version, epoch = _HEADER.unpack_from(data)
    if magic != _MAGIC:
        return b"", "this is not a journal"
    if _CRC.unpack_from(data, _HEADER.size)[0] != zlib.crc32(data[: _HEADER.size]):
        return b"", "the file header does not match its CRC"
    if version != _VERSION:
        return b"", f"the journal has format {version}, this program reads {_VERSION}"
    return epoch, ""


def _read_record(data: bytes, offset: int, seq: int, previous: bytes) -> Record | tuple[Ending, str]:
    """The record that should be number ``seq`` at ``offset``, or why it is not there."""
    left = len(data) - offset
    if left < FRAME_BYTES:
        return Ending.TORN, f"the last record is cut off after {left} bytes"
    (crc,) = _CRC.unpack_from(data, offset)
    start = offset + FRAME_BYTES
    if crc != zlib.crc32(data[offset + _CRC.size : start]):
        if data.count(0, offset) == left:
            return Ending.TORN, f"the last {left} bytes are zeros"
        return Ending.BROKEN, "the record's first fields do not match their CRC"
    length, found, digest = _FRAME.unpack_from(data, offset + _CRC.size)
    if found != seq:
        return Ending.BROKEN, f"record {found} stands where {seq} should"
    if length > len(data) - start:
        return Ending.TORN, f"the last record is cut off after {left} of {FRAME_BYTES + length} bytes"
    payload = data[start : start + length]
    if digest != link(previous, payload):
        return Ending.BROKEN, "the record does not continue the SHA-256 chain"
    return Record(seq, digest, payload)


def _read_slot(data: bytes, offset: int) -> Slot | None:
    if len(data) < offset + SLOT_BYTES:
        return None
    magic, epoch, seq, digest = _SLOT.unpack_from(data, offset)
    crc = zlib.crc32(data[offset : offset + _SLOT.size])
    if magic != _HEAD_MAGIC or crc != _CRC.unpack_from(data, offset + _SLOT.size)[0]:
        return None
    return Slot(epoch, Head(seq, digest))
