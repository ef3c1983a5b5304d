"""Space kept back beside the journal, so that a stop can still be written when the disk is full.

A full disk refuses a write before it takes a byte of it, so that, other than after a failed sync, it may be made once
more: in the place of the reserve.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock

from sidecar.store.disk import Disk, JournalIO, sync_folder

#: How many times its own size must be free before a reserve is taken back: what is left of it alone is no room.
_ROOM = 3
_LOOK_S = 1.0
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Reserve:
    """``size`` bytes set aside in the file ``path``: given up when the disk is full, taken back when it has room again.

    A :class:`JournalIO` of ``io``'s calls. ``on_full()`` is told, in the thread that writes, when the reserve is given
    up. Where it is not to be had at first, it is missing from the beginning.
    """

    def __init__(
        self,
        path: Path,
        size: int,
        on_full: Callable[[], None] = lambda: None,
        io: JournalIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._size = size
        self._on_full = on_full
        self._io = io or Disk()
        self._clock = clock
        self._lock = Lock()
        self._missing = True
        self._looked = clock()
        release(path)  # an older one may be of another size
        with suppress(OSError):
            reserve(path, size)
            self._missing = False

    def full(self) -> bool:
        """Whether the reserve is given up, and what room is left is the journal's; it looks now and then for more."""
        with self._lock:
            if self._missing and self._clock() - self._looked >= _LOOK_S:
                self._looked = self._clock()
                self._missing = not self._taken_back()
            return self._missing

    def pwrite(self, fd: int, data: bytes | memoryview, offset: int) -> int:
        try:
            return self._io.pwrite(fd, data, offset)
        except OSError as error:
            if error.errno not in _FULL or not self._given():
                raise
        self._on_full()
        return self._io.pwrite(fd, data, offset)

    def fdatasync(self, fd: int) -> None:
        self._io.fdatasync(fd)

    def ftruncate(self, fd: int, length: int) -> None:
        self._io.ftruncate(fd, length)

    def _given(self) -> bool:
        with self._lock:
            self._missing, self._looked = True, self._clock()
            return release(self._path)

    def _taken_back(self) -> bool:
        try:
            disk = os.statvfs(self._path.parent)
            if disk.f_bavail * disk.f_frsize < _ROOM * self._size:
                return False
            reserve(self._path, self._size)
        except OSError:
            return False
        return True


def reserve(path: Path, size: int) -> None:
    """Sets ``size`` bytes of disk aside in the file ``path``; raises ``OSError`` where they are not to be had."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.posix_fallocate(fd, 0, size)
    except OSError:
        os.ftruncate(fd, 0)  # a reserve that is there in part would be taken for a whole one
        raise
    finally:
        os.close(fd)
    sync_folder(path.parent)


def release(path: Path) -> bool:
    """Gives the reserved space back to the disk; False where there was none."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    sync_folder(path.parent)
    return True
