"""A scene over a data directory, and what the check of a name says of it."""

from pathlib import Path
from typing import Any

from sidecar.doctor.checks import looked
from sidecar.doctor.findings import Finding
from sidecar.doctor.scene import Scene
from sidecar.domain.clock import SECOND
from tests.store.build import NOW


def scene(folder: Path, **more: Any) -> Scene:
    """A desk's directory, looked at a minute after its records were made."""
    return Scene(folder, **{"now": NOW + 60 * SECOND} | more)


def findings(at: Scene) -> dict[str, Finding]:
    return {finding.check: finding for finding in looked(at)}
