"""Several sets of a strategy's parameters over one past: in this process, or on a Dask cluster that is there already.

Each set is computed whole and alone, so where it is computed changes the time and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import groupby, product
from math import nan
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sidecar.backtest import vectorised
from sidecar.backtest.curve import over
from sidecar.backtest.vectorised import Sizing, Swept, Traded
from sidecar.book.performance import DAYS_A_YEAR, sharpe
from sidecar.domain.backtest_result import Trial
from sidecar.domain.backtests import BacktestRequest
from sidecar.domain.errors import BacktestFailed, DeskError
from sidecar.strategies.rules import Rule

if TYPE_CHECKING:
    from distributed import Client

Set = Mapping[str, float]
Matrix = NDArray[np.float64]

#: Targets that are in memory at once: 32 MB.
_TARGETS = 4_000_000
#: A sweep is told of in at least so many parts, where it has as many sets.
_PARTS = 20


class Tried(NamedTuple):
    """What one set came to: its return in every session and in all, and its round trips."""

    returns: tuple[float, ...]
    total_return: float
    trades: int


class Material(NamedTuple):
    """What each set of a rule's parameters is tried on; ``bars`` (n,) as :meth:`Rule.batch` takes them. A set
    that has ``lots`` is traded in so many.
    """

    rule: Callable[[Set], Rule]
    bars: Mapping[str, Matrix]
    traded: Traded
    sizing: Sizing


class Study(NamedTuple):
    """All that was tried, in the order of the sets; ``returns`` (T, N) of T sessions and N sets, NaN after the end of
    one that ended early. ``best`` is the place of the greatest Sharpe ratio, or of the greatest return where sessions
    are too few for any; the first of equals.
    """

    trials: tuple[Trial, ...]
    returns: Matrix
    best: int


#: Where work is done: what ``work(given, item)`` gives for each item, in the order of the items.
Spread = Callable[[Callable[[Any, Any], Any], Any, Sequence[Any]], Iterator[Any]]


def trials_of(request: BacktestRequest) -> list[dict[str, float]]:
    """Every combination of the values of ``sweep`` beside the fixed ``parameters``; the last name varies fastest.

    Names are taken in their alphabet's order, so that a request gives the same sets in the same order however it was
    written. One set where nothing is swept.
    """
    names = sorted(request.sweep)
    values = [request.sweep[name] for name in names]
    return [{**request.parameters, **dict(zip(names, chosen, strict=True))} for chosen in product(*values)]


def swept(
    sets: Sequence[Set], material: Material, told: Callable[[int], None] = lambda _: None, spread: Spread | None = None
) -> Study:
    """Every set by the vectorised engine, as many at once as memory allows; ``told`` hears how many are done."""
    bars = max(len(material.bars["close"]), 1)
    size = max(1, min(_TARGETS // bars, -(-len(sets) // _PARTS)))
    parts = [sets[begin : begin + size] for begin in range(0, len(sets), size)]
    found: list[Tried] = []
    for part in (spread or here)(_several, material, parts):
        found += part
        told(len(found))
    return _studied(sets, found)


def each(
    sets: Sequence[Set],
    one: Callable[[Set], Tried],
    told: Callable[[int], None] = lambda _: None,
    spread: Spread | None = None,
) -> Study:
    """Every set by ``one``, which runs the whole of it: what the event engine needs; ``told`` as :func:`swept`."""
    found: list[Tried] = []
    for tried in (spread or here)(_whole, one, sets):
        found.append(tried)
        told(len(found))
    return _studied(sets, found)


def here(work: Callable[[Any, Any], Any], given: Any, items: Sequence[Any]) -> Iterator[Any]:
    """One after the other in this process."""
    return (work(given, item) for item in items)


@contextmanager
def spread_of(dask: str) -> Iterator[Spread]:
    """Where sets run: on the cluster whose scheduler has the address ``dask``, or here where that is empty.

    The workers must have this program and its libraries in the same versions; the past goes to each of them once.

    :raises InputError: nothing answers there, or no worker has joined it.
    """
    if not dask:
        yield here
        return
    # Slow to import, and of use to nobody who has no cluster.
    from sidecar.learning.cluster import client_of

    with client_of(dask) as client:
        yield _there(client)


def _there(client: Client) -> Spread:
    def spread(work: Callable[[Any, Any], Any], given: Any, items: Sequence[Any]) -> Iterator[Any]:
        try:
            held = client.scatter(partial(work, given), broadcast=True, hash=False)  # type: ignore[no-untyped-call]  # dask has no types
            futures = [client.submit(_applied, held, item, pure=False) for item in items]
            yield from (future.result() for future in futures)
        except DeskError:
            raise
        except Exception as problem:  # noqa: BLE001  (what a worker raised comes as it was, of any kind)
            told = f"{type(problem).__name__}: {' '.join(str(problem).split())}"[:160]
            raise BacktestFailed(f"the cluster cannot do it ({told}); its workers need this very program") from None

    return spread


def _applied(task: Callable[[Any], Any], item: Any) -> Any:
    return task(item)


def _several(material: Material, sets: Sequence[Set]) -> list[Tried]:
    """Sets of one size go through the engine together."""
    found: list[Tried] = []
    for lots, same in groupby(sets, lambda one: int(one.get("lots", material.sizing.lots))):
        targets = np.stack([material.rule(one).batch(material.bars) for one in same])
        found += _tried(vectorised.swept(material.traded, targets, material.sizing._replace(lots=lots)), material)
    return found


def _tried(done: Swept, material: Material) -> list[Tried]:
    equity, capital = done.equity_by_session, float(material.sizing.capital)
    returns = over(equity, np.column_stack((np.full(len(equity), capital), equity[:, :-1])))
    whole = equity[:, -1] / capital - 1.0
    rows = zip(returns.tolist(), whole.tolist(), done.trades.tolist(), strict=True)
    return [Tried(tuple(row), total, trades) for row, total, trades in rows]


def _whole(one: Callable[[Set], Tried], given: Set) -> Tried:
    return one(given)


def _studied(sets: Sequence[Set], found: Sequence[Tried]) -> Study:
    returns = np.full((max((len(tried.returns) for tried in found), default=0), len(sets)), nan)
    trials = []
    for place, (given, tried) in enumerate(zip(sets, found, strict=True)):
        returns[: len(tried.returns), place] = tried.returns
        ratio = sharpe(np.array(tried.returns), DAYS_A_YEAR)
        trials.append(Trial(dict(given), tried.total_return, ratio, tried.trades))
    return Study(tuple(trials), returns, _best(trials))


def _best(trials: Sequence[Trial]) -> int:
    ratios = np.array([trial.sharpe_ratio for trial in trials])
    if np.isnan(ratios).all():
        ratios = np.array([trial.total_return for trial in trials])
    return int(np.argmax(np.where(np.isnan(ratios), -np.inf, ratios)))
