"""System: what is measured is shown with its age, what is missing is named, what is not known is said."""

from __future__ import annotations

from collections.abc import Callable

from pages.parts import machine
from sidecar.client import Desk as Client
from sidecar.servers.keys import Role
from tests.pages.conftest import Shown, words
from tests.pages.lived import Lived

Show = Callable[..., Shown]


def test_a_lived_desk_is_ready_and_every_view_of_it_opens(shown: Show, past: Lived) -> None:
    app = shown(past.desk(), role=Role.ADMIN)
    at = app.open("system")
    assert not at.exception
    assert "Ready." in words(at)
    assert {cell.label for cell in at.metric} >= {"CPU", "Memory", "Loop late by"}
    for tab in machine_tabs():
        at.button_group(key="tab").set_value(tab).run()
        assert not at.exception, tab
    assert "App's memory" in words(at)
    assert "python" in words(at)


def machine_tabs() -> tuple[str, ...]:
    return ("Sockets and queues", "Jobs", "Log", "This app")


def test_what_keeps_a_desk_from_being_ready_stands_line_by_line(shown: Show, past: Lived) -> None:
    desk = past.desk()
    desk.missing = ("database: the disk is full", "keys: <b>changed</b>")
    told = words(shown(desk).open("system")).replace("\\", "")
    assert "Not ready:** database: the disk is full" in told
    assert "Not ready:** keys: <b>changed</b>" in told
    assert "**Ready.**" not in told


def test_the_log_is_an_admins_and_a_stranger_is_told_why_nothing_is_known(shown: Show, past: Lived) -> None:
    app = shown(past.desk(), role=Role.TRADER)
    at = app.open("system")
    at.button_group(key="tab").set_value("Log").run()
    assert "for an admin's key" in words(at).replace("\\", "")
    told = words(shown(past.desk(), role=None).open("system")).replace("\\", "")
    assert "Measurements are unknown: 401" in told


def test_the_client_tells_of_open_sockets(shown: Show, past: Lived) -> None:
    import os

    app = shown(past.desk())
    with Client(os.environ["DESK_URL"], app.stand.secrets[Role.VIEWER]) as client:
        assert client.streams()["active_connections"] == 0


def test_the_newest_measurement_in_cells_has_no_invented_numbers() -> None:
    assert [value for _, value, _ in machine.cells({})] == ["–"] * 5
    assert machine.cells({"loop_lag_s": 0.0015, "uptime_s": 75})[3][1] == "1.5 ms"
