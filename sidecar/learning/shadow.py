"""Challengers against their champion: which has earned its place, and which has been followed by a newer one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sidecar.domain.errors import ModelRejected
from sidecar.domain.models import ModelAction, ModelLine, ModelRole
from sidecar.learning.manifest import Manifest
from sidecar.learning.pairing import live_pairs
from sidecar.learning.promotion import facts_of, place

Columns = Mapping[str, NDArray[Any]]


class Change(NamedTuple):
    """A model, what is to be done with it, and why."""

    model_id: str
    action: ModelAction
    reason: str


def changes(
    models: Sequence[ModelLine],
    manifest: Callable[[ModelLine], Manifest],
    scored: Callable[[str], Columns],
    sessions: Callable[[NDArray[np.int64]], NDArray[np.int64]],
) -> tuple[Change, ...]:
    """What the promotion rule does with the challengers of ``models`` (all that are known), a family after another.

    ``scored`` gives a family's live record, as :func:`~sidecar.learning.pairing.live_pairs` takes it, ``sessions`` the
    trading day of each of its instants. The record of a spec is that of all its models, whoever of them challenges now.
    """
    made: list[Change] = []
    for champion in models:
        if champion.role is not ModelRole.CHAMPION:
            continue
        mine = [(one, told) for one in models if one.family == champion.family and (told := _told(manifest, one))]
        held = next((told for one, told in mine if one.id == champion.id), None)
        challengers = [(one, told) for one, told in mine if one.role is ModelRole.CHALLENGER]
        if held is None or not challengers:
            continue
        record = scored(champion.family)
        days = sessions(record["bar_at"])
        for spec in sorted({told.spec_hash for _, told in challengers}):
            ids = [one.id for one, told in mine if told.spec_hash == spec]
            of_spec = sorted((pair for pair in challengers if pair[1].spec_hash == spec), key=_trained)
            newest, facts = of_spec[-1]
            made += [Change(one.id, ModelAction.RETIRE, f"followed by {newest.id}") for one, _ in of_spec[:-1]]
            decision = place(facts_of(facts), facts_of(held), live_pairs(record, days, ids))
            if decision.role is ModelRole.CHAMPION:
                made.append(Change(newest.id, ModelAction.PROMOTE, decision.reason))
                break  # the next one is held against the new champion, another day
    return tuple(made)


def _trained(pair: tuple[ModelLine, Manifest]) -> tuple[int, str]:
    return pair[0].trained_at, pair[0].id


def _told(manifest: Callable[[ModelLine], Manifest], line: ModelLine) -> Manifest | None:
    """A model's manifest; None of one whose files cannot be trusted, which can neither win nor lose."""
    try:
        return manifest(line)
    except ModelRejected:
        return None
