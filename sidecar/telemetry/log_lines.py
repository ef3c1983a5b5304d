"""Where log lines go: to a thread of their own, and from there to standard error and to a file of bounded size."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from queue import Full, Queue
from threading import Thread

#: Lines that may wait to be written; one more is lost, and counted.
WAITING = 10_000
#: How long (seconds) the end of the program waits for what is not written yet.
_DRAIN_S = 2.0


class Behind(logging.Handler):
    """Hands finished lines to a thread that writes them to ``outs``: whoever logs waits for no disk and no pipe.

    A line that finds no room is lost; the next one that is written says how many were.
    """

    def __init__(self, formatter: logging.Formatter, outs: Sequence[logging.Handler]) -> None:
        super().__init__(min(out.level for out in outs))
        self.setFormatter(formatter)
        self._outs = outs
        self._lines: Queue[logging.LogRecord | None] = Queue(WAITING)
        self._lost = 0
        self._thread = Thread(target=self._write, name="log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Make the line here, where the request's id is known, and leave it."""
        try:
            self._lines.put_nowait(_line(record.levelno, self.format(record)))
        except Full:
            self._lost += 1

    def close(self) -> None:
        """Write what waits, if it can be written soon."""
        if self._thread.is_alive():
            try:
                self._lines.put(None, timeout=_DRAIN_S)
            except Full:
                return super().close()
            self._thread.join(_DRAIN_S)
        return super().close()

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            if self._lost:
                self.acquire()
                lost, self._lost = self._lost, 0
                self.release()
                said = logging.makeLogRecord({"name": __name__, "levelno": logging.ERROR, "levelname": "ERROR"})
                said.msg, said.__dict__["lines"] = "log lines were lost: they could not be written in time", lost
                self._send(_line(logging.ERROR, self.format(said)))
            self._send(line)
        for out in self._outs:
            with suppress(OSError):  # a full disk's
                out.close()

    def _send(self, line: logging.LogRecord) -> None:
        for out in self._outs:
            if line.levelno >= out.level:
                out.handle(line)


class Rotating(RotatingFileHandler):
    """Lines from ``level`` on in a file that its owner alone may read; full, it is renamed ``.1``, that one ``.2``, …

    A disk that does not take a line costs that line here; standard error has it too.

    :param largest: bytes of one file. :param files: how many there are, the newest among them.
    :raises OSError: it cannot be opened.
    """

    def __init__(self, path: Path, largest: int, files: int, level: int = logging.INFO) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        super().__init__(path, maxBytes=largest, backupCount=files - 1, encoding="ascii")
        self.setLevel(level)

    def _open(self) -> TextIOWrapper:
        file = open(self.baseFilename, "a", encoding="ascii", opener=_private)  # noqa: SIM115  the handler closes it
        os.fchmod(file.fileno(), 0o600)
        return file

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  logging's name
        """Nothing: a trace for each line of a full disk would be worse than their loss."""


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _line(level: int, text: str) -> logging.LogRecord:
    """A record that is its own text already."""
    return logging.makeLogRecord({"levelno": level, "msg": text})
