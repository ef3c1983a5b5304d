"""One sidecar to a data directory: the kernel keeps the lock and drops it with the process, however that ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from sidecar.domain.errors import AlreadyRunning

_FILE = "sidecar.lock"


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
            text = os.pread(self._fd, 20, 0).decode("ascii", "replace").strip()
            os.close(self._fd)
            raise AlreadyRunning(str(path), int(text) if text.isdecimal() else 0) from None
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
