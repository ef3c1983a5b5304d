"""A backup: everything that a data directory needs to live again, in one file, while the desk runs or not.

The database is copied first, between two commits, and the journal after it, up to its last acknowledged record: so the
journal is never behind the database, and the next start brings in what it is ahead. Everything else is written once and
renamed into place, or is small. What is in a backup opens the desk (``ui.key``, ``notify.urls``): it is 0600, and wants
keeping like a key. Not in it: locks, one-time links, working files of trainings, and what was set aside as damaged.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import msgspec

from sidecar import __version__
from sidecar.backup_file import MANIFEST, Manifest, Member, Packing, manifest_of, members, refused
from sidecar.domain.clock import iso, to_datetime
from sidecar.domain.errors import InputError, StoreError
from sidecar.opening import FILE, NOTE
from sidecar.servers.keys import FILE as KEYS
from sidecar.servers.keys import UI_FILE, write_private
from sidecar.stop_file import NAME, WITNESS
from sidecar.store import snapshot
from sidecar.store.disk import sync_folder
from sidecar.store.frames import SLOT_STRIDE, Slot, encode_slot
from sidecar.store.recovery import head_path, newest, recover
from sidecar.store.snapshot import Contents, proved

SUFFIX = ".tar.zst"
_PREFIX = "deskwatch-"
_UNFINISHED = ".unfinished"
JOURNAL, HEAD, DATABASE = FILE, head_path(Path(FILE)).name, snapshot.FILE
#: What lies in the data directory beside journal and database and has to come along: who may enter, whom to tell, and
#: every sign that the desk is stopped. Then folders, with all in them.
FILES = (KEYS, UI_FILE, "notify.urls", NAME, WITNESS, NOTE)
FOLDERS = ("models", "backtests")
#: Also folders, which grow large and of which a day never changes: they may be left out, and copied in another way.
LARGE = ("archive", "history", "tapes")
#: Which backup of this data directory was the last, for ``doctor``.
LAST = "backup.json"
_LOCK = "backup.lock"


class Last(msgspec.Struct, frozen=True):
    """The last backup of a data directory: when it was made (ISO 8601), and where it went."""

    made_at: str
    file: str


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keeps a second backup of the same data directory away. :raises StoreError: one is being made."""
    lock = os.open(folder / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise StoreError(f"{folder}: another backup of it is being made; wait for that one") from None
    finally:
        os.close(lock)


def place_of(to: Path | None, now: int) -> Path:
    """Where a backup goes: the file that is named, or one named for the time in the folder that is (or in this one).

    :raises InputError: there is a file of that name.
    """
    target = to or Path()
    if not target.name.endswith(SUFFIX):
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        target /= f"{_PREFIX}{to_datetime(now):%Y%m%dT%H%M%SZ}{SUFFIX}"
    if target.exists():
        raise InputError("--to", f"{target} exists", "name another file, or a folder")
    return target


def made(
    folder: Path, target: Path, copy: Callable[[], Path | None], now: int, left_out: Sequence[str] = ()
) -> Manifest:
    """Makes a backup of the data directory ``folder`` at ``target``, and reads it back before it has that name.

    ``copy`` copies the database into a folder, which is removed afterwards, or says that there is none (None). ``now``
    is microseconds UTC; of ``LARGE`` those ``left_out`` do not come in.

    :raises StoreError: journal or copy are damaged, or disagree. :raises OSError: the disk refuses.
    """
    unfinished = target.with_name(target.name + _UNFINISHED)
    unfinished.unlink(missing_ok=True)
    copied = copy()
    try:
        contents = proved(copied / DATABASE) if copied else Contents(0, None)
        manifest = _packed(folder, unfinished, copied, contents, now, left_out)
        checked(unfinished)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    finally:
        if copied:
            shutil.rmtree(copied, ignore_errors=True)
    unfinished.rename(target)
    sync_folder(target.parent)
    with suppress(OSError):  # the backup is made, whatever the data directory takes
        write_private(folder / LAST, msgspec.json.encode(Last(manifest.made_at, str(target.resolve()))))
    return manifest


def checked(path: Path) -> Manifest:
    """Reads a backup to its end and compares every member with the manifest.

    :raises StoreError: it is torn, was changed, or is none.
    """
    found: list[Member] = []
    for member in members(path):
        if member.name == MANIFEST:
            return matched(path, manifest_of(path, member), found)
        total = sha256()
        for piece in member.pieces:
            total.update(piece)
        found.append(Member(member.name, member.size, total.hexdigest()))
    raise refused(path, "it breaks off: it has no manifest at its end")


def matched(path: Path, manifest: Manifest, found: Sequence[Member]) -> Manifest:
    """The manifest, if it is of just these members. :raises StoreError: it is not."""
    names = [member.name for member in found]
    if len(set(names)) < len(names):
        raise refused(path, "a name stands in it twice")
    for want, have in zip(manifest.members, found, strict=False):
        if want != have:
            raise refused(path, f"{want.name} in it is not what was written")
    if len(manifest.members) != len(found):
        raise refused(path, f"it has {len(found)} files, its manifest names {len(manifest.members)}")
    return manifest


def thinned(folder: Path, keep: int) -> list[Path]:
    """Removes all but the newest ``keep`` backups of a folder, by the time in their names; returns those removed."""
    old = sorted(folder.glob(f"{_PREFIX}????????T??????Z{SUFFIX}"))[:-keep]
    for path in old:
        path.unlink()
    return old


def last_of(folder: Path) -> Last | None:
    """The last backup of a data directory; None where none is known of."""
    try:
        return msgspec.json.decode((folder / LAST).read_bytes(), type=Last)
    except (OSError, msgspec.DecodeError):
        return None


def _packed(
    folder: Path, path: Path, copied: Path | None, contents: Contents, now: int, left_out: Sequence[str]
) -> Manifest:
    found = recover(folder / JOURNAL)
    slot = newest(found.slots) if found.slots else None
    if slot is None:
        raise StoreError(f"{folder / JOURNAL}: it has not begun, so there is nothing to back up; start the desk first")
    head = contents.head
    if head is not None and (head.seq > slot.head.seq or found.scan.digest_at(head.seq) != head.digest):
        problem = f"its head, record {head.seq}, is not the journal's; start the desk once, which makes it anew"
        raise StoreError(f"{folder / DATABASE}: {problem}")
    packing = Packing(path)
    try:
        _journal(packing, folder, slot, found.scan.end_of(slot.head.seq))
        if copied is not None:
            _file(packing, DATABASE, copied / DATABASE)
        for name in _rest(folder, left_out):
            _file(packing, name, folder / name)
        made_at, seq, digest = iso(now), slot.head.seq, slot.head.digest.hex()
        reached = (head.seq if head else 0) if copied is not None else None
        manifest = Manifest(1, __version__, made_at, seq, digest, contents.schema, reached)
        packing.finish(manifest)
    except BaseException:
        packing.abandon()
        raise
    return msgspec.structs.replace(manifest, members=tuple(packing.members[:-1]))


def _journal(packing: Packing, folder: Path, slot: Slot, size: int) -> None:
    """The journal up to its last acknowledged record, and a head that names just that one."""
    with (folder / JOURNAL).open("rb") as file:
        packing.add(JOURNAL, file, size)
    head = encode_slot(slot).ljust(SLOT_STRIDE, b"\0") * 2
    packing.add(HEAD, BytesIO(head), len(head))


def _file(packing: Packing, name: str, path: Path) -> None:
    try:
        with path.open("rb") as file:
            packing.add(name, file, os.fstat(file.fileno()).st_size)
    except FileNotFoundError:
        return  # a backtest's result that has just had its day


def _rest(folder: Path, left_out: Sequence[str]) -> Iterator[str]:
    yield from (name for name in FILES if (folder / name).is_file())
    for top in (*FOLDERS, *(name for name in LARGE if name not in left_out)):
        for path in sorted((folder / top).rglob("*")):
            name = path.relative_to(folder)
            if path.is_file() and not _passing(name.parts):
                yield name.as_posix()


def _passing(parts: Sequence[str]) -> bool:
    """What is still being written, and stands under its name when it is whole."""
    return any(part.startswith(".") or part.endswith((_UNFINISHED, ".new", ".tmp")) for part in parts)
