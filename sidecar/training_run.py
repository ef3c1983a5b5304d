"""One training from bars to a kept model: what the child process does, and ``train --bars`` in its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from sidecar import __version__
from sidecar.domain.bars import Bar
from sidecar.domain.errors import ModelRejected, NotTrainable
from sidecar.domain.models import ModelLine, RunResult
from sidecar.learning.bar_file import columns_of, load_bars, save_bars
from sidecar.learning.cluster import on_cluster
from sidecar.learning.dataset import Dataset, build, build_trades
from sidecar.learning.fit import Runner
from sidecar.learning.job import BARS_FILE, BARS_READY, TRADES_FILE, Job, Result, SimulatedPast
from sidecar.learning.manifest import Origin
from sidecar.learning.model import Model
from sidecar.learning.pairing import SessionLoss, paired_sessions, session_losses
from sidecar.learning.plan import Progress, Tell
from sidecar.learning.promotion import Decision, Facts, facts_of, place
from sidecar.learning.registry import Registry
from sidecar.learning.trade_file import Trades, load_trades
from sidecar.learning.train import train
from sidecar.learning.trained import Trained

#: What makes a model's numbers.
_LIBRARIES = ("numpy", "scipy", "numba", "xgboost")
#: Of a thousandths of a run with a past to build, how many that takes.
_PAST_SHARE = 500
_WHOLE = 1_000
#: Of what a model tells of, in its id: the registry takes 100 characters.
_LONGEST_NAME = 75

Columns = dict[str, NDArray[Any]]


class Learnt(NamedTuple):
    """What a training made, before it is kept."""

    dataset: Dataset
    trained: Trained


def run(job: Job, folder: Path, tell: Tell, runner: Runner | None = None) -> Result:
    """Do ``job``: build its past if it has one, train, keep the model, and say what place the promotion rule gives it.

    The model is kept first, so that nothing is offered that is not on the disk.

    :raises NotTrainable: the bars are too few or too poor. :raises DeskError: anything else that can be named.
    """
    columns, began = _bars(job, folder, tell)
    trades = load_trades(folder / TRADES_FILE) if job.strategy else None
    found = learn(newest(columns, job.sessions), job, _onward(tell, began), runner, trades)
    registry = Registry(Path(job.models))
    line = registry.keep(found.trained, origin_of(job, found.dataset, found.trained))
    decision = placed(registry, line, job.champion, found.dataset)
    told = replace(line, role=decision.role, reason=decision.reason)
    return Result(RunResult.DONE, decision.reason, told, found.trained.trials, len(columns["at"]))


@contextmanager
def runner_of(dask: str) -> Iterator[Runner | None]:
    """Where fits run: on the cluster whose scheduler has the address ``dask``, or here."""
    if not dask:
        yield None
        return
    with on_cluster(dask) as runner:
        yield runner


def learn(columns: Columns, job: Job, tell: Tell, runner: Runner | None = None, trades: Trades | None = None) -> Learnt:
    """Rows from bars, or from a strategy's ``trades`` and the bars beside them, and a model from the rows.

    :raises NotTrainable: they are too few or too poor.
    """
    tell(Progress("features", 0, _WHOLE))
    subject = job.subject
    dataset = build(columns, job.spec, subject) if trades is None else build_trades(columns, trades, subject)
    return Learnt(dataset, train(dataset, job.plan, tell, runner))


def newest(columns: Columns, sessions: int) -> Columns:
    """The bars of the newest ``sessions`` trading days."""
    days = np.unique(columns["session"])
    held = columns["session"] >= days[-sessions:][0] if len(days) else np.zeros(0, bool)
    return {name: column[held] for name, column in columns.items()}


def origin_of(job: Job, dataset: Dataset, trained: Trained) -> Origin:
    """Where a model comes from, for its manifest."""
    return Origin(
        id=model_id(job),
        symbol=job.subject,
        spec=job.spec,
        names=dataset.names,
        feature_hash=dataset.feature_hash,
        source=dataset.source,
        simulated=dataset.simulated,
        bars=dataset.bars,
        sessions=len(np.unique(dataset.sessions)),
        seed=job.plan.seed,
        search=job.plan.search,
        code=__version__,
        libraries={name: import_module(name).__version__ for name in _LIBRARIES},
        run=job.id,
        created_at=max(job.at, trained.labels_to),
        before=job.champion.id if job.champion else "",
    )


def model_id(job: Job) -> str:
    """The id of the model that a job makes: what it tells of, and the job's own id without the letter."""
    return f"{re.sub('[^a-z0-9]', '-', job.subject.lower())[:_LONGEST_NAME]}-{job.id.removeprefix('T')}"


def placed(registry: Registry, line: ModelLine, champion: ModelLine | None, dataset: Dataset) -> Decision:
    """The place that the promotion rule gives a model that has just been kept.

    A champion that cannot be read any more keeps nothing back: the desk refuses it too.
    """
    candidate = registry.manifest(line)
    facts: Facts | None = None
    pairs = None
    if champion is not None:
        try:
            theirs = registry.load(champion)
        except ModelRejected:
            pass
        else:
            facts = facts_of(theirs.manifest)
            if facts.spec_hash == candidate.spec_hash:
                pairs = paired_sessions(candidate.losses, (*theirs.manifest.losses, *_since(theirs, dataset)))
    return place(facts_of(candidate), facts, pairs)


def _since(champion: Model, dataset: Dataset) -> tuple[SessionLoss, ...]:
    """How a champion did on the rows that came after all that it learnt from."""
    rows = dataset.begins > champion.manifest.labels_to
    p = champion.probabilities(dataset.x[rows])
    return session_losses(dataset.begins[rows], dataset.sessions[rows], dataset.y[rows], p)


def _bars(job: Job, folder: Path, tell: Tell) -> tuple[Columns, int]:
    """The bars to learn from, and how many thousandths of the run are behind."""
    path = folder / BARS_FILE
    if job.past is None:
        return load_bars(path), 0
    columns = columns_of(list(_past(job, tell)))
    if not len(columns["at"]):
        raise NotTrainable("there are none", "record a few sessions, or import them")
    unfinished = path.with_suffix(".unfinished")
    save_bars(unfinished, columns)
    unfinished.replace(path)
    tell(Progress(BARS_READY, _PAST_SHARE, _WHOLE, f"{len(columns['at'])} bars of the past"))
    return columns, _PAST_SHARE


def _past(job: Job, tell: Tell) -> Iterable[Bar]:
    def told(done: int, total: int) -> None:
        tell(Progress("past", done * _PAST_SHARE // max(total, 1), _WHOLE, f"{done} of {total} sessions"))

    # Slow to import, and needed once in the life of a desk.
    from sidecar.past import simulated_bars
    from sidecar.past_archive import archived_bars
    from sidecar.reference import load_reference

    reference = load_reference()
    if isinstance(job.past, SimulatedPast):
        return simulated_bars(job.past, reference, told)
    return archived_bars(job.past, reference, told) if job.past else ()


def _onward(tell: Tell, began: int) -> Callable[[Progress], None]:
    """Tells of steps as thousandths of the whole run, of which ``began`` are behind."""

    def told(progress: Progress) -> None:
        done = began + (_WHOLE - began) * progress.done // max(progress.total, 1)
        tell(Progress(progress.step, done, _WHOLE, progress.note))

    return told
