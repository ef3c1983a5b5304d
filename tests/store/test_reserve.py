"""Space kept back for a stop on a full disk."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sidecar.domain.errors import JournalFailed
from sidecar.store.disk import Disk
from sidecar.store.journal import Journal
from sidecar.store.recovery import recover
from sidecar.store.reserve import Reserve, release, reserve

REFUSED = """
import resource, sys
from pathlib import Path
from sidecar.store.reserve import reserve
resource.setrlimit(resource.RLIMIT_FSIZE, (65536, resource.RLIM_INFINITY))
try:
    reserve(Path(sys.argv[1]), 1 << 20)
except OSError as error:
    print(error.errno)
"""


def test_a_reserve_takes_real_blocks_and_gives_them_back_once(tmp_path: Path) -> None:
    path = tmp_path / "reserve"
    reserve(path, 1 << 20)
    assert path.stat().st_blocks * 512 >= 1 << 20
    reserve(path, 1 << 20)
    assert release(path)
    assert not path.exists()
    assert not release(path)


def test_a_reserve_that_does_not_fit_is_an_error_and_holds_nothing(tmp_path: Path, repository: Path) -> None:
    path = tmp_path / "reserve"
    child = subprocess.run(
        [sys.executable, "-c", REFUSED, str(path)], cwd=repository, capture_output=True, text=True, check=True
    )
    assert int(child.stdout) == errno.EFBIG
    assert path.stat().st_size == 0


class Full(Disk):
    """A disk that refuses every write until there is room, and thinks that there is while the reserve is gone."""

    def __init__(self, reserve: Path, code: int = errno.ENOSPC) -> None:
        self.reserve, self.code, self.helps, self.full = reserve, code, True, True

    def pwrite(self, fd: int, data: bytes | memoryview, offset: int) -> int:
        if self.full and (self.reserve.exists() or not self.helps):
            raise OSError(self.code, os.strerror(self.code))
        return super().pwrite(fd, data, offset)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_on_a_full_disk_a_record_takes_the_place_of_the_reserve_and_is_acknowledged(tmp_path: Path, code: int) -> None:
    path, said, now = tmp_path / "journal.reserve", [0], [0.0]
    disk = Full(path, code)
    disk.full = False
    reserve = Reserve(path, 1 << 20, lambda: said.append(1), disk, lambda: now[0])
    assert not reserve.full()
    with Journal.open(tmp_path / "journal.log", epoch=bytes(16), io=reserve) as journal:
        journal.append(b"before").result(10)
        disk.full = True
        assert journal.append(b"stop").result(10) == 2
        assert journal.append(b"again").result(10) == 3
        assert said == [0, 1]
        assert not path.exists()
        assert reserve.full()
        assert not path.exists()  # a look in the same moment changes nothing
        now[0] = 2.0
        assert not reserve.full()
        assert path.stat().st_size == 1 << 20
        assert journal.append(b"once more").result(10) == 4
        assert said == [0, 1, 1]
        disk.helps = False
        assert isinstance(journal.append(b"too late").exception(10), JournalFailed)
    assert [record.payload for record in recover(tmp_path / "journal.log").scan.records][-1] == b"once more"


def test_an_error_that_more_room_would_not_mend_keeps_the_reserve(tmp_path: Path) -> None:
    path = tmp_path / "journal.reserve"
    disk = Full(path, errno.EIO)
    disk.full = False
    reserve = Reserve(path, 4096, io=disk)
    with Journal.open(tmp_path / "journal.log", epoch=bytes(16), io=reserve) as journal:
        disk.full = True
        assert isinstance(journal.append(b"lost").exception(10), JournalFailed)
    assert path.exists()
    assert not reserve.full()


def test_a_reserve_that_is_not_to_be_had_is_missing_until_there_is_room(tmp_path: Path) -> None:
    now = [0.0]
    reserve = Reserve(tmp_path / "reserve", 1 << 60, clock=lambda: now[0])
    assert reserve.full()
    now[0] = 5.0
    assert reserve.full()
    nowhere = Reserve(tmp_path / "none" / "reserve", 4096, clock=lambda: now[0])
    now[0] = 10.0
    assert nowhere.full()
