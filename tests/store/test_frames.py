"""The journal's bytes: what goes in comes out, and every other byte is noticed."""

import hashlib
import random
import zlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.store.frames import (
    FRAME_BYTES,
    HEADER_BYTES,
    MAX_PAYLOAD,
    SLOT_BYTES,
    SLOT_STRIDE,
    Ending,
    Head,
    Slot,
    chained,
    decode_slots,
    encode,
    encode_header,
    encode_slot,
    genesis,
    scan,
)

EPOCH = bytes(range(16))
payload_lists = st.lists(st.binary(max_size=200), max_size=20)


def file_of(payloads: list[bytes], epoch: bytes = EPOCH) -> bytes:
    parts, digest = [encode_header(epoch)], genesis(epoch)
    for seq, payload in enumerate(payloads, 1):
        frame, digest = encode(seq, payload, digest)
        parts.append(frame)
    return b"".join(parts)


def ends_of(payloads: list[bytes]) -> list[int]:
    """Where each record ends; the file header first."""
    ends = [HEADER_BYTES]
    for payload in payloads:
        ends.append(ends[-1] + FRAME_BYTES + len(payload))
    return ends


@given(payload_lists)
def test_what_is_written_is_read_in_order_and_ends_clean(payloads: list[bytes]) -> None:
    data = file_of(payloads)
    found = scan(data)
    assert [record.payload for record in found.records] == payloads
    assert [record.seq for record in found.records] == list(range(1, len(payloads) + 1))
    assert (found.ending, found.end, found.epoch, found.problem) == (Ending.CLEAN, len(data), EPOCH, "")


@given(payload_lists)
def test_the_digest_is_the_plain_sha_256_chain(payloads: list[bytes]) -> None:
    digest = hashlib.sha256(encode_header(EPOCH)).digest()
    for payload in payloads:
        digest = hashlib.sha256(digest + payload).digest()
    found = scan(file_of(payloads))
    assert found.head == Head(len(payloads), digest)
    assert found.digest_at(len(payloads)) == digest
    assert found.digest_at(len(payloads) + 1) is None


def test_a_record_is_laid_out_as_documented() -> None:
    frame, digest = encode(7, b"payload", b"\x11" * 32)
    fields = (7).to_bytes(4, "little") + (7).to_bytes(8, "little") + digest
    assert frame == zlib.crc32(fields).to_bytes(4, "little") + fields + b"payload"
    assert digest == hashlib.sha256(b"\x11" * 32 + b"payload").digest()


@given(payload_lists.filter(bool), st.data())
def test_a_file_cut_anywhere_keeps_its_whole_records_and_is_torn_unless_cut_between_two(
    payloads: list[bytes], data: st.DataObject
) -> None:
    ends = ends_of(payloads)
    cut = data.draw(st.integers(0, ends[-1] - 1))
    found = scan(file_of(payloads)[:cut])
    whole = [end for end in ends if end <= cut]
    assert found.end == (whole[-1] if whole else 0)
    assert len(found.records) == max(len(whole) - 1, 0)
    assert found.ending is (Ending.CLEAN if cut in ends else Ending.TORN)


