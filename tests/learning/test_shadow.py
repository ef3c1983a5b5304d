from __future__ import annotations

from typing import Any

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from sidecar.domain.errors import ModelMissing
from sidecar.domain.models import ModelAction, ModelLine, ModelRole
from sidecar.learning.manifest import Manifest, line_of, manifest_of
from sidecar.learning.promotion import SHADOW_SESSIONS
from sidecar.learning.shadow import Change, changes
from tests.learning.models import origin, trained

BARS = 30


def model(name: str, role: ModelRole, depth: int = 2, at: int = 0) -> tuple[ModelLine, Manifest]:
    made = trained()._replace(parameters={"max_depth": depth, "eta": 0.3})
    told = manifest_of(made, origin(name))
    return replace(line_of(told, "h" * 64), role=role, trained_at=at), told


CHAMPION = model("nifty-1", ModelRole.CHAMPION)
CHALLENGER = model("nifty-2", ModelRole.CHALLENGER, depth=3, at=1)


def record(better: float, sessions: int = SHADOW_SESSIONS, names: tuple[str, ...] = ("nifty-2",)) -> dict[str, Any]:
    """A champion without opinion, and challengers that give what came about ``better`` more, by turns of sessions."""
    bars = np.arange(sessions * BARS)
    rng = np.random.default_rng(1)
    label = rng.integers(0, 3, len(bars)).astype(np.int8)
    columns: dict[str, list[NDArray[Any]]] = {}
    for name, more in (("nifty-1", 0.0), *((name, better) for name in names)):
        mine = bars if name == "nifty-1" else bars[(bars // BARS) % len(names) == names.index(name)]
        p = np.full((len(mine), 3), 1 / 3 - more / 2)
        p[np.arange(len(mine)), label[mine]] = 1 / 3 + more + rng.normal(0, 0.01, len(mine))
        role = "champion" if name == "nifty-1" else "challenger"
        found = (np.full(len(mine), name, object), np.full(len(mine), role, object), mine, label[mine], *p.T)
        for column, values in zip(
            ("model_id", "role", "bar_at", "label", "p_sell", "p_hold", "p_buy"), found, strict=True
        ):
            columns.setdefault(column, []).append(values)
    return {name: np.concatenate(parts) for name, parts in columns.items()}


def judged(scored: dict[str, Any], *models: tuple[ModelLine, Manifest]) -> tuple[Change, ...]:
    by_id = {line.id: told for line, told in models}

    def manifest(line: ModelLine) -> Manifest:
        if line.id not in by_id:
            raise ModelMissing(line.id, "model.json")
        return by_id[line.id]

    return changes([line for line, _ in models], manifest, lambda _: scored, lambda at: at // BARS)


def test_a_challenger_that_is_clearly_better_over_enough_sessions_is_promoted() -> None:
    (change,) = judged(record(0.1), CHAMPION, CHALLENGER)
    assert (change.model_id, change.action) == ("nifty-2", ModelAction.PROMOTE)


def test_one_that_is_no_better_or_was_not_seen_for_long_enough_is_left_where_it_is() -> None:
    assert judged(record(0.0), CHAMPION, CHALLENGER) == ()
    assert judged(record(0.1, SHADOW_SESSIONS - 1), CHAMPION, CHALLENGER) == ()


def test_the_record_of_a_spec_is_that_of_all_its_models_and_the_newest_of_them_is_promoted() -> None:
    newer = model("nifty-3", ModelRole.CHALLENGER, depth=3, at=2)
    found = judged(record(0.1, names=("nifty-2", "nifty-3")), CHAMPION, CHALLENGER, newer)
    assert [(change.model_id, change.action) for change in found] == [
        ("nifty-2", ModelAction.RETIRE),
        ("nifty-3", ModelAction.PROMOTE),
    ]


def test_without_a_champion_or_a_challenger_there_is_nothing_to_judge() -> None:
    assert judged(record(0.1), CHALLENGER) == ()
    assert judged(record(0.1), CHAMPION, model("nifty-2", ModelRole.RETIRED, depth=3)) == ()
