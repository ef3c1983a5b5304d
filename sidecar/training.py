"""The process that trains: ``python -m sidecar.training FOLDER``, where FOLDER is that of a ``learning.job``.

Its threads do not spin, and ``bounds`` holds it. What it leaves is a result in the folder; it touches neither the
journal nor the database.
"""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

from sidecar.bounds import bound, give_way, in_a_line, starved, tell
from sidecar.domain.errors import DeskError, NotTrainable
from sidecar.domain.models import RunResult
from sidecar.learning.job import Job, Result, read_job, write_result


def main(arguments: list[str]) -> int:
    """Train, and leave a result; 0 whatever it is, for a failure that is told is no crash."""
    folder = Path(arguments[0])
    try:
        job = read_job(folder)
    except DeskError as error:
        print(error, file=sys.stderr)
        return 2
    give_way(job.parent)
    result = _guarded(job, folder)
    write_result(folder, result)
    return 0


def _guarded(job: Job, folder: Path) -> Result:
    """What came of it, whatever it was."""
    try:
        # Slow to import, and not to be counted in the memory that the training may take.
        from sidecar.training_run import run, runner_of

        bound(job.memory_mb)
        with runner_of(job.dask) as runner:
            return run(job, folder, tell, runner)
    except NotTrainable as error:
        return Result(RunResult.SKIPPED, str(error))
    except (MemoryError, DeskError) as error:
        return Result(RunResult.FAILED, _no_room(job) if starved(error) else str(error))
    except Exception as error:  # noqa: BLE001  whatever a library raises, the desk is told in a line
        traceback.print_exc()
        told = in_a_line(f"{type(error).__name__}: {error}")
        return Result(RunResult.FAILED, _no_room(job) if starved(error) else told)


def _no_room(job: Job) -> str:
    return f"it ran out of the {job.memory_mb} MB it may take; raise learning.memory_mb or lower learning.sessions"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
