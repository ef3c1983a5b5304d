"""Every check, a row each, in the order in which they are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from sidecar.bounds import in_a_line
from sidecar.doctor import data, desk, machine
from sidecar.doctor.findings import Finding, Found, Level, doubtful, faulty
from sidecar.doctor.scene import Scene
from sidecar.domain.errors import DeskError, InputError, JournalDamaged


class Check(NamedTuple):
    """One thing that is looked at."""

    name: str
    look: Callable[[Scene], Found]


#: Add a check here.
CHECKS: tuple[Check, ...] = (
    Check("python", machine.python),
    Check("libraries", machine.libraries),
    Check("settings", desk.settings),
    Check("reference", desk.reference),
    Check("calendar", desk.calendar),
    Check("time zone", machine.zones),
    Check("data", data.folder),
    Check("permissions", data.permissions),
    Check("journal", data.journal),
    Check("database", data.database),
    Check("keys", data.keys),
    Check("models", data.models),
    Check("stop file", data.stop_file),
    Check("ports", desk.ports),
    Check("notices", desk.notices),
    Check("clock", machine.clocks),
    Check("memory", machine.memory),
    Check("disk", machine.disk),
    Check("leftovers", data.leftovers),
    Check("backup", data.backups),
)


def looked(scene: Scene) -> Iterator[Finding]:
    """Every finding, as it is come to; what cannot be looked at is a fault, told once."""
    told: set[str] = set()
    for check in CHECKS:
        found = _found(check, scene)
        if found.says in told:
            found = doubtful("not looked at, for a fault above", found.remedy)
        elif found.level is Level.FAULT:
            told.add(found.says)
        yield Finding(check.name, found.level, found.says, found.remedy)


def _found(check: Check, scene: Scene) -> Found:
    try:
        return check.look(scene)
    except InputError as problem:
        return faulty(f"{problem.field}: {problem.problem}", problem.remedy)
    except JournalDamaged as problem:
        return faulty(
            str(problem), "restore a backup; or start the desk, which goes on, stopped, with the records before"
        )
    except DeskError as problem:
        return faulty(str(problem), "see docs/backup.md for what to do when the record cannot be read")
    # Whatever a check stumbles on, the others are looked at, and this one is told.
    except Exception as problem:  # noqa: BLE001
        told = in_a_line(f"{type(problem).__name__}: {problem}")
        return faulty(f"cannot be looked at ({told})", "report it with this line")
