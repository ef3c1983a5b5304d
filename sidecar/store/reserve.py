"""Space kept back, so that a stop can still be written when the disk is full."""

from __future__ import annotations

import os
from pathlib import Path

from sidecar.store.disk import sync_folder


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
