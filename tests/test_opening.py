"""Opening the journal: whole, new, or damaged: then it is set aside, and what is sound goes on."""

import secrets
from collections.abc import Callable
from pathlib import Path

import pytest

from sidecar.domain.errors import JournalFailed, StoreError
from sidecar.domain.records import Audited, Entry, encode
from sidecar.opening import NOTE, RESERVE_BYTES, Opened, open_journal, settled
from sidecar.store.frames import Head, scan
from sidecar.store.journal import Journal

NOW = 1_788_752_700_000_000


def filled(folder: Path, count: int = 8) -> Path:
    path = folder / "journal.log"
    with Journal.open(path, epoch=secrets.token_bytes(16)) as journal:
        for number in range(count):
            journal.append(encode(Entry(number, Audited(number, "ann", f"do-{number}", "done")))).result(5)
    return path


def opened(folder: Path, witnesses: tuple[Head, ...] = ()) -> Opened:
    found = open_journal(folder, witnesses, NOW)
    found.journal.close()
    return found


def actions(found: Opened) -> list[str]:
    return [entry.record.action for _, entry in found.entries if isinstance(entry.record, Audited)]


def test_a_directory_without_a_journal_gets_an_empty_one(tmp_path: Path) -> None:
    assert opened(tmp_path)[1:4] == ([], "", ())
    assert (tmp_path / "journal.log").stat().st_mode & 0o777 == 0o600


def test_a_whole_journal_gives_its_entries_in_order_and_numbered_from_one(tmp_path: Path) -> None:
    filled(tmp_path)
    found = opened(tmp_path)
    assert [seq for seq, _ in found.entries] == list(range(1, 9))
    assert actions(found) == [f"do-{number}" for number in range(8)]
    assert found.damage == ""
    assert found.journal.recovered == ()


def _flip_in_the_middle(data: bytearray) -> bytearray:
    data[len(data) // 2] ^= 0x01
    return data


def _cut_the_last_record(data: bytearray) -> bytearray:
    return data[:-30]


def _zero_the_tail(data: bytearray) -> bytearray:
    data[-400:] = bytes(400)
    return data


def _lose_all_but_the_head(data: bytearray) -> bytearray:
    return data[:32]


@pytest.mark.parametrize("harm", [_flip_in_the_middle, _cut_the_last_record, _zero_the_tail, _lose_all_but_the_head])
def test_a_damaged_journal_is_set_aside_and_its_sound_beginning_goes_on(
    tmp_path: Path, harm: Callable[[bytearray], bytearray]
) -> None:
    path = filled(tmp_path)
    harmed = bytes(harm(bytearray(path.read_bytes())))
    path.write_bytes(harmed)
    found = opened(tmp_path)
    kept = actions(found)
    assert len(kept) < 8
    assert kept == [f"do-{number}" for number in range(len(kept))]
    assert f"{len(kept)} sound records kept" in found.damage
    aside = next(tmp_path.glob("journal.log.corrupt-*"))
    assert aside.read_bytes() == harmed
    assert aside.name in found.damage


def test_the_next_start_after_damage_is_not_another_recovery(tmp_path: Path) -> None:
    path = filled(tmp_path)
    path.write_bytes(path.read_bytes()[:-30])
    first = opened(tmp_path)
    settled(tmp_path)
    aside = sorted(tmp_path.glob("*.corrupt-*"))
    second = opened(tmp_path)
    assert second.damage == ""
    assert actions(second) == actions(first)
    assert sorted(tmp_path.glob("*.corrupt-*")) == aside


def test_until_the_stop_is_on_disk_every_start_still_tells_of_the_damage(tmp_path: Path) -> None:
    path = filled(tmp_path)
    path.write_bytes(path.read_bytes()[:-30])
    opened(tmp_path)
    assert "set aside" in opened(tmp_path).damage
    settled(tmp_path)
    assert opened(tmp_path).damage == ""
    assert not (tmp_path / NOTE).exists()
    settled(tmp_path)


def test_a_journal_that_the_database_knows_to_be_longer_is_damaged(tmp_path: Path) -> None:
    filled(tmp_path, 5)
    found = opened(tmp_path, (Head(9, b"x" * 32),))
    assert "behind the head that the database kept" in found.damage
    assert len(found.entries) == 5


def test_a_journal_that_is_gone_while_the_database_remembers_it_is_damage_too(tmp_path: Path) -> None:
    found = opened(tmp_path, (Head(9, b"x" * 32),))
    assert found.entries == []
    assert "nothing is left" in found.damage


def test_a_disk_that_refuses_is_said(tmp_path: Path) -> None:
    (tmp_path / "journal.log").mkdir()
    with pytest.raises(JournalFailed, match="cannot be opened"):
        open_journal(tmp_path, (), NOW)


def test_a_record_of_a_newer_program_is_refused_in_a_sentence_and_the_journal_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "journal.log"
    with Journal.open(path, epoch=secrets.token_bytes(16)) as journal:
        journal.append(b'{"wall_at":1,"record":{"kind":"fromthefuture","at":1}}').result(5)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="journal record 1 is none that this program knows"):
        open_journal(tmp_path, (), NOW)
    assert path.read_bytes() == before
    assert not list(tmp_path.glob("*.corrupt-*"))


def test_after_damage_the_chain_goes_on_from_the_same_first_value(tmp_path: Path) -> None:
    path = filled(tmp_path)
    whole = scan(path.read_bytes())
    path.write_bytes(path.read_bytes()[:-30])
    found = opened(tmp_path)
    assert found.records == whole.records[:7]
    assert scan(path.read_bytes()).epoch == whole.epoch


def test_the_journal_has_a_reserve_beside_it_and_the_disk_is_not_full(tmp_path: Path) -> None:
    found = opened(tmp_path)
    assert not found.full()
    assert (tmp_path / "journal.reserve").stat().st_size == RESERVE_BYTES
