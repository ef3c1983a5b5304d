"""What models say of a past that they have not seen: one a window, from the code that trains and scores live."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from sidecar.domain.backtest_result import Window
from sidecar.domain.backtests import BacktestRequest
from sidecar.domain.calendar import Calendar
from sidecar.domain.clock import iso
from sidecar.domain.errors import BacktestFailed, InputError, NotTrainable
from sidecar.domain.models import LabelKind, ModelLine, ModelRole, Verdict
from sidecar.features.labels import LabelSpec
from sidecar.features.matrix import FEATURE_HASH, WARM_SESSIONS, batch, rows_of
from sidecar.learning.dataset import build, part
from sidecar.learning.model import Model
from sidecar.learning.plan import Plan, Progress, Tell
from sidecar.learning.refit import Refit, refit
from sidecar.learning.signals import MOST_UNKNOWN

Columns = Mapping[str, NDArray[Any]]
_Score = Callable[[NDArray[np.float32]], NDArray[np.float64]]


class Predicted(NamedTuple):
    """What was said of each of n bars. ``p`` (n, 3) are calibrated probabilities in the order of
    ``domain.models.CLASSES``, NaN where nothing was said: outside every test window, where the session ends within the
    horizon, and where more than a fifth of the features are unknown. ``model`` (n,) is the place in ``windows`` of the
    one that said it, -1 where none did. ``windows`` name their models and what those have seen. ``x`` (n, F) are the
    features, ``due_at`` (n,) when the horizon of a bar ends, microseconds UTC, 0 where its session does before.
    ``lines`` are the models by id, as a desk knows them.
    """

    p: NDArray[np.float64]
    model: NDArray[np.int32]
    windows: tuple[Window, ...]
    x: NDArray[np.float32]
    due_at: NDArray[np.int64]
    lines: Mapping[str, ModelLine]


def predicted(
    columns: Columns,
    symbol: str,
    windows: Sequence[Window],
    request: BacktestRequest,
    spec: LabelSpec,
    plan: Plan,
    tell: Tell,
    given: Model | None,
    calendar: Calendar,
) -> Predicted:
    """Train a model for each window and let it score the bars of its test, or let a ``given`` one score them all.

    ``columns`` are the bars of ``symbol`` as ``bars.honest`` leaves them, with 22 sessions before the first window's
    days where there are as many, so that features are warm. Each model is built of bars before its test alone, by the
    code and the gate of a training. Windows that learn from the same days share their model. Seeded by the request:
    the same bytes each time.

    :raises NotTrainable: a window's past cannot teach a model; it says which. :raises InputError: ``start_date`` or
        ``model_id``, for a given model that has seen what is to be tested, or is of something else.
    :raises BacktestFailed: a bar would be scored by a model that has seen it: no way leads there.
    """
    spec = given.manifest.spec if given is not None else spec
    if spec.kind is LabelKind.TRADE_OUTCOME:
        raise InputError("model_id", "a model of a strategy's trades says nothing of bars", "use a model of direction")
    past = _Past(columns, symbol, batch(rows_of(columns)), due(columns, calendar, spec.horizon), spec)
    if given is not None:
        return _by_given(past, tuple(windows), given, calendar)
    return _by_windows(past, windows, msgspec.structs.replace(plan, seed=request.seed), tell)


class _Past(NamedTuple):
    columns: Columns
    symbol: str
    x: NDArray[np.float32]
    due_at: NDArray[np.int64]
    spec: LabelSpec

    def rows(self, first: int, last: int) -> slice:
        """The rows of the sessions from the ordinal ``first`` to ``last``, both in."""
        start, stop = np.searchsorted(self.columns["session"], (first, last + 1))
        return slice(int(start), int(stop))

    def of_test(self, window: Window) -> slice:
        return self.rows(window.test_from.toordinal(), window.test_to.toordinal())


def due(columns: Columns, calendar: Calendar, horizon: int) -> NDArray[np.int64]:
    """When the bar ``horizon`` bars after each closes, (n,), microseconds UTC; 0 where its session ends before.

    For bars of a minute what ``learning.maturing.due_at`` says of each; a break of the session belongs to no bar.
    """
    at, closes_at = columns["at"], columns["closes_at"]
    found = np.zeros(len(at), np.int64)
    if not len(at):
        return found
    lengths, counts = np.unique(closes_at - at, return_counts=True)
    length = int(lengths[np.argmax(counts)])
    for session in calendar.sessions_between(calendar.local_date(int(at[0])), calendar.local_date(int(at[-1]))):
        start, stop = np.searchsorted(at, (session.open_at, session.close_at))
        begins = np.concatenate([np.arange(opens, closes, length) for opens, closes in session.intervals])
        ends = np.concatenate([np.minimum(begins[1:], begins[:-1] + length), [session.close_at]])
        slot = np.searchsorted(ends, closes_at[start:stop]) + horizon
        found[start:stop] = np.where(slot < len(ends), ends[np.minimum(slot, len(ends) - 1)], 0)
    return found


# ---- a model a window ----------------------------------------------------------------------------------------------


def _by_windows(past: _Past, windows: Sequence[Window], plan: Plan, tell: Tell) -> Predicted:
    made: dict[tuple[Any, Any], tuple[Refit, ModelLine]] = {}
    told: list[Window] = []
    found = _nothing(past)
    for number, window in enumerate(windows):
        days = (window.train_from, window.train_to)
        if days not in made:
            model = _trained(past, window, number + 1, plan)
            made[days] = model, _line(past, model, number + 1)
        model, line = made[days]
        note = "; ".join(filter(None, (window.note, f"{model.rows:,} rows", model.calibration.note)))
        told.append(replace(window, model_id=line.id, labels_to=model.labels_to, note=note))
        _score(found, past, past.of_test(window), number, (model.probabilities, model.taught))
        tell(Progress(f"window {number + 1} of {len(windows)}", number + 1, len(windows), f"{model.rounds} rounds"))
    return _proven(past, found._replace(windows=tuple(told), lines={line.id: line for _, line in made.values()}))


def _trained(past: _Past, window: Window, number: int, plan: Plan) -> Refit:
    """The model of a window, of bars before its first test bar and of labels known before it."""
    if window.train_from is None or window.train_to is None:
        raise BacktestFailed(f"window {number} has no days to learn from")
    ordinals = np.unique(past.columns["session"])
    before = int(np.searchsorted(ordinals, window.train_from.toordinal()))
    earliest = int(ordinals[max(0, before - WARM_SESSIONS)]) if ordinals.size else 0
    held = past.rows(earliest, window.train_to.toordinal())
    test = past.of_test(window)
    try:
        dataset = build({name: values[held] for name, values in past.columns.items()}, past.spec, past.symbol)
        # Purged: no label may need the test's first bar, whatever the days are.
        tested_at = int(past.columns["at"][test.start]) if test.stop > test.start else np.iinfo(np.int64).max
        within = (dataset.sessions >= window.train_from.toordinal()) & (dataset.ends < tested_at)
        return refit(part(dataset, np.flatnonzero(within)), plan)
    except InputError as problem:
        days = f"window {number}, which learns from {window.train_from} to {window.train_to}"
        remedy = " or ".join(filter(None, ("give a longer train_window_days", problem.remedy)))
        raise NotTrainable(f"{days}: {problem.problem}", remedy) from None


def _line(past: _Past, model: Refit, number: int) -> ModelLine:
    digest = sha256(model.model).hexdigest()
    spec = past.spec
    return ModelLine(
        id=f"{past.symbol}-w{number:03d}-{digest[:10]}",
        family=f"{past.symbol} {spec.kind.value} {spec.horizon}",
        symbol=past.symbol,
        label=spec.kind,
        horizon=spec.horizon,
        role=ModelRole.CHAMPION,
        verdict=Verdict.NO_SKILL,
        trained_at=model.labels_to,
        trained_from=model.trained_from,
        trained_to=model.trained_to,
        rows=model.rows,
        simulated=bool(np.any(past.columns["simulated"])),
        feature_hash=FEATURE_HASH,
        model_hash=digest,
        manifest_hash="",
        reason="trained for one window of a backtest, and validated by nothing else",
        actor="backtest",
    )


# ---- one that is given ---------------------------------------------------------------------------------------------


def _by_given(past: _Past, windows: tuple[Window, ...], given: Model, calendar: Calendar) -> Predicted:
    manifest = given.manifest
    if given.line.symbol != past.symbol:
        problem = f"{given.line.id} is a model of {given.line.symbol}, not of {past.symbol}"
        raise InputError("model_id", problem, "choose one of that underlying")
    found = _nothing(past)
    taught = np.array([len(one.edges) > 0 for one in manifest.drift.features])
    told = []
    for number, window in enumerate(windows):
        rows = past.of_test(window)
        if rows.stop > rows.start and int(past.columns["at"][rows.start]) <= manifest.labels_to:
            seen = calendar.local_date(manifest.labels_to)
            problem = f"{given.line.id} saw data to {seen}, and {window.test_from} is not after"
            raise InputError("start_date", problem, f"begin after {seen}, or leave model_id away")
        _score(found, past, rows, number, (given.probabilities, taught))
        told.append(replace(window, model_id=given.line.id, labels_to=manifest.labels_to))
    line = replace(given.line, role=ModelRole.CHAMPION)
    return _proven(past, found._replace(windows=tuple(told), lines={line.id: line}))


# ---- both ----------------------------------------------------------------------------------------------------------


def _nothing(past: _Past) -> Predicted:
    n = len(past.x)
    return Predicted(np.full((n, 3), np.nan), np.full(n, -1, np.int32), (), past.x, past.due_at, {})


def _score(found: Predicted, past: _Past, rows: slice, number: int, by: tuple[_Score, NDArray[np.bool_]]) -> None:
    """Let a model say what it makes of the bars ``rows``; those that live it would be silent on are left NaN."""
    score, taught = by
    x = past.x[rows]
    unknown = np.isnan(x[:, taught]).mean(axis=1) if taught.any() else np.ones(len(x))
    told = np.flatnonzero((past.due_at[rows] > 0) & (unknown <= MOST_UNKNOWN)) + rows.start
    if told.size:
        found.p[told] = score(past.x[told])
        found.model[told] = number


def _proven(past: _Past, found: Predicted) -> Predicted:
    """The same, once it is looked at that no model has seen what it speaks of."""
    rows = np.flatnonzero(found.model >= 0)
    seen = np.array([window.labels_to for window in found.windows], np.int64)
    late = rows[seen[found.model[rows]] >= past.columns["at"][rows]] if rows.size else rows
    if late.size:
        row = int(late[0])
        window = found.windows[int(found.model[row])]
        bar, labels = iso(int(past.columns["at"][row])), iso(window.labels_to)
        raise BacktestFailed(f"{window.model_id} has seen outcomes up to {labels} and would score the bar of {bar}")
    if not np.isfinite(found.p[rows]).all():
        raise BacktestFailed(f"a model of {past.symbol} gives probabilities that are not numbers")
    return found
