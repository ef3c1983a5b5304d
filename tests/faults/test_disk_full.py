"""A disk that fills up under a running desk: the stop is on record, and with room again it is ready unaided."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from sidecar.domain.breaker import BreakerStatus
from sidecar.doors import not_ready
from sidecar.run import Sidecar
from sidecar.store.frames import scan
from tests.wiring import ask_reset, ask_stop, small, started, until

pytestmark = pytest.mark.slow


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 MiB of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(place)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no disk of its own can be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(disk: Path) -> Path:
    """Take every byte that is left."""
    junk = disk / "junk"
    with junk.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            with suppress(OSError):
                while True:
                    os.write(file.fileno(), bytes(size))
    return junk


def test_a_stop_on_a_full_disk_is_on_record_and_with_room_again_the_desk_is_ready_without_a_restart(disk: Path) -> None:
    folder = disk / "data"
    with Sidecar(small(folder, strategy="demo", store={"commit_ms": 20})) as sidecar:
        started(sidecar)
        until(lambda: not not_ready(sidecar), what="readiness")
        junk = fill(disk)
        # The desk's own records find the disk full; or else this stop is the first to.
        outcome = ask_stop(sidecar.live, "fat finger")
        assert outcome.breaker.status is BreakerStatus.EMERGENCY_STOP
        until(lambda: not (folder / "journal.reserve").exists(), what="the reserve given up", seconds=30)
        until(lambda: not_ready(sidecar), what="a sidecar that is not ready")
        assert any("disk is full" in why or "No space left" in why for why in not_ready(sidecar)), not_ready(sidecar)
        assert sidecar.journal.refusal is None
        for _ in range(50):
            ask_stop(sidecar.live, "again")
        junk.unlink()
        until(lambda: not not_ready(sidecar), what="readiness with room again", seconds=30)
        assert (folder / "journal.reserve").exists()
        until(lambda: sidecar.writer.head() == sidecar.journal.head, what="a database that has caught up")
        assert ask_reset(sidecar.live).breaker.status is BreakerStatus.ACTIVE
    records = scan((folder / "journal.log").read_bytes()).records
    assert sum(b'"action":"stop"' in record.payload for record in records) >= 52
    assert any(b"is full; make room" in record.payload for record in records)
    with Sidecar(small(folder)) as again:
        assert again.state.breaker.active
        assert again.writer.note == ""
