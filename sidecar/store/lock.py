"""One sidecar to a data directory: the kernel keeps the lock and drops it with the process, however that ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from sidecar.domain.errors import AlreadyRunning

_FILE = "sidecar.lock"


def owner(path: Path) -> int | None:
    """The process id of the sidecar that holds the directory ``path``; None where none does, 0 where it is not known.

    It looks by a shared lock for an instant, so that a sidecar that starts in this very instant is refused.
    """
    try:
        fd = os.open(path / _FILE, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _pid(fd)
    finally:
        os.close(fd)
    return None


def _pid(fd: int) -> int:
    text = os.pread(fd, 20, 0).decode("ascii", "replace").strip()
    return int(text) if text.isdecimal() else 0


class DataDirectoryLock:
    """Holds ``sidecar.lock`` of the directory ``path`` from construction until :meth:`release`, or as a context.

    The file holds the owner's process id for the second one's message; it stays behind on purpose (removing it would
    let two processes lock two files of one name). A child made by a bare ``fork`` shares the lock: start children by
    ``spawn``. Raises :class:`AlreadyRunning`; ``pid`` is 0 where the owner has not yet written its own.
    """

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path / _FILE, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = _pid(self._fd)
            os.close(self._fd)
            raise AlreadyRunning(str(path), pid) from None
        except OSError:
            os.close(self._fd)
            raise
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, f"{os.getpid()}\n".encode("ascii"), 0)

    def release(self) -> None:
        """Gives the directory up; a second call changes nothing."""
        if self._fd < 0:
            return
        os.ftruncate(self._fd, 0)
        os.close(self._fd)
        self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
