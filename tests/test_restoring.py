"""A backup comes back whole and proved, or nothing is changed."""

import tarfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from random import Random

import msgspec
import pytest

from sidecar.backup import DATABASE, checked
from sidecar.domain.errors import AlreadyRunning, DeskError, StoreError
from sidecar.domain.records import Audited
from sidecar.restoring import rehearsed, restored
from sidecar.store import schema
from sidecar.store.lock import DataDirectoryLock
from sidecar.store.recovery import verified
from tests.backup_world import BESIDES, RECORDS, backed, directory, told
from tests.store.build import dump, entries, head_of

Members = list[tuple[tarfile.TarInfo, bytes]]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return directory(tmp_path_factory.mktemp("restoring") / "data", known=3)


@pytest.fixture(scope="module")
def file(source: Path) -> Path:
    path = source.with_name("one.tar.zst")
    backed(source, path)
    return path


def nothing_left(folder: Path) -> bool:
    return [path.name for path in folder.iterdir()] == []


def test_what_comes_back_is_what_was_there_for_its_owner_alone(source: Path, file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    manifest = restored(file, folder)
    assert manifest == checked(file)
    assert {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} == {
        "journal.log", "journal.head", "desk.duckdb", "keys.json", *BESIDES
    }  # fmt: skip
    for name in ("journal.log", "keys.json", *BESIDES):
        assert (folder / name).read_bytes() == (source / name).read_bytes()
    assert dump(folder / DATABASE) == dump(source / DATABASE)
    assert verified(folder / "journal.log").scan.head == head_of(RECORDS)
    assert {path.stat().st_mode & 0o777 for path in folder.rglob("*")} == {0o600, 0o700}
    assert [path.name for path in folder.parent.iterdir()] == ["data"]


def test_an_empty_directory_is_taken_and_one_with_anything_in_it_is_not(file: Path, tmp_path: Path) -> None:
    used = tmp_path / "used"
    used.mkdir()
    (used / "a").touch()
    with pytest.raises(StoreError, match="is not an empty directory; restore to a new one"):
        restored(file, used)
    assert [path.name for path in used.iterdir()] == ["a"]
    (used / "a").unlink()
    restored(file, used)
    with pytest.raises(StoreError, match="is not an empty directory"):
        restored(file, used)
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="is not an empty directory"):
        restored(file, tmp_path / "link")


def test_the_directory_of_a_running_desk_is_refused_by_its_process(file: Path, tmp_path: Path) -> None:
    with DataDirectoryLock(tmp_path), pytest.raises(AlreadyRunning, match="already owns this data directory"):
        restored(file, tmp_path)


def test_a_rehearsal_proves_it_all_and_leaves_nothing(file: Path, tmp_path: Path) -> None:
    assert rehearsed(file, tmp_path / "data") == checked(file)
    assert nothing_left(tmp_path)


