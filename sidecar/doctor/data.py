"""Checks of the data directory: who may read it, what lies in it, and whether it can be trusted."""

from __future__ import annotations

import os
import time
from datetime import datetime
from pathlib import Path

from sidecar import backup
from sidecar.doctor.findings import Found, doubtful, faulty, well
from sidecar.doctor.scene import Scene
from sidecar.domain.clock import DAY, from_datetime
from sidecar.domain.errors import DeskError
from sidecar.domain.models import ModelLine, ModelRole
from sidecar.domain.records import ModelRecorded, decode
from sidecar.learning.registry import Registry
from sidecar.opening import FILE, NOTE
from sidecar.servers.keys import FILE as KEYS
from sidecar.servers.keys import UI_FILE, KeyStore, Role
from sidecar.stop_file import StopFile
from sidecar.store.agreement import agreement
from sidecar.store.recovery import head_path
from sidecar.store.snapshot import FILE as DATABASE
from sidecar.teaching import MODELS

#: What nobody but its owner may read, where it is there.
PRIVATE = (FILE, head_path(Path(FILE)).name, DATABASE, f"{DATABASE}.wal", KEYS, UI_FILE, "notify.urls", "login")
_LEFT = ("*.corrupt-*", "*.replaced-*", "STOP.taken-*", "snapshot-*", "*.rebuilding")
_MIB = 1024 * 1024
#: A backup older than this wants a look.
_BACKUP_DAYS = 7


def folder(scene: Scene) -> Found:
    """The data directory is this user's, and on a disk that takes writes."""
    place = scene.folder
    if not place.exists():
        return well(f"{place} is not there yet; the first start makes it")
    if not os.access(place, os.R_OK | os.W_OK | os.X_OK):
        return faulty(f"{place} cannot be written by this user", f"chown it, or run as {place.owner()}")
    if place.stat().st_mode & 0o022:
        return doubtful(f"{place} may be written by others, who could stop or change the desk", f"chmod go-w {place}")
    who = f"process {scene.pid} runs there" if scene.pid is not None else "no sidecar runs there"
    return well(f"{place}, {who}")


def permissions(scene: Scene) -> Found:
    """What holds secrets, or is the record, is its owner's alone."""
    there = [scene.folder / name for name in PRIVATE if (scene.folder / name).exists()]
    shut = scene.folder.exists() and not scene.folder.stat().st_mode & 0o077  # then nobody comes as far as its files
    opened = [path for path in there if not shut and path.stat().st_mode & 0o077]
    strange = [path for path in there if path.stat().st_uid != os.geteuid()]
    if opened:
        names = " ".join(map(str, opened))
        return faulty(f"{', '.join(path.name for path in opened)} may be read by others", f"chmod go= {names}")
    if strange:
        return faulty(f"{strange[0].name} belongs to {strange[0].owner()}", "run as its owner, or chown it")
    return well(f"{len(there)} files are their owner's alone" if there else "there is nothing to keep yet")


def keys(scene: Scene) -> Found:
    """Somebody may come in, and an admin may reset."""
    if not (scene.folder / KEYS).exists():
        return well("there are none yet; the first start makes them")
    valid = [key for key in KeyStore(scene.folder).list() if key.revoked_at is None]
    counts = ", ".join(f"{sum(key.role is role for key in valid)} {role}" for role in Role)
    if not any(key.role is Role.ADMIN for key in valid):
        return doubtful(f"{counts}: nobody can reset the desk", "python -m sidecar keys add admin --label NAME")
    return well(counts)


def journal(scene: Scene) -> Found:
    """Every link of the chain holds, from the first record."""
    began, found = time.perf_counter(), scene.journal
    if found is None:
        return well("there is none yet; the first start begins it")
    took, size = time.perf_counter() - began, (scene.folder / FILE).stat().st_size / _MIB
    head = found.scan.head
    says = f"{head.seq:,} records ({size:,.1f} MiB), every link holds ({took:.1f} s), head {head.digest.hex()[:12]}"
    if (scene.folder / NOTE).exists():
        return doubtful("it was damaged, and the stop that follows is not on record yet", "start the desk once")
    return well(says if not found.note else f"{says}; {found.note}")


def database(scene: Scene) -> Found:
    """It opens, and says what the journal says."""
    path = scene.folder / DATABASE
    if not path.exists():
        return well("there is none yet; the first start makes it from the journal")
    size = path.stat().st_size / _MIB
    if scene.pid is not None:
        return well(f"{size:,.1f} MiB, open by the sidecar, which compared the heads as it began")
    found = scene.journal
    said = agreement(path, found.scan.records if found else ())
    if said.problem:
        return faulty(said.problem, "make it anew with: python -m sidecar audit rebuild")
    behind = (found.scan.head.seq if found else 0) - said.reached
    return well(f"{size:,.1f} MiB, agrees with the journal" + (f", {behind} records behind" if behind else ""))


def models(scene: Scene) -> Found:
    """The models in use are on disk as they were written, and of this program's features."""
    if not scene.settings.learning.enabled:
        return well("learning is turned off")
    lines = _models(scene)
    used = [line for line in lines.values() if line.role in (ModelRole.CHAMPION, ModelRole.CHALLENGER)]
    registry = Registry(scene.folder.resolve() / MODELS)
    for line in used:
        try:
            registry.load(line)
        except DeskError as problem:
            return faulty(str(problem), "or restore its folder from a backup")
    champions = [line.id for line in used if line.role is ModelRole.CHAMPION]
    told = f"{len(lines)} on record, {len(used)} in use and sound"
    return well(f"{told}, champion {', '.join(champions)}" if champions else f"{told}, none leads yet")


def _models(scene: Scene) -> dict[str, ModelLine]:
    records = (decode(record.payload).record for record in (scene.journal.scan.records if scene.journal else ()))
    return {record.model.id: record.model for record in records if isinstance(record, ModelRecorded)}


def stop_file(scene: Scene) -> Found:
    """No stop lies there that the next start would obey."""
    found = StopFile(scene.folder).look_at_start()
    if found and scene.pid is None:
        return doubtful(f"the next start is a stopped one: {found[0]}", "remove STOP and STOP.witness if you know why")
    return well("none lies there" if not found else "one lies there, and the desk has it")


def leftovers(scene: Scene) -> Found:
    """Nothing was set aside, or left lying."""
    found = [path for pattern in _LEFT for path in scene.folder.glob(pattern)]
    if scene.pid is not None:
        found = [path for path in found if not path.name.startswith("snapshot-")]
    grave = [path.name for path in found if ".corrupt-" in path.name]
    if grave:
        return doubtful(f"{grave[0]} was set aside as damaged", "see what became of the disk, then move it away")
    size = sum(path.stat().st_size for path in found if path.is_file()) / _MIB
    return well(f"{len(found)} files set aside ({size:,.1f} MiB), to be removed" if found else "nothing was set aside")


def backups(scene: Scene) -> Found:
    """Somebody makes backups."""
    last = backup.last_of(scene.folder)
    how = "python -m sidecar backup --to FOLDER, each day"
    if last is None:
        return doubtful("none was ever made of this directory", how) if scene.journal else well("there is nothing yet")
    days = (scene.now - from_datetime(datetime.fromisoformat(last.made_at))) / DAY
    says = f"the last {days:.1f} days ago, {last.file}"
    return doubtful(says, how) if days > _BACKUP_DAYS else well(says)
