"""A process beside the desk that works through a job folder: begun, listened to, and never waited for too long."""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event as Flag

from sidecar.learning.job import ERRORS_FILE, progress_of
from sidecar.learning.plan import Progress

#: How long (seconds) it may take until a stop or the end of its time is noticed.
_LOOK_EVERY_S = 0.2
#: How long a killed process may take to be gone.
_REAP_S = 5.0
_PROGRAM = Path(__file__).resolve().parent.parent
_CHUNK = 65_536
_MOST_TOLD = 300
_SIGNALS: Mapping[int, str] = {9: "killed", 11: "crashed", 6: "aborted", 15: "terminated"}


class Child:
    """One process. :meth:`work` returns when it has ended, however that was.

    :param begins: the program's arguments, but for the folder.
    :param threads: how many threads its numerical libraries may use; they wait without spinning.
    :param setting: the name of the setting that bounds its time, for whoever reads that it took longer.
    """

    def __init__(
        self,
        folder: Path,
        *,
        threads: int = 1,
        begins: tuple[str, ...] = ("-m", "sidecar.training"),
        setting: str = "learning.timeout_s",
    ) -> None:
        self._folder = folder
        self._threads = threads
        self._begins = begins
        self._too_long = f"it took longer than {setting} allows"

    def work(self, timeout_s: float, stopped: Flag, told: Callable[[Progress], None]) -> str:
        """Let it work; why it was broken off, empty where it ended by itself and may have left a result.

        ``told`` hears of its steps. It is killed after ``timeout_s`` (wall seconds), and when ``stopped`` is set.
        """
        until = time.monotonic() + timeout_s
        with (self._folder / ERRORS_FILE).open("wb") as errors:
            process = subprocess.Popen(  # noqa: S603  our own interpreter, our own program
                [sys.executable, *self._begins, str(self._folder.resolve())],
                cwd=_PROGRAM,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=self._environment(),
                start_new_session=True,  # a Ctrl-C at the terminal is for the desk, which ends its child itself
            )
        try:
            why = self._listen(process, until, stopped, told)
        finally:
            process.kill()  # of one that has ended it does nothing
            process.wait(_REAP_S)
            if process.stdout is not None:
                process.stdout.close()
        return why or self._ending(process.returncode)

    def _environment(self) -> dict[str, str]:
        threads = str(self._threads)
        # Threads that wait by spinning take the processor from the desk: 2.4 times slower on shared cores.
        quiet = {"OMP_WAIT_POLICY": "passive", "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
        return {**os.environ, **quiet, "NUMBA_NUM_THREADS": threads, "PYTHONUNBUFFERED": "1"}

    def _listen(
        self, process: subprocess.Popen[bytes], until: float, stopped: Flag, told: Callable[[Progress], None]
    ) -> str:
        """Hear its lines until it closes its output; why it must end before that, if it must."""
        rest, source = b"", process.stdout.fileno() if process.stdout else -1
        with selectors.DefaultSelector() as selector:
            selector.register(source, selectors.EVENT_READ)
            while True:
                if stopped.is_set():
                    return "the desk was stopped"
                if time.monotonic() >= until:
                    return self._too_long
                if not selector.select(_LOOK_EVERY_S):
                    continue
                chunk = os.read(source, _CHUNK)
                if not chunk:
                    return self._closed(process, until, stopped)
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    if (step := progress_of(line)) is not None:
                        told(step)
                rest = rest[-_CHUNK:]

    def _closed(self, process: subprocess.Popen[bytes], until: float, stopped: Flag) -> str:
        """It says nothing more: wait for its end as long as it may still take."""
        while process.poll() is None:
            if time.monotonic() >= until or stopped.wait(_LOOK_EVERY_S):
                return "the desk was stopped" if stopped.is_set() else self._too_long
        return ""

    def _ending(self, code: int) -> str:
        if code == 0:
            return ""
        if code < 0:
            how = f"its process was {_SIGNALS.get(-code, 'ended')} (signal {-code})"
            return f"{how}: out of memory?" if code == -9 else how
        return f"its process ended with {code}: {self._last_words()}"

    def _last_words(self) -> str:
        try:
            text = (self._folder / ERRORS_FILE).read_text("utf-8", "replace")
        except OSError:
            text = ""
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return lines[-1][:_MOST_TOLD] if lines else "it said nothing"
