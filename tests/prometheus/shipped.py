"""What prometheus/ ships, read as Prometheus reads it, and Debian's tools that check it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from sidecar.settings import REPOSITORY
from sidecar.telemetry.catalogue import CATALOGUE
from sidecar.telemetry.readers import Kind

FOLDER = REPOSITORY / "prometheus"
RUNBOOKS = REPOSITORY / "docs" / "runbooks"
PREFIX = "trading_"
#: Debian's package of each program.
PACKAGES = {"promtool": "prometheus", "prometheus": "prometheus", "amtool": "prometheus-alertmanager",
            "prometheus-alertmanager": "prometheus-alertmanager"}  # fmt: skip


class Alert(NamedTuple):
    """One alerting rule."""

    name: str
    group: str
    expr: str
    labels: dict[str, str]
    annotations: dict[str, str]


def tool(name: str) -> str:
    """Where a program is; without it the test is skipped."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (Debian: {PACKAGES[name]})")
    return found


def run(name: str, *arguments: str | Path) -> str:
    """What a tool says on standard output of what it was given, which it must find right."""
    command = [tool(name), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def read(path: Path) -> Any:
    """A file of YAML."""
    return yaml.safe_load(path.read_text())


def rules() -> list[dict[str, Any]]:
    """Every rule of every file, with its group's name."""
    groups = [group for path in sorted((FOLDER / "rules").glob("*.yml")) for group in read(path)["groups"]]
    return [{**rule, "group": group["name"]} for group in groups for rule in group["rules"]]


def alerts() -> dict[str, Alert]:
    """The alerting rules by name."""
    found = [
        Alert(rule["alert"], rule["group"], rule["expr"], rule["labels"], rule["annotations"])
        for rule in rules()
        if "alert" in rule
    ]
    return {alert.name: alert for alert in found}


def metrics_of(text: str) -> set[str]:
    """The desk's series that an expression or a page names; a recorded one is told by its colons."""
    return {name for name in re.findall(r"[a-z_]*:?\b" + PREFIX + r"\w+(?::\w+)?", text) if ":" not in name}


def series() -> set[str]:
    """The names of all series that the desk can have."""
    parts = {Kind.HISTOGRAM: ("_bucket", "_count", "_sum")}
    return {PREFIX + metric.name + part for metric in CATALOGUE for part in parts.get(metric.kind, ("",))}
