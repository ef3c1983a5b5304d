"""Space kept back for a stop on a full disk."""

import errno
import subprocess
import sys
from pathlib import Path

from sidecar.store.reserve import release, reserve

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
