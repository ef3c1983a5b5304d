"""The file of a backup: a tar in zstd, which ``tar --zstd -tf`` lists, and a manifest as its last member.

The manifest names every member with its size and SHA-256, so a file that breaks off has none, and one that was changed
does not match. It is sealed by a SHA-256 of its own. Read as a stream: no member is trusted before the end is seen.
"""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple

import msgspec
import pyarrow as pa

from sidecar.domain.errors import StoreError

MANIFEST = "manifest.json"
FORMAT = 1
_LARGEST_MANIFEST = 64 * 1024 * 1024
_PIECE = 1024 * 1024


class Member(msgspec.Struct, frozen=True):
    """One file of a backup."""

    name: str
    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a backup is: when and by which ``program`` it was made, how far its journal reaches, and every member.

    ``schema`` and ``database_seq`` are of the database in it; 0 and None where it has none.
    """

    format: int
    program: str
    made_at: str
    journal_seq: int
    journal_digest: str
    schema: int
    database_seq: int | None
    members: tuple[Member, ...] = ()

    @property
    def bytes(self) -> int:
        """Of all members."""
        return sum(member.bytes for member in self.members)


class _Sealed(msgspec.Struct, frozen=True):
    sha256: str
    manifest: msgspec.Raw


class _Hashed:
    """A file that is read once, and the hash of what was read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.sum = sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.sum.update(data)
        return data


class Packing:
    """A backup that is being written at ``path`` (0600, a new file); ``members`` are those that are in."""

    def __init__(self, path: Path) -> None:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        self._path = path
        self._sink = pa.output_stream(str(path), compression="zstd")
        self._tar = tarfile.open(fileobj=self._sink, mode="w|", format=tarfile.PAX_FORMAT)  # noqa: SIM115
        self.members: list[Member] = []

    def add(self, name: str, file: IO[bytes], size: int) -> None:
        """Add the first ``size`` bytes of ``file``. :raises OSError: it has fewer, or the disk takes no more."""
        hashed = _Hashed(file)
        info = tarfile.TarInfo(name)
        info.size, info.mode = size, 0o600
        self._tar.addfile(info, hashed)
        self.members.append(Member(name, size, hashed.sum.hexdigest()))

    def finish(self, manifest: Manifest) -> None:
        """Add the manifest with its members, and put the file on the disk."""
        raw = msgspec.json.encode(msgspec.structs.replace(manifest, members=tuple(self.members)))
        sealed = msgspec.json.encode(_Sealed(sha256(raw).hexdigest(), msgspec.Raw(raw)))
        self.add(MANIFEST, BytesIO(sealed), len(sealed))
        self._tar.close()
        self._sink.close()
        descriptor = os.open(self._path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def abandon(self) -> None:
        """Give the file up; what is there has no manifest."""
        for each in (self._tar, self._sink):
            with suppress(OSError, pa.ArrowException):  # a full disk takes no end either
                each.close()


class Found(NamedTuple):
    """A member as it comes: its name, how large it says it is, and its bytes, to be read before the next one."""

    name: str
    size: int
    pieces: Iterator[bytes]


def members(path: Path) -> Iterator[Found]:
    """The members of a backup in order, the manifest last.

    :raises StoreError: it is torn, or has in it what no backup has; also from the pieces of a member.
    """
    if not path.is_file():
        raise StoreError(f"{path}: there is no such file")
    with (
        _sound(path),
        pa.input_stream(str(path), compression="zstd") as stream,
        tarfile.open(fileobj=stream, mode="r|") as tar,
    ):
        for info in tar:
            refuse_name(path, info.name)
            file = tar.extractfile(info) if info.isreg() and not info.issparse() else None
            if file is None:
                raise refused(path, f"{info.name[:80]!r} in it is no plain file")
            yield Found(info.name, info.size, _pieces(path, file))


def refuse_name(path: Path, name: str) -> None:
    """Refuses a name that leads anywhere but down."""
    parts = PurePosixPath(name).parts
    plain = name.isprintable() and "\\" not in name and str(PurePosixPath(name)) == name
    if not parts or not plain or any(part.startswith((".", "/")) for part in parts):
        raise refused(path, f"{name[:80]!r} in it is no name of a data directory")


def manifest_of(path: Path, found: Found) -> Manifest:
    """Reads the manifest. :raises StoreError: it is not what was written, or a newer program's."""
    if found.size > _LARGEST_MANIFEST:
        raise refused(path, "its manifest is too large to be one")
    try:
        sealed = msgspec.json.decode(b"".join(found.pieces), type=_Sealed)
        if sha256(sealed.manifest).hexdigest() != sealed.sha256:
            raise refused(path, "its manifest was changed")
        version = msgspec.json.decode(sealed.manifest, type=dict[str, Any]).get("format")
        if version != FORMAT:
            raise refused(path, f"it has format {version}, this program reads {FORMAT}; use the program that made it")
        return msgspec.json.decode(sealed.manifest, type=Manifest)
    except msgspec.DecodeError as problem:
        raise refused(path, f"its manifest cannot be read ({problem})") from None


def refused(path: Path, problem: str) -> StoreError:
    """The refusal of a backup."""
    return StoreError(f"{path}: {problem}; it cannot be restored, take another backup")


def _pieces(path: Path, file: IO[bytes]) -> Iterator[bytes]:
    with _sound(path):
        while piece := file.read(_PIECE):
            yield piece


@contextmanager
def _sound(path: Path) -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, pa.ArrowException, EOFError, OSError) as problem:
        told = str(problem).partition("\n")[0][:120]
        raise refused(path, f"it is torn, or no backup ({told})") from None
