"""What the doctor says of settings, doors, calendar, and who is told."""

import socket
from pathlib import Path

import pytest

from sidecar.doctor import desk
from sidecar.doctor.findings import Level
from sidecar.domain.clock import DAY
from sidecar.domain.errors import ConfigurationError
from sidecar.store.lock import DataDirectoryLock
from tests.doctor.world import scene
from tests.store.build import NOW
from tests.wiring import free_port


def test_settings_and_tables_of_the_repository_are_well(tmp_path: Path) -> None:
    assert "24 limits, funds main, market sim" in desk.settings(scene(tmp_path)).says
    assert desk.reference(scene(tmp_path)).says.startswith("NSE, BSE")


def test_a_setting_or_strategy_that_cannot_be_used_is_refused_as_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESK_STRATEGY", "nobody")
    with pytest.raises(ConfigurationError):
        desk.settings(scene(tmp_path))
    monkeypatch.setenv("DESK_STRATEGY", "none")
    monkeypatch.setenv("DESK_LIMITS__VIX", "-1")
    with pytest.raises(ConfigurationError, match=r"limits\.vix"):
        desk.settings(scene(tmp_path))


def test_a_calendar_that_ends_soon_wants_its_sessions_but_for_a_simulated_market(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "a simulated market has its own days" in desk.calendar(scene(tmp_path)).says
    monkeypatch.setenv("DESK_MARKET", "replay")
    levels = [desk.calendar(scene(tmp_path, now=NOW + days * DAY)).level for days in (0, 120, 4_000)]
    assert levels == [Level.OK, Level.WARNING, Level.FAULT]


def test_a_port_that_another_program_has_is_a_fault(tmp_path: Path) -> None:
    mine, ui_port = free_port(), free_port()
    assert desk.ports(scene(tmp_path, port=mine, ui_port=ui_port)).says == f"{mine} and {ui_port} of 127.0.0.1 are free"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", mine))
        taken.listen()
        found = desk.ports(scene(tmp_path, port=mine, ui_port=ui_port))
    assert (found.level, found.says) == (Level.FAULT, f"--port {mine} taken by another program")


def test_a_desk_that_holds_its_directory_and_does_not_answer_is_a_fault(tmp_path: Path) -> None:
    with DataDirectoryLock(tmp_path):
        found = desk.ports(scene(tmp_path, port=free_port()))
    assert found.level is Level.FAULT
    assert "holds the data directory, and nothing answers at http://127.0.0.1:" in found.says


def test_somebody_should_be_told_and_no_address_is_ever_shown(tmp_path: Path) -> None:
    assert desk.notices(scene(tmp_path)).level is Level.WARNING
    file = tmp_path / "notify.urls"
    file.write_text("json://user:secret@127.0.0.1:9/path\n")
    file.chmod(0o600)
    found = desk.notices(scene(tmp_path))
    assert (found.level, found.says) == (Level.OK, "1 addresses (JSON), from warning on")
    file.write_text("no address: secret\n")
    with pytest.raises(ConfigurationError) as refused:
        desk.notices(scene(tmp_path))
    assert "secret" not in str(refused.value)
