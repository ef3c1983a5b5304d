"""A training as a folder: what it is to do, the bars that it learns from, and what came of it.

``job.json`` and ``bars.parquet`` are there before the process that trains begins, and ``trades.parquet`` where it is to
learn from a strategy's trades; a past that is still to be built takes the place of the bars. That process writes one
line of JSON a step to its standard output, and ``result.json``, whole or not at all, when it ends by itself. A folder
without one is that of a training that was broken off.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from sidecar.domain.models import ModelLine, RunResult
from sidecar.features.labels import LabelSpec
from sidecar.learning.plan import Plan, Progress
from sidecar.learning.whole import get, put

JOB_FILE = "job.json"
BARS_FILE = "bars.parquet"
TRADES_FILE = "trades.parquet"
RESULT_FILE = "result.json"
ERRORS_FILE = "errors.txt"
#: The step whose line says that a past has been built and stands in ``bars.parquet``.
BARS_READY = "bars"
_REMEDY = "let the training run again"
#: A line that is longer is no step's.
_LONGEST_LINE = 10_000


class SimulatedPast(msgspec.Struct, frozen=True, tag="simulated", forbid_unknown_fields=True):
    """Which past of which simulated market: ``sessions`` days before ``start`` (ISO), by the market's own settings."""

    exchange: str
    underlying: str
    seed: int
    start: str
    sessions: int
    strikes_each_side: int
    expiries: int
    rate: float


class ArchivedPast(msgspec.Struct, frozen=True, tag="archived", forbid_unknown_fields=True):
    """The imported quotes of an underlying that lie under ``folder``, before the instant ``until``."""

    exchange: str
    underlying: str
    folder: str
    until: int
    rate: float


class Job(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One training. ``at`` is the market's time when it began, microseconds UTC: what it makes is dated by it.

    ``past`` is built first where there are no bars. The newest ``sessions`` of the bars are learnt from. ``models`` is
    the folder of the models, ``champion`` the one that now has the place. ``memory_mb`` bounds what the process may
    take beyond its own code, ``parent`` is the process that it ends with, 0 for none. ``dask`` a scheduler's address,
    empty for this machine alone. ``strategy`` is whose trades are learnt from, empty for the market of ``symbol``.
    """

    id: str
    at: int
    symbol: str
    spec: LabelSpec
    plan: Plan
    models: str
    sessions: int = 500
    champion: ModelLine | None = None
    past: SimulatedPast | ArchivedPast | None = None
    memory_mb: int = 4_096
    parent: int = 0
    dask: str = ""
    strategy: str = ""

    @property
    def subject(self) -> str:
        """What its model tells of, a model's symbol: ``NIFTY``, or ``NIFTY/demo`` of a strategy's trades in it."""
        return f"{self.symbol}/{self.strategy}" if self.strategy else self.symbol

    @property
    def family(self) -> str:
        """The family of the model that it makes."""
        return f"{self.subject} {self.spec.kind.value} {self.spec.horizon}"


class Result(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What came of a training. ``model`` has the role that the promotion rule gives it, and why."""

    result: RunResult
    reason: str = ""
    model: ModelLine | None = None
    trials: int = 0
    bars: int = 0


def write_job(folder: Path, job: Job) -> None:
    """Write ``job.json`` into ``folder``, which is made. :raises OSError: the disk refuses."""
    folder.mkdir(parents=True, exist_ok=True)
    put(folder / JOB_FILE, msgspec.json.format(msgspec.json.encode(job), indent=1))


def read_job(folder: Path) -> Job:
    """The job of a folder. :raises FileRefused: there is none, or it is not one of this program's."""
    return get(folder / JOB_FILE, Job, _REMEDY)


def write_result(folder: Path, result: Result) -> None:
    """Write ``result.json``: on return it is on the disk. :raises OSError: the disk refuses."""
    put(folder / RESULT_FILE, msgspec.json.encode(result))


def read_result(folder: Path) -> Result | None:
    """What came of it; None where the training was broken off. :raises FileRefused: the file is damaged."""
    return get(folder / RESULT_FILE, Result, _REMEDY) if (folder / RESULT_FILE).is_file() else None


def line_of(progress: Progress) -> bytes:
    """A step as the line that tells of it."""
    return msgspec.json.encode(progress) + b"\n"


def progress_of(line: bytes) -> Progress | None:
    """The step that a line tells of; None for anything else, such as a library's own words."""
    if len(line) > _LONGEST_LINE:
        return None
    try:
        return msgspec.json.decode(line, type=Progress)
    except msgspec.DecodeError:
        return None
