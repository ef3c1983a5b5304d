"""``query``: a SELECT from a terminal, of a running desk and of the file that one left."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from sidecar.domain.clock import iso
from sidecar.domain.records import FillRecorded
from sidecar.servers import query
from sidecar.servers.http import create_app
from sidecar.servers.keys import Role
from sidecar.store.queries import Queries
from sidecar.store.writer import Writer
from sidecar.terminal.parser import main
from tests.servers.desk import QUICK, Stand, serving
from tests.store.build import NOW, entries, fill, head_of, records_of
from tests.wiring import free_port

Say = Callable[..., tuple[str, str]]


def left(folder: Path) -> Writer:
    """A database with three fills."""
    writer = Writer.open(folder / "desk.duckdb", now=NOW, commit_s=0.01)
    journal = entries(*(FillRecorded(NOW, fill(f"f{n}", NOW + n)) for n in range(3)))
    writer.catch_up(records_of(journal), head_of(journal))
    return writer


@pytest.fixture
def say(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Say:
    monkeypatch.setenv("DESK_PORT", str(free_port()))

    def run(*words: str, status: int = 0) -> tuple[str, str]:
        assert main(["query", *words, "--data-dir", str(tmp_path)]) == status
        told = capsys.readouterr()
        return told.out, told.err

    return run


def test_a_running_desk_is_asked_and_shown_as_a_table_or_as_lines(
    tmp_path: Path, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand = Stand(tmp_path)
    writer = left(tmp_path)
    monkeypatch.setenv("DESK_KEY", stand.secrets[Role.VIEWER])
    with Queries(writer.cursor) as queries:
        ports = stand.desk.ports()
        app = create_app(ports, stand.keys, QUICK, [query.router(ports, stand.keys, queries.ask)])
        with serving(app) as url:
            shown, _ = say("SELECT id, price, NULL AS nothing FROM fills ORDER BY id", "--url", url)
            assert [cell.strip() for cell in shown.splitlines()[3].strip("│").split("│")] == ["f0", "80.3500", "–"]
            assert shown.endswith("3 rows\n")
            lines, cut = say("FROM fills ORDER BY id", "--limit", "2", "--json", "--url", url)
            rows = [json.loads(line) for line in lines.splitlines()]
            assert [(row["id"], row["price"], row["timestamp"]) for row in rows] == [
                ("f0", 80.35, iso(NOW)), ("f1", 80.35, iso(NOW + 1)),
            ]  # fmt: skip
            assert "more than these 2 rows" in cut
            _, refused = say("DROP TABLE fills", "--url", url, status=1)
            assert "is not one SELECT but DROP" in refused
    writer.close()


def test_without_a_sidecar_the_file_that_it_left_is_asked_and_only_read(tmp_path: Path, say: Say) -> None:
    _, nothing = say("FROM fills", status=1)
    assert "the sidecar does not answer" in nothing
    left(tmp_path).close()
    before = (tmp_path / "desk.duckdb").read_bytes()
    shown, note = say("SELECT count(*) AS fills FROM fills")
    assert "3" in shown
    assert "the sidecar does not run: this is what it left" in note
    _, refused = say("DROP TABLE fills", status=2)
    assert "is not one SELECT but DROP" in refused
    _, cut = say("FROM fills", "--limit", "1")
    assert "more than these 1 rows: give a larger --limit" in cut
    _, elsewhere = say("FROM fills", "--url", f"http://127.0.0.1:{free_port()}", status=1)
    assert "the sidecar does not answer" in elsewhere
    assert (tmp_path / "desk.duckdb").read_bytes() == before
