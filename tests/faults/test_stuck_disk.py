"""A disk whose syncs hang: marks and breaker go on from memory, and what waited is all there once it lets go."""

import threading
import time
from pathlib import Path

import pytest

from sidecar import opening
from sidecar.domain.records import Audited
from sidecar.run import Sidecar
from sidecar.store.disk import Disk
from sidecar.store.frames import scan
from sidecar.store.reserve import Reserve
from tests.wiring import small, started, until

pytestmark = pytest.mark.slow


class Stuck(Disk):
    """Syncs wait while it is held."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.free.set()

    def fdatasync(self, fd: int) -> None:
        assert self.free.wait(60)
        super().fdatasync(fd)


def test_while_the_disk_hangs_the_desk_reports_on_and_afterwards_nothing_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Stuck()
    monkeypatch.setattr(opening, "Reserve", lambda path, size, on_full: Reserve(path, size, on_full, disk))
    with Sidecar(small(tmp_path)) as sidecar:
        started(sidecar)
        for turn in range(5):
            disk.free.clear()
            waiting = [
                sidecar.live.keep([Audited(sidecar.live.now(), "ann", "note", "done", f"{turn}-{n}")])
                for n in range(40)
            ]
            latest = sidecar.live.latest
            assert latest is not None
            seq = latest.report.seq
            until(lambda seq=seq: sidecar.live.latest.report.seq > seq + 5, what="reports")  # type: ignore[misc, union-attr]
            assert not any(future.done() for future in waiting[1:])
            began = time.monotonic()
            disk.free.set()
            numbers = [future.result(20) for future in waiting]
            assert numbers == sorted(numbers)
            assert time.monotonic() - began < 20
        assert sidecar.journal.refusal is None
    payloads = b"".join(record.payload for record in scan((tmp_path / "journal.log").read_bytes()).records)
    for turn in range(5):
        for n in range(40):
            assert payloads.count(f'"{turn}-{n}"'.encode()) == 1
