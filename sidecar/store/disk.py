"""The few ways in which the journal touches a disk, so that each of them can be made to fail."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Protocol


class JournalIO(Protocol):
    """The system calls that decide whether an acknowledged event is kept; any may raise ``OSError``."""

    def pwrite(self, fd: int, data: bytes | memoryview, offset: int) -> int:
        """Writes at ``offset`` and returns how many bytes were taken, which may be fewer than offered."""

    def fdatasync(self, fd: int) -> None:
        """Returns when what was written to ``fd`` is on the disk."""

    def ftruncate(self, fd: int, length: int) -> None:
        """Cuts the file to ``length`` bytes."""


class Disk:
    """The operating system's own calls."""

    def pwrite(self, fd: int, data: bytes | memoryview, offset: int) -> int:
        return os.pwrite(fd, data, offset)

    def fdatasync(self, fd: int) -> None:
        os.fdatasync(fd)

    def ftruncate(self, fd: int, length: int) -> None:
        os.ftruncate(fd, length)


def write_all(io: JournalIO, fd: int, data: bytes, offset: int) -> None:
    """Writes every byte at ``offset``, going on after a short write; raises ``OSError`` where no progress is made."""
    view = memoryview(data)
    while view:
        taken = io.pwrite(fd, view, offset)
        if taken <= 0:
            raise OSError(errno.EIO, "the disk takes no more bytes")
        view, offset = view[taken:], offset + taken


def replace_file(io: JournalIO, path: Path, data: bytes) -> None:
    """Puts a whole new file in the place of ``path``: after a crash it is the old one or the new one."""
    fresh = path.with_name(path.name + ".new")
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        write_all(io, fd, data, 0)
        io.fdatasync(fd)
    finally:
        os.close(fd)
    fresh.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Makes new, renamed and removed names in ``folder`` durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
