"""A backup brought back: into an empty directory, whole and proved, or not at all.

Everything is unpacked beside the data directory first. Only when every member is what was written, the journal's chain
holds from its first record, and the database opens and stands on that chain, the directory gets its name.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path, PurePosixPath

from sidecar.backup import DATABASE, FILES, FOLDERS, HEAD, JOURNAL, LARGE, matched
from sidecar.backup_file import MANIFEST, Found, Manifest, Member, manifest_of, members, refused
from sidecar.domain.errors import AlreadyRunning, JournalDamaged, StoreError
from sidecar.store.disk import sync_folder
from sidecar.store.lock import owner
from sidecar.store.recovery import verified
from sidecar.store.snapshot import proved

_RESTORING = ".restoring"


def restored(path: Path, folder: Path) -> Manifest:
    """Brings the backup at ``path`` back as the data directory ``folder``, which must be empty or not there.

    :raises AlreadyRunning: a desk runs in it. :raises StoreError: it is not empty, or the backup is torn, changed, of a
        newer program, or does not prove sound; nothing is changed then. :raises OSError: the disk refuses.
    """
    _refuse_used(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    return _unpacked(path, folder, lambda made: _put(made, folder))


def rehearsed(path: Path, beside: Path) -> Manifest:
    """Does all that :func:`restored` would to come to ``beside``, and leaves nothing behind."""
    return _unpacked(path, beside, shutil.rmtree)


def _refuse_used(folder: Path) -> None:
    if (pid := owner(folder)) is not None:
        raise AlreadyRunning(str(folder), pid)
    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise StoreError(f"{folder}: is not an empty directory; restore to a new one: --data-dir restored")


def _unpacked(path: Path, folder: Path, then: Callable[[Path], None]) -> Manifest:
    beside = folder.with_name(f"{folder.name}{_RESTORING}-{os.getpid()}")
    try:
        beside.mkdir(mode=0o700)
        manifest = _read(path, beside)
        _prove(path, beside, manifest)
        then(beside)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return manifest


def _read(path: Path, beside: Path) -> Manifest:
    """Unpacks every member; each must be a file of a data directory, and what the manifest says."""
    manifest, found = None, list[Member]()
    for member in members(path):
        if manifest is not None:
            raise refused(path, f"{member.name[:80]!r} stands behind its manifest")
        if member.name == MANIFEST:
            manifest = matched(path, manifest_of(path, member), found)
        else:
            found.append(_one(path, beside, member))
    if manifest is None:
        raise refused(path, "it breaks off: it has no manifest at its end")
    return manifest


def _one(path: Path, beside: Path, member: Found) -> Member:
    parts = PurePosixPath(member.name).parts
    known = parts[0] in (*FOLDERS, *LARGE) if len(parts) > 1 else parts[0] in (JOURNAL, HEAD, DATABASE, *FILES)
    if not known:
        raise refused(path, f"{member.name[:80]!r} in it is no file of a data directory")
    place = beside.joinpath(*parts)
    place.parent.mkdir(parents=True, exist_ok=True)
    total = sha256()
    try:
        descriptor = os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise refused(path, f"{member.name[:80]!r} stands in it twice") from None
    with os.fdopen(descriptor, "wb") as file:
        for piece in member.pieces:
            total.update(piece)
            file.write(piece)
        file.flush()
        os.fsync(descriptor)
    return Member(member.name, member.size, total.hexdigest())


def _prove(path: Path, beside: Path, manifest: Manifest) -> None:
    """The journal's chain from its first record, and that the database opens and stands on it."""
    try:
        found = verified(beside / JOURNAL)
    except JournalDamaged as damage:
        raise refused(path, f"its journal is damaged ({damage.problem}, record {damage.seq})") from None
    scan = found.scan
    if (scan.head.seq, scan.head.digest.hex()) != (manifest.journal_seq, manifest.journal_digest) or found.note:
        raise refused(path, "its journal does not end where its manifest says")
    if manifest.database_seq is None:
        return
    try:
        contents = proved(beside / DATABASE)
    except StoreError as problem:
        raise refused(path, str(problem)) from None
    if contents.head is not None and scan.digest_at(contents.head.seq) != contents.head.digest:
        raise refused(path, f"its database stands on another journal (record {contents.head.seq})")


def _put(beside: Path, folder: Path) -> None:
    """Gives what was unpacked its name, at once: a directory that has anything in it by now is not replaced."""
    for each in (beside, *(path for path in beside.rglob("*") if path.is_dir())):
        each.chmod(0o700)
        sync_folder(each)
    try:
        beside.rename(folder)
    except OSError as problem:
        raise StoreError(f"{folder}: is not an empty directory any more ({problem.strerror})") from problem
    sync_folder(folder.parent)
