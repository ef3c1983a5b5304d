"""An older program on a newer one's data, as docs/operations.md tells it: refused untouched, and the way out."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from sidecar.domain.breaker import BreakerStatus
from sidecar.domain.errors import SchemaTooNew, StoreError
from sidecar.run import Sidecar
from sidecar.store.journal import Journal
from sidecar.store.schema import migrations
from sidecar.terminal.parser import main
from tests.wiring import ask_stop, small, started


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of a desk that was stopped, and ended."""
    folder = tmp_path_factory.mktemp("lived") / "data"
    with Sidecar(small(folder)) as sidecar:
        started(sidecar)
        ask_stop(sidecar.live)
    return folder


def test_a_database_that_a_newer_program_migrated_is_refused_and_made_anew_from_the_journal(
    lived: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known, file = len(migrations()), lived / "desk.duckdb"
    with duckdb.connect(file) as database:
        database.execute("UPDATE meta SET value = ? WHERE key = 'schema'", [str(known + 1)])
    before = file.read_bytes()
    with pytest.raises(SchemaTooNew, match=f"schema {known + 1} is newer than this program's {known}; upgrade, or use"):
        Sidecar(small(lived))
    assert file.read_bytes() == before

    assert main(["audit", "rebuild", "--yes", "--data-dir", str(lived)]) == 0
    assert "bars, sampled reports, quotes" in capsys.readouterr().out
    assert [path.read_bytes() for path in lived.glob("desk.duckdb.replaced-*")] == [before]
    with Sidecar(small(lived)) as again:
        assert again.state.breaker.status is BreakerStatus.EMERGENCY_STOP


def test_a_journal_with_records_of_a_newer_program_is_refused_and_left_as_it_is(lived: Path) -> None:
    path = lived / "journal.log"
    with Journal.open(path, epoch=bytes(16)) as journal:
        journal.append_many([b'{"type":"of_tomorrow"}']).result(10)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"is none that this program knows .*; upgrade, or use --data-dir"):
        Sidecar(small(lived))
    assert path.read_bytes() == before