@given(payload_lists.filter(bool), st.data())
def test_a_single_flipped_bit_breaks_the_file_in_the_record_that_holds_it(
    payloads: list[bytes], data: st.DataObject
) -> None:
    whole = file_of(payloads)
    bit = data.draw(st.integers(0, 8 * len(whole) - 1))
    damaged = bytearray(whole)
    damaged[bit // 8] ^= 1 << bit % 8
    found = scan(bytes(damaged))
    starts = [0, *ends_of(payloads)[:-1]]
    hit = max(start for start in starts if start <= bit // 8)
    assert (found.ending, found.end) == (Ending.BROKEN, hit)


def test_a_flipped_length_that_points_past_the_end_is_damage_and_not_a_cut_off_record() -> None:
    damaged = bytearray(file_of([b"first", b"last"]))
    damaged[ends_of([b"first"])[-1] + 4 + 2] ^= 0x40
    assert scan(bytes(damaged)).ending is Ending.BROKEN


def test_zeros_to_the_end_are_a_torn_tail_and_zeros_before_a_record_are_damage() -> None:
    whole = file_of([b"first", b"second", b"third"])
    _, first, second, _ = ends_of([b"first", b"second", b"third"])
    assert scan(whole[:first] + bytes(len(whole) - first)).ending is Ending.TORN
    hole = scan(whole[:first] + bytes(second - first) + whole[second:])
    assert (hole.ending, hole.end, hole.head.seq) == (Ending.BROKEN, first, 1)


def test_records_swapped_left_out_repeated_or_taken_from_another_journal_break_the_chain() -> None:
    payloads = [b"aaaa", b"bbbb", b"cccc"]
    whole, ends = file_of(payloads), ends_of(payloads)
    frames = [whole[start:end] for start, end in pairwise(ends)]
    stranger = file_of(payloads, bytes(16))[ends[0] : ends[1]]
    for wrong in ([1, 0, 2], [0, 2], [0, 0, 1]):
        assert scan(whole[:HEADER_BYTES] + b"".join(frames[i] for i in wrong)).ending is Ending.BROKEN
    found = scan(whole[:HEADER_BYTES] + stranger + b"".join(frames[1:]))
    assert (found.ending, found.problem) == (Ending.BROKEN, "the record does not continue the SHA-256 chain")


def test_a_payload_rewritten_with_a_fitting_digest_breaks_the_next_link() -> None:
    whole, ends = file_of([b"sell 75", b"buy 75", b"stop"]), ends_of([b"sell 75", b"buy 75", b"stop"])
    forged, _ = encode(2, b"buy 99", scan(whole).records[0].digest)
    found = scan(whole[: ends[1]] + forged + whole[ends[2] :])
    assert (found.ending, found.end, found.head.seq) == (Ending.BROKEN, ends[2], 2)


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_never_a_journal_and_never_an_exception(data: bytes) -> None:
    found = scan(data)
    assert found.ending is not Ending.CLEAN
    assert not found.records


def test_a_record_with_sound_links_and_a_wrong_number_is_damage() -> None:
    forged, _ = encode(9, b"second", scan(file_of([b"first"])).head.digest)
    found = scan(file_of([b"first"]) + forged)
    assert (found.ending, found.problem) == (Ending.BROKEN, "record 9 stands where 2 should")


def test_another_format_is_named() -> None:
    fields = b"DESKJRNL" + (2).to_bytes(4, "little") + EPOCH
    found = scan(fields + zlib.crc32(fields).to_bytes(4, "little"))
    assert (found.ending, found.problem) == (Ending.BROKEN, "the journal has format 2, this program reads 1")


def test_a_slot_is_read_back_and_any_flipped_bit_of_it_makes_it_unreadable() -> None:
    slot = Slot(EPOCH, Head(2**40, b"\x22" * 32))
    block = encode_slot(slot).ljust(SLOT_STRIDE, b"\0")
    assert decode_slots(block * 2) == (slot, slot)
    assert decode_slots(block) == (slot, None)
    assert decode_slots(b"") == (None, None)
    chance = random.Random(1)
    for _ in range(60):
        bit = chance.randrange(8 * SLOT_BYTES)
        damaged = bytearray(block * 2)
        damaged[bit // 8] ^= 1 << bit % 8
        assert decode_slots(bytes(damaged)) == (None, slot)


def test_an_epoch_of_the_wrong_length_and_a_payload_beyond_the_limit_are_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes, not 3"):
        encode_header(b"abc")
    with pytest.raises(ValueError, match="at most 16777216 bytes"):
        encode(1, bytes(MAX_PAYLOAD + 1), bytes(32))


@given(st.lists(st.binary(max_size=50), max_size=20))
def test_records_that_are_chained_are_those_that_a_journal_of_them_holds(payloads: list[bytes]) -> None:
    epoch = b"0123456789abcdef"
    parts, digest = [encode_header(epoch)], genesis(epoch)
    for seq, payload in enumerate(payloads, 1):
        frame, digest = encode(seq, payload, digest)
        parts.append(frame)
    assert chained(epoch, payloads) == scan(b"".join(parts)).records
