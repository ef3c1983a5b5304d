"""The runbooks: one an alert, all of one form, and nothing in them that does not exist."""

from __future__ import annotations

import re

import pytest

from pages.parts.screens import ALL_SCREENS
from sidecar.settings import REPOSITORY
from sidecar.terminal.parser import COMMANDS
from tests.prometheus.shipped import RUNBOOKS, alerts, metrics_of, series

ALERTS = alerts()
BOOKS = {path.stem: path for path in sorted(RUNBOOKS.glob("*.md")) if path.stem != "README"}
HEADINGS = ["What it means", "Look", "Do", "Escalate", "Over when"]


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    assert set(BOOKS) == set(ALERTS)


@pytest.mark.parametrize("name", BOOKS)
def test_a_runbook_says_what_it_means_where_to_look_what_to_do_whom_to_wake_and_when_it_is_over(name: str) -> None:
    text = BOOKS[name].read_text()
    assert text.startswith(f"# {name}: ")
    assert f"Severity: **{ALERTS[name].labels['severity']}**." in text
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == HEADINGS
    assert all(part.strip() for part in re.split(r"^## .*$", text, flags=re.MULTILINE))


@pytest.mark.parametrize("name", [*BOOKS, "README"])
def test_what_a_runbook_sends_one_to_exists(name: str) -> None:
    text = (RUNBOOKS / f"{name}.md").read_text()
    commands = set(re.findall(r"python -m sidecar ([a-z][a-z-]*)", text)) - {"is"}
    assert commands - {command.name for command in COMMANDS} == set()
    routes = {f"{method} {path}" for method, path in re.findall(r"`(GET|POST|PUT|DELETE) (/[^ `]*)`", text)}
    roles = (REPOSITORY / "docs" / "roles.md").read_text()
    assert [route for route in routes if f"| `{route}` |" not in roles] == []
    titles = {screen.title for screen in ALL_SCREENS}
    assert set(re.findall(r"[Pp]age \*\*([^*]+)\*\*", text)) - titles == set()
    assert metrics_of(text) - series() == set()
    settings = (REPOSITORY / "docs" / "settings.md").read_text()
    rooms = "|".join(sorted({name.split(".")[0] for name in re.findall(r"^\| `(\w+\.\w+)`", settings, re.MULTILINE)}))
    named = set(re.findall(rf"`((?:{rooms})\.[a-z_]+)", text)) - {"desk.duckdb", "desk.toml"}
    assert [one for one in named if f"| `{one}` |" not in settings] == []
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert [link for link in links if not (RUNBOOKS / link).is_file()] == []


def test_the_list_of_runbooks_is_whole_and_tells_the_severity() -> None:
    text = (RUNBOOKS / "README.md").read_text()
    rows = dict(re.findall(r"^\| \[(\w+)\]\(\w+\.md\) \| (\w+) \|", text, re.MULTILINE))
    assert rows == {name: alert.labels["severity"] for name, alert in ALERTS.items()}
