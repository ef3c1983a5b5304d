"""The stop file: ``STOP`` in the data directory stops the desk, without HTTP, key or program.

That it is there is what counts; its first line, where it can be read, is the reason. Once the stop is on disk the file
is renamed ``STOP.taken-<time>``. One that is there when a desk starts, starts it stopped. Beside it may lie the
*witness*: a stop that the journal could not yet confirm, written by the desk itself, and read at the next start.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import NamedTuple

from sidecar.domain.clock import to_datetime

NAME = "STOP"
WITNESS = "STOP.witness"
#: The file's type, number, and time of change: the same again is the same file.
Mark = tuple[int, int, int]
_READ = 4096
_REASON = 200


class Found(NamedTuple):
    """A stop file that lies there: why, and which one it is."""

    reason: str
    mark: Mark


class StopFile:
    """The stop file of one data directory."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self.witness_path = folder / WITNESS

    def look(self) -> Found | None:
        """What lies there now. A directory, a dead link or a file that nobody may read is one too."""
        return _look(self.path)

    def look_at_start(self) -> tuple[str, ...]:
        """Why the desk has to start stopped: the reasons of stop file and witness."""
        found = (_look(self.path), _look(self.witness_path))
        return tuple(one.reason for one in found if one is not None)

    def take(self, wall_at: int) -> bool:
        """Rename it, now that its stop is on disk; False if it cannot be renamed, and then lies on."""
        aside = self.path.with_name(f"{NAME}.taken-{to_datetime(wall_at):%Y%m%dT%H%M%S.%fZ}")
        while aside.exists() or aside.is_symlink():
            aside = aside.with_name(f"{aside.name}+")
        try:
            self.path.rename(aside)
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return True

    def settle(self, wall_at: int) -> None:
        """What :meth:`look_at_start` found is on disk."""
        self.take(wall_at)
        self.dismiss()

    def give(self, reason: str) -> None:
        """Put one there, whole. :raises OSError: the directory takes none."""
        _write(self.path, reason)

    def testify(self, reason: str) -> None:
        """Put the witness there. It survives the process, not a power cut. :raises OSError: the directory takes none.

        It is not synced: it is written when syncs do not come back.
        """
        _write(self.witness_path, reason)

    def dismiss(self) -> None:
        """Take the witness away: what it told of is on disk."""
        self.witness_path.unlink(missing_ok=True)


def _look(path: Path) -> Found | None:
    try:
        there = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        # Whether it is there cannot be ruled out: the safer answer is yes.
        return Found(f"{path.name} cannot be looked for ({error.strerror})", (0, 0, 0))
    return Found(_reason(path), (there.st_mode, there.st_ino, there.st_mtime_ns))


def _reason(path: Path) -> str:
    """The first line, as far as it can be read without waiting for anyone."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        return f"{path.name} is there and cannot be read ({error.strerror})"
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            return f"{path.name} is there and is no plain file"
        lines = os.read(fd, _READ).decode("utf-8", "replace").splitlines() or [""]
    except OSError as error:
        return f"{path.name} is there and cannot be read ({error.strerror})"
    finally:
        os.close(fd)
    said = "".join(letter for letter in lines[0] if letter.isprintable()).strip()[:_REASON]
    return said or "the stop file gives no reason"


def _write(path: Path, reason: str) -> None:
    """In one piece: who looks sees none of it or all."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(f"{reason}\n")
    fresh.replace(path)
