"""Fits on a Dask cluster that is there already: the way past one machine. On one machine it is slower than none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import xgboost
from numpy.typing import NDArray

from sidecar.domain.errors import InputError
from sidecar.learning.fit import Fitted, Material, Runner, Task, boosted, coded, raw, settings_of

if TYPE_CHECKING:
    from distributed import Client

#: Seconds that a scheduler may take to answer.
_PATIENCE = 5.0


class Cluster:
    """Runs folds and parameter sets side by side, each whole on one worker: bit for bit as it would be here.

    The workers must have this program and its libraries in the same versions.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._given: tuple[Material, Any] | None = None

    def fits(self, material: Material, tasks: Sequence[Task]) -> Iterator[Fitted]:
        """Each task's fit, in the order of the tasks; the data goes to every worker once."""
        data = self._scattered(material)
        futures = [self._client.submit(boosted, data, task, pure=False) for task in tasks]
        return (future.result() for future in futures)

    def last(self, material: Material, task: Task) -> Fitted:
        """One fit over all workers, each holding a part of the rows: ``xgboost.dask``."""
        from dask import array
        from xgboost import dask as spread

        workers = max(1, len(self._client.scheduler_info(n_workers=-1)["workers"]))
        size = -(-task.fit.size // workers)

        def parted(values: NDArray[Any]) -> Any:
            return array.from_array(values, chunks=(size, *values.shape[1:]))  # type: ignore[no-untyped-call]  # dask has no types

        data = spread.DaskQuantileDMatrix(
            self._client,
            parted(_binned(material, task)),
            parted(coded(material.y[task.fit], task.classes)),
            weight=parted(material.weights[task.fit]),
            feature_names=list(material.names),
            max_bin=int(task.parameters["max_bin"]),
        )
        booster = spread.train(self._client, settings_of(task), data, task.rounds)["booster"]
        return Fitted(raw(booster), task.rounds, float("nan"))

    def _scattered(self, material: Material) -> Any:
        if self._given is None or self._given[0] is not material:
            there = self._client.scatter(material, broadcast=True, hash=False)  # type: ignore[no-untyped-call]  # dask has no types
            self._given = (material, there)
        return self._given[1]


def _binned(material: Material, task: Task) -> NDArray[np.float32]:
    """The rows with each value at the lower edge of the bin that one machine would give it.

    A sketch of parts finds other edges than one of the whole; of no more values than bins it finds those themselves.
    """
    x = material.x[task.fit]
    bins = int(task.parameters["max_bin"])
    whole = xgboost.QuantileDMatrix(x, weight=material.weights[task.fit], nthread=task.threads, max_bin=bins)
    starts, edges = whole.get_quantile_cut()
    result = np.empty_like(x)
    for k in range(x.shape[1]):
        cuts = edges[starts[k] : starts[k + 1]]
        lower = cuts[np.maximum(np.searchsorted(cuts, x[:, k], side="right") - 1, 0)]
        result[:, k] = np.where(np.isnan(x[:, k]), np.float32(np.nan), lower)
    return result


@contextmanager
def on_cluster(scheduler: str) -> Iterator[Runner]:
    """The cluster whose scheduler has the address ``scheduler`` (``tcp://host:8786``), for as long as this lasts.

    :raises InputError: nothing answers there, or no worker has joined it.
    """
    with client_of(scheduler) as client:
        yield Cluster(client)


@contextmanager
def client_of(scheduler: str) -> Iterator[Client]:
    """A client of that cluster, which has a worker. :raises InputError: as :func:`on_cluster`."""
    from distributed import Client

    try:
        client = Client(scheduler, timeout=_PATIENCE)  # type: ignore[no-untyped-call]  # dask has no types
    except (OSError, ValueError) as problem:
        told = " ".join(str(problem).split())[:120]
        remedy = "start one with: dask scheduler, or leave --dask away"
        raise InputError("dask", f"no scheduler answers at {scheduler[:80]} ({told})", remedy) from None
    with client:
        if not client.scheduler_info(n_workers=-1)["workers"]:
            raise InputError(
                "dask", f"the scheduler at {scheduler[:80]} has no worker", "start one with: dask worker " + scheduler
            )
        yield client
