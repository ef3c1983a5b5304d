"""``stop``: the emergency stop from a terminal: through the API, or, where that does not answer, the stop file."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from sidecar.client import Desk
from sidecar.domain.errors import AlreadyRunning, DeskError, DeskRefused, DeskUnreachable
from sidecar.settings import load_settings
from sidecar.stop_file import StopFile
from sidecar.store.lock import DataDirectoryLock
from sidecar.terminal.asking import desk_of, show

#: How long (seconds) the API may take before the stop file is used beside it, and that to be taken.
API_WAIT_S = 2.0
FILE_WAIT_S = 5.0
_LOOK_EVERY_S = 0.02
LOCK = "sidecar.lock"


class Asked:
    """A stop on its way through the API, in a thread of its own: it goes on while the stop file is tried."""

    def __init__(self, desk: Desk, reason: str, flatten: bool) -> None:
        self.answer: Any = None
        self.failure: DeskError | None = None
        self._thread = Thread(target=self._ask, args=(desk, reason, flatten), daemon=True)
        self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Whether it was answered within ``seconds``, one way or the other."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _ask(self, desk: Desk, reason: str, flatten: bool) -> None:
        try:
            self.answer = desk.stop(reason, flatten=flatten)
        except DeskError as failure:
            self.failure = failure


def run(options: argparse.Namespace) -> int:
    """Emergency stop; 0 only when the desk has confirmed, by either way, that it is stopped and on disk."""
    folder = load_settings(data_dir=options.data_dir).data_dir
    with desk_of(options) as desk:
        asked = Asked(desk, options.reason, options.flatten)
        asked.wait(API_WAIT_S)
        if asked.answer is not None:
            show(asked.answer)
            return 0
        problem = asked.failure or DeskUnreachable(desk.url, f"no answer within {API_WAIT_S:g} s")
        owner = running(folder) if _local(desk.url) and not _answered_no(problem) else None
        if owner is None:
            raise problem
        print(f"deskwatch: {problem}\ndeskwatch: trying the stop file in {folder}", file=sys.stderr)
        return _by_file(folder, options, owner, asked)


def running(folder: Path) -> int | None:
    """The process that owns a data directory (0 if it does not say), None where no desk runs on it."""
    if not (folder / LOCK).exists():
        return None
    try:
        DataDirectoryLock(folder).release()
    except AlreadyRunning as owner:
        return owner.pid
    except OSError:
        return 0  # it cannot be known from here: the file is tried
    return None


def _answered_no(problem: DeskError) -> bool:
    """Whether the desk has heard and refused: a stop file is for one that cannot hear or cannot be sure."""
    return isinstance(problem, DeskRefused) and problem.status < 500


def _local(url: str) -> bool:
    """Whether the desk that was asked can be the one of a directory here."""
    return urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")


def _by_file(folder: Path, options: argparse.Namespace, owner: int, asked: Asked) -> int:
    """Leave the stop file and wait until the desk has taken it, which it does when the stop is on disk."""
    file = StopFile(folder)
    try:
        file.give(options.reason)
    except OSError as error:
        print(f"deskwatch: {file.path}: {error.strerror}; end process {owner} yourself", file=sys.stderr)
        return 1
    until = time.monotonic() + FILE_WAIT_S
    while time.monotonic() < until:
        if not file.path.exists():
            print(f"stopped through the stop file: process {owner} has it on disk")
            if options.flatten:
                print("deskwatch: a stop file cannot flatten: close what is open later", file=sys.stderr)
            return 0
        if asked.answer is not None:
            file.path.unlink(missing_ok=True)
            show(asked.answer)
            return 0
        time.sleep(_LOOK_EVERY_S)
    told = f"not confirmed: {file.path} lies there, and process {owner} has not taken it in {FILE_WAIT_S:g} s"
    print(f"deskwatch: {told}; if you end it (kill -9 {owner}), the next start is a stopped one", file=sys.stderr)
    return 1
