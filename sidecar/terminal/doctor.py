"""``doctor``: one line for each thing that a desk needs, with its remedy; 1 if there is a fault."""

from __future__ import annotations

import argparse
import sys

from rich.console import Console

from sidecar.doctor.checks import CHECKS, looked
from sidecar.doctor.findings import Finding, Level
from sidecar.doctor.scene import Scene
from sidecar.domain import wire
from sidecar.live import wall_now

_COLOURS = {Level.OK: "green", Level.WARNING: "yellow", Level.FAULT: "bold red"}
_WIDTH = max(len(check.name) for check in CHECKS)


def run(options: argparse.Namespace) -> int:
    """Look at everything, and say so line by line."""
    console = Console(highlight=False, soft_wrap=True, markup=False)
    found = []
    for finding in looked(Scene(options.data_dir, wall_now(), options.port, options.ui_port)):
        found.append(finding)
        if not options.json:
            console.print(f"{finding.level:<8}", style=_COLOURS[finding.level], end="")
            console.print(f"{finding.check:<{_WIDTH}}  {finding}")
    if options.json:
        sys.stdout.write(_document(found) + "\n")
    return 1 if any(finding.level is Level.FAULT for finding in found) else 0


def _document(found: list[Finding]) -> str:
    counts = {str(level): sum(finding.level is level for finding in found) for level in Level}
    return wire.encode({"checks": found, "counts": counts}).decode()
