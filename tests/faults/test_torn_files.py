"""Every file of a killed desk, torn, flipped and zeroed: noticed, or proved harmless, and the safer state wins."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.faults.tearing import FILES, WAYS

pytestmark = pytest.mark.slow
#: The journal and its head by themselves are torn more often in ``tests/store/test_recovery.py``.
COUNTS = {"journal": 10, "head": 10, "database": 20, "log": 40}


def torn(file: str, how: str, folder: Path, repository: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.faults.tearing", file, how, str(COUNTS[file]), "1", str(folder)]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False, timeout=170)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("file", FILES)
def test_after_any_damage_the_database_says_what_the_journal_says_and_nothing_is_lost_in_silence(
    file: str, how: str, tmp_path: Path, repository: Path
) -> None:
    found = torn(file, how, tmp_path, repository)
    assert found["wrong"] == []
    assert found["damaged"] == COUNTS[file]
    if file == "journal":
        assert found["said"] == COUNTS[file]
        assert found["states"] == {"emergency_stop": COUNTS[file]}
    elif file != "head":
        assert found["states"] == {"active": COUNTS[file]}
