"""A journal on disk: damage is named, a crash is forgiven, and the two are never taken for one another."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest

from sidecar.domain.errors import JournalDamaged
from sidecar.store.disk import Disk
from sidecar.store.frames import FRAME_BYTES, HEADER_BYTES, SLOT_BYTES, SLOT_STRIDE, Head, decode_slots, encode
from sidecar.store.journal import Journal
from sidecar.store.recovery import head_path, quarantine, recover, verified

EPOCH = b"0123456789abcdef"
PAYLOADS = [bytes([n]) * (20 + 17 * n) for n in range(1, 31)]
ENDS = [HEADER_BYTES]
for each in PAYLOADS:
    ENDS.append(ENDS[-1] + FRAME_BYTES + len(each))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.log"


def fill(path: Path, payloads: list[bytes]) -> Head:
    with Journal.open(path, epoch=EPOCH) as journal:
        for payload in payloads:
            journal.append(payload)
    return journal.head


def reopen(path: Path) -> list[bytes]:
    with Journal.open(path, epoch=EPOCH) as journal:
        return [record.payload for record in journal.recovered]


def crash_after(path: Path, acknowledged: int) -> None:
    """The whole of PAYLOADS is in the journal, the head stands at ``acknowledged``: a crash between the two writes."""
    fill(path, PAYLOADS[:acknowledged])
    saved = path.with_name("saved")
    shutil.copy(head_path(path), saved)
    fill(path, PAYLOADS[acknowledged:])
    saved.replace(head_path(path))


def change(path: Path, how: Callable[[bytearray], object]) -> None:
    data = bytearray(path.read_bytes())
    how(data)
    path.write_bytes(data)


def flip(offset: int, mask: int) -> Callable[[bytearray], object]:
    def how(data: bytearray) -> None:
        data[offset] ^= mask

    return how


def zero(start: int, size: int) -> Callable[[bytearray], object]:
    def how(data: bytearray) -> None:
        data[start : start + size] = bytes(len(data[start : start + size]))

    return how


def test_the_head_file_stands_beside_the_journal_and_both_are_the_owners_alone(path: Path) -> None:
    fill(path, PAYLOADS)
    assert sorted(file.name for file in path.parent.iterdir()) == ["journal.head", "journal.log"]
    assert path.stat().st_mode & 0o777 == head_path(path).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("seed", range(60))
def test_one_flipped_bit_of_an_acknowledged_journal_is_found_where_it_is(path: Path, seed: int) -> None:
    fill(path, PAYLOADS)
    chance = random.Random(seed)
    offset = chance.randrange(ENDS[-1])
    change(path, flip(offset, 1 << chance.randrange(8)))
    before = path.read_bytes()
    with pytest.raises(JournalDamaged) as opened:
        reopen(path)
    with pytest.raises(JournalDamaged) as checked:
        verified(path)
    start = max([0, *(end for end in ENDS if end <= offset)])
    assert opened.value.offset == checked.value.offset == start
    assert opened.value.seq == (ENDS.index(start) + 1 if start else 1)
    assert path.read_bytes() == before


@pytest.mark.parametrize("seed", range(40))
def test_a_truncated_acknowledged_journal_is_behind_its_head(path: Path, seed: int) -> None:
    fill(path, PAYLOADS)
    change(path, lambda data: data.__delitem__(slice(random.Random(seed).randrange(ENDS[-1]), None)))
    with pytest.raises(JournalDamaged, match=r"behind its head \(record 30\)"):
        reopen(path)
    with pytest.raises(JournalDamaged, match="behind its head"):
        verified(path)


@pytest.mark.parametrize("records", range(len(PAYLOADS)))
def test_a_journal_cut_exactly_between_two_records_is_behind_its_head(path: Path, records: int) -> None:
    fill(path, PAYLOADS)
    change(path, lambda data: data.__delitem__(slice(ENDS[records], None)))
    with pytest.raises(JournalDamaged) as found:
        reopen(path)
    assert (found.value.offset, found.value.seq) == (ENDS[records], records + 1)
    assert found.value.problem == "the file ends, behind its head (record 30)"


@pytest.mark.parametrize("seed", range(40))
def test_a_zeroed_block_of_an_acknowledged_journal_is_found(path: Path, seed: int) -> None:
    fill(path, PAYLOADS)
    chance = random.Random(seed)
    change(path, zero(chance.randrange(ENDS[-1]), chance.choice([16, 512, 4096])))
    with pytest.raises(JournalDamaged):
        reopen(path)


@pytest.mark.parametrize("seed", range(60))
def test_whatever_a_crash_left_past_the_head_is_cut_away_and_nothing_before_it_is_lost(path: Path, seed: int) -> None:
    chance = random.Random(seed)
    acknowledged = chance.randrange(len(PAYLOADS))
    crash_after(path, acknowledged)
    offset = chance.randrange(ENDS[acknowledged], ENDS[-1])
    damage = [
        lambda data: data.__delitem__(slice(offset, None)),
        flip(offset, 1 << chance.randrange(8)),
        zero(offset, 1 << 20),
        zero(offset, 64),
    ]
    change(path, damage[seed % 4])
    kept = max(n for n, end in enumerate(ENDS) if end <= offset)
    assert kept >= acknowledged
    with Journal.open(path, epoch=EPOCH) as journal:
        assert [record.payload for record in journal.recovered] == PAYLOADS[:kept]
        assert path.stat().st_size == ENDS[kept]
        assert ("nobody was told of" in journal.note) == (seed % 4 != 0 or offset != ENDS[kept])
        assert journal.append(b"after").result() == kept + 1
    assert reopen(path) == [*PAYLOADS[:kept], b"after"]
    assert verified(path).scan.head.seq == kept + 1


def test_whole_records_past_the_head_are_kept_and_then_protected_by_it(path: Path) -> None:
    crash_after(path, 10)
    assert reopen(path) == PAYLOADS
    change(path, lambda data: data.__delitem__(slice(ENDS[20], None)))
    with pytest.raises(JournalDamaged, match="behind its head"):
        reopen(path)


def test_whole_records_past_the_head_are_written_again_before_it_covers_them(path: Path) -> None:
    """After a failed sync the kernel may show, as clean, pages that never reached the disk."""

    class Watched(Disk):
        written: ClassVar[list[tuple[int, bytes]]] = []

        def pwrite(self, fd: int, data: bytes | memoryview, offset: int) -> int:
            self.written.append((offset, bytes(data)))
            return super().pwrite(fd, data, offset)

    crash_after(path, 10)
    tail = path.read_bytes()[ENDS[10] :]
    Journal.open(path, epoch=EPOCH, io=Watched()).close()
    assert Watched.written[0] == (ENDS[10], tail)


@pytest.mark.parametrize("opened", [1, 2, 3])
def test_the_two_slots_take_turns_so_that_a_torn_write_leaves_the_head_before_it(path: Path, opened: int) -> None:
    for _ in range(opened):
        with Journal.open(path, epoch=EPOCH) as journal:
            for n in range(3):
                last = journal.append(b"%d" % n).result()
                slots = decode_slots(head_path(path).read_bytes())
                assert sorted(slot.head.seq for slot in slots if slot) == [last - 1, last]


@pytest.mark.parametrize("slot", [0, 1])
@pytest.mark.parametrize("how", ["flipped", "zeroed"])
def test_a_head_torn_in_one_slot_is_mended_because_the_other_one_holds(path: Path, slot: int, how: str) -> None:
    fill(path, PAYLOADS)
    offset = slot * SLOT_STRIDE
    change(head_path(path), zero(offset, SLOT_STRIDE) if how == "zeroed" else flip(offset + 30, 4))
    assert reopen(path) == PAYLOADS
    assert None not in decode_slots(head_path(path).read_bytes())
    change(path, lambda data: data.__delitem__(slice(ENDS[-2], None)))
    with pytest.raises(JournalDamaged, match="behind its head"):
        reopen(path)


def test_a_torn_head_beside_a_torn_journal_is_damage_because_no_single_crash_leaves_both(path: Path) -> None:
    fill(path, PAYLOADS)
    change(head_path(path), flip(30, 4))
    change(path, lambda data: data.extend(b"torn"))
    with pytest.raises(JournalDamaged, match="its head file is torn too"):
        reopen(path)


@pytest.mark.parametrize("size", [0, 10, SLOT_BYTES - 1])
def test_a_head_file_that_cannot_be_read_at_all_is_damage(path: Path, size: int) -> None:
    fill(path, PAYLOADS)
    head_path(path).write_bytes(head_path(path).read_bytes()[:size])
    with pytest.raises(JournalDamaged, match="no slot of its head file"):
        reopen(path)


def test_records_without_a_head_file_are_damage(path: Path) -> None:
    fill(path, PAYLOADS)
    head_path(path).unlink()
    with pytest.raises(JournalDamaged, match="its head file is missing"):
        reopen(path)


def test_a_head_file_without_its_journal_is_damage(path: Path) -> None:
    fill(path, PAYLOADS)
    path.unlink()
    with pytest.raises(JournalDamaged, match="behind its head"):
        reopen(path)


def test_a_head_file_of_another_journal_is_damage(path: Path) -> None:
    fill(path, PAYLOADS)
    other = path.with_name("other.log")
    with Journal.open(other, epoch=b"another journal!") as journal:
        journal.append(b"one")
    head_path(other).replace(head_path(path))
    with pytest.raises(JournalDamaged, match="belongs to another journal"):
        reopen(path)


@pytest.mark.parametrize("left", [0, 7, HEADER_BYTES - 1, HEADER_BYTES])
@pytest.mark.parametrize("head", [True, False])
def test_a_crash_while_a_journal_is_made_leaves_one_that_opens_empty(path: Path, left: int, head: bool) -> None:
    Journal.open(path, epoch=b"the first moment").close()
    change(path, lambda data: data.__delitem__(slice(left, None)))
    if not head:
        head_path(path).unlink()
    assert reopen(path) == []
    assert fill(path, PAYLOADS[:2]).seq == 2
    assert reopen(path) == PAYLOADS[:2]


def test_a_history_rewritten_with_sound_links_does_not_pass_its_head(path: Path) -> None:
    fill(path, PAYLOADS)
    found = recover(path).scan
    forged, digest = bytearray(path.read_bytes()[: ENDS[4]]), found.records[3].digest
    for seq, payload in enumerate([b"forged", *PAYLOADS[5:]], 5):
        frame, digest = encode(seq, payload, digest)
        forged += frame
    path.write_bytes(forged)
    with pytest.raises(JournalDamaged, match="not the one that its head names"):
        reopen(path)


def test_the_databases_head_convicts_a_journal_that_was_set_back_together_with_its_head_file(path: Path) -> None:
    fill(path, PAYLOADS[:10])
    then = {file: file.read_bytes() for file in (path, head_path(path))}
    known = fill(path, PAYLOADS[10:])
    assert recover(path, [known]).scan.head == known
    for file, data in then.items():
        file.write_bytes(data)
    with pytest.raises(JournalDamaged, match=r"behind the head that the database kept \(record 30\)"):
        Journal.open(path, epoch=EPOCH, witnesses=[known])
    with pytest.raises(JournalDamaged, match="not the one that the head that the database kept names"):
        Journal.open(path, epoch=EPOCH, witnesses=[Head(3, bytes(32))])
    Journal.open(path, epoch=EPOCH, witnesses=[Head(0, b"")]).close()


def test_verify_counts_the_records_and_gives_the_heads_digest(path: Path) -> None:
    head = fill(path, PAYLOADS)
    assert verified(path).scan.head == head


def test_a_copy_without_its_head_file_is_verified_to_its_last_byte(path: Path) -> None:
    head = fill(path, PAYLOADS)
    copy = path.parent / "backup" / "journal.log"
    copy.parent.mkdir()
    shutil.copy(path, copy)
    assert verified(copy).scan.head == head
    change(copy, lambda data: data.pop())
    with pytest.raises(JournalDamaged) as found:
        verified(copy)
    assert (found.value.offset, found.value.seq) == (ENDS[-2], 30)


def test_verifying_what_is_not_there_is_an_error(path: Path) -> None:
    with pytest.raises(JournalDamaged, match="there is no journal"):
        verified(path)


def test_a_file_that_is_no_journal_is_refused_and_left_alone(path: Path) -> None:
    path.write_bytes(b"PAR1" * 100)
    with pytest.raises(JournalDamaged, match="this is not a journal"):
        reopen(path)
    assert path.read_bytes() == b"PAR1" * 100


def test_a_quarantined_journal_keeps_its_bytes_and_leaves_room_for_a_new_one(path: Path) -> None:
    now = 1_787_047_200_000_001
    for _ in range(2):  # the second time in the same microsecond: nothing is written over
        fill(path, PAYLOADS)
        change(path, flip(100, 1))
        damaged = path.read_bytes()
        aside = quarantine(path, now)
        assert aside[1].read_bytes() == damaged
        assert reopen(path) == []
    names = sorted(file.name for file in path.parent.iterdir())
    assert [name for name in names if "corrupt" in name] == [
        "journal.head.corrupt-20260818T100000.000001Z",
        "journal.head.corrupt-20260818T100000.000001Z-2",
        "journal.log.corrupt-20260818T100000.000001Z",
        "journal.log.corrupt-20260818T100000.000001Z-2",
    ]


def test_a_head_left_alone_by_a_crash_during_quarantine_can_be_set_aside_too(path: Path) -> None:
    fill(path, PAYLOADS)
    path.unlink()
    assert [file.name.split(".corrupt")[0] for file in quarantine(path, 0)] == ["journal.head"]
    assert reopen(path) == []


class Interrupted(Exception):
    """The process ended here."""


class Counting(Disk):
    """The process ends at the ``nth`` call, before or after it did its work."""

    def __init__(self, nth: int, *, after: bool) -> None:
        self.left, self.after = nth, after

    def _step(self, call: Callable[[], object]) -> None:
        self.left -= 1
        if self.left == 0 and not self.after:
            raise Interrupted
        call()
        if self.left == 0:
            raise Interrupted

    def pwrite(self, fd: int, data: bytes | memoryview, offset: int) -> int:
        self._step(lambda: Disk.pwrite(self, fd, data, offset))
        return len(data)

    def fdatasync(self, fd: int) -> None:
        self._step(lambda: Disk.fdatasync(self, fd))

    def ftruncate(self, fd: int, length: int) -> None:
        self._step(lambda: Disk.ftruncate(self, fd, length))


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("nth", range(1, 12))
def test_a_quarantine_cut_off_anywhere_and_done_again_keeps_the_same_sound_records(
    path: Path, nth: int, after: bool
) -> None:
    fill(path, PAYLOADS)
    change(path, flip(ENDS[20] + 60, 1))
    damaged = path.read_bytes()
    try:
        quarantine(path, 0, Counting(nth, after=after))
    except Interrupted:
        with pytest.raises(JournalDamaged):
            recover(path)
        quarantine(path, 1)
    assert reopen(path) == PAYLOADS[:20]
    assert damaged in [file.read_bytes() for file in path.parent.glob("journal.log.corrupt-*")]
    with Journal.open(path, epoch=b"another journal!") as journal:
        assert journal.append(b"after").result() == 21
    assert verified(path).scan.epoch == EPOCH


def test_a_note_of_zero_sound_records_leaves_nothing_behind(path: Path) -> None:
    fill(path, PAYLOADS)
    change(path, flip(HEADER_BYTES + 4, 1))
    assert len(quarantine(path, 0)) == 2
    assert not path.exists()
    assert not head_path(path).exists()