def test_no_file_and_another_file_are_refused_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no such file"):
        restored(tmp_path / "none.tar.zst", tmp_path / "data")
    (tmp_path / "text.tar.zst").write_text("no backup at all")
    with pytest.raises(StoreError, match="it is torn, or no backup"):
        restored(tmp_path / "text.tar.zst", tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_a_backup_that_breaks_off_anywhere_is_refused(file: Path, tmp_path: Path) -> None:
    data, random = file.read_bytes(), Random(3)
    for size in [0, 1, len(data) - 1, *(random.randrange(len(data)) for _ in range(20))]:
        torn = tmp_path / "torn.tar.zst"
        torn.write_bytes(data[:size])
        with pytest.raises(StoreError):
            restored(torn, tmp_path / "data")
        torn.unlink()
        assert nothing_left(tmp_path)


def test_a_backup_with_a_flipped_bit_is_refused(file: Path, tmp_path: Path) -> None:
    data, random = file.read_bytes(), Random(4)
    for _ in range(20):
        changed, place = bytearray(data), random.randrange(len(data))
        changed[place] ^= 1 << random.randrange(8)
        torn = tmp_path / "flipped.tar.zst"
        torn.write_bytes(changed)
        try:
            same = rehearsed(torn, tmp_path / "data")
        except StoreError:
            same = None
        assert same is None or same == checked(file), place  # a bit of zstd's own that no byte depends on
        torn.unlink()
        assert nothing_left(tmp_path)


def _drop(members: Members) -> None:
    del members[4]


def _no_manifest(members: Members) -> None:
    del members[-1]


def _change(members: Members) -> None:
    members[3] = (members[3][0], members[3][1].replace(b"ann", b"eve"))


def _twice(members: Members) -> None:
    members.insert(3, members[3])


def _behind(members: Members) -> None:
    members.append(members[3])


def _edited(members: Members) -> None:
    members[-1] = (members[-1][0], members[-1][1].replace(b"desk.duckdb", b"desk.duckdc"))


def _newer(members: Members) -> None:
    _sealed(members, format=2)


def _head(members: Members) -> None:
    _sealed(members, journal_seq=3)


def _sealed(packed: Members, /, **changes: object) -> None:
    """A manifest that says something else, and is sealed all the same."""
    inner = msgspec.json.decode(packed[-1][1])["manifest"] | changes
    raw = msgspec.json.encode(inner)
    data = msgspec.json.encode({"sha256": sha256(raw).hexdigest(), "manifest": msgspec.Raw(raw)})
    packed[-1] = (packed[-1][0], data)


def _extra(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> Callable[[Members], None]:
    def add(members: Members) -> None:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, link
        members.insert(3, (info, b"x" if kind == tarfile.REGTYPE else b""))

    return add


LIES: dict[str, tuple[Callable[[Members], None], str]] = {
    "a file is missing": (_drop, "is not what was written"),
    "the manifest is missing": (_no_manifest, "breaks off"),
    "a file was changed": (_change, r"keys\.json in it is not what was written"),
    "a name stands twice": (_twice, "stands in it twice"),
    "a file stands behind the manifest": (_behind, "stands behind its manifest"),
    "the manifest was edited": (_edited, "its manifest was changed"),
    "a newer format": (_newer, "it has format 2, this program reads 1"),
    "the journal ends elsewhere": (_head, "its journal does not end where its manifest says"),
    "a way up": (_extra("../outside"), "is no name of a data directory"),
    "a way up within": (_extra("models/../../outside"), "is no name of a data directory"),
    "from the root": (_extra("/outside"), "is no name of a data directory"),
    "a hidden file": (_extra("models/.hidden"), "is no name of a data directory"),
    "a file of nobody's": (_extra("bashrc"), "is no file of a data directory"),
    "a folder of nobody's": (_extra("reference/fees.csv"), "is no file of a data directory"),
    "a symbolic link": (_extra("models/m1", tarfile.SYMTYPE, "/"), "is no plain file"),
    "a hard link": (_extra("models/x", tarfile.LNKTYPE, "keys.json"), "is no plain file"),
    "a device": (_extra("models/x", tarfile.CHRTYPE), "is no plain file"),
    "a folder as such": (_extra("models", tarfile.DIRTYPE), "is no plain file"),
}


@pytest.mark.parametrize("lie", LIES)
def test_what_no_backup_says_is_refused_and_nothing_is_written_elsewhere(file: Path, tmp_path: Path, lie: str) -> None:
    change, problem = LIES[lie]
    changed = told(file, change)
    with pytest.raises(StoreError, match=problem):
        restored(changed, tmp_path / "data")
    assert nothing_left(tmp_path)


def test_a_database_of_a_newer_program_is_refused_before_it_is_touched(source: Path, tmp_path: Path) -> None:
    with schema.connect(source / DATABASE) as database:
        database.execute("UPDATE meta SET value = '99' WHERE key = 'schema'")
    before = (source / DATABASE).read_bytes()
    try:
        with pytest.raises(StoreError, match="schema 99 is newer than this program's"):
            backed(source, tmp_path / "one.tar.zst")
        assert (source / DATABASE).read_bytes() == before
    finally:
        with schema.connect(source / DATABASE) as database:
            number = str(len(schema.migrations()))
            database.execute("UPDATE meta SET value = ? WHERE key = 'schema'", [number])


def test_a_database_of_another_journal_is_refused(file: Path, tmp_path: Path) -> None:
    other = directory(tmp_path / "other", entries(*(Audited(1, "eve", "x", "done") for _ in range(4))))
    backed(other, tmp_path / "other.tar.zst")
    theirs: Members = []
    told(tmp_path / "other.tar.zst", theirs.extend)

    def swap(members: Members) -> None:
        members[2] = theirs[2]
        rows = msgspec.json.decode(members[-1][1])["manifest"]["members"]
        rows[2] = msgspec.json.decode(theirs[-1][1])["manifest"]["members"][2]
        _sealed(members, members=rows)

    with pytest.raises(DeskError, match=r"its database stands on another journal \(record 4\)"):
        restored(told(file, swap), tmp_path / "data")
    assert not (tmp_path / "data").exists()
