"""Two models on the same rows: whose log-loss is less, session by session.

Only rows that both scored out of sample count, and only where both were held to the same outcomes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from sidecar.domain.errors import InputError
from sidecar.domain.models import ModelRole

#: The least probability that a log-loss takes for granted, as in ``learning.scores``.
_LEAST = 1e-15
#: Sessions of its validation that a manifest keeps: enough that a champion which stays for long can still be followed.
KEPT_SESSIONS = 250
#: Sessions that two validations are compared on: the newest that they share.
COMPARED_SESSIONS = 60


class SessionLoss(msgspec.Struct, frozen=True):
    """A model's mean log-loss over the ``rows`` of one session that it did not learn from.

    ``outcomes`` is the SHA-256 of those rows' times and labels: two models' sessions compare where it is equal.
    """

    session: int
    rows: int
    loss: float
    outcomes: str


class Losses(NamedTuple):
    """A model's log-loss by row: ``at`` (n,) names the row (its bar's time), ``sessions`` (n,), ``loss`` (n,)."""

    at: NDArray[np.int64]
    sessions: NDArray[np.int64]
    loss: NDArray[np.float64]


class Paired(NamedTuple):
    """A candidate against a champion: ``increase`` (k,) is its mean log-loss less the champion's, by session."""

    sessions: NDArray[np.int64]
    increase: NDArray[np.float64]
    rows: int


def losses(
    at: NDArray[np.int64], sessions: NDArray[np.int64], y: NDArray[np.int8], p: NDArray[np.floating[Any]]
) -> Losses:
    """The log-losses of probabilities ``p`` (n, 3) on outcomes ``y`` (n,); rows of unknown outcome (−1) are left out.

    :raises InputError: shapes that do not fit.
    """
    if not len(at) == len(sessions) == len(y) == len(p) or p.ndim != 2:
        raise InputError("losses", f"{len(at)} rows, {len(sessions)} sessions, {len(y)} outcomes, {p.shape} chances")
    known = np.flatnonzero(y >= 0)
    chance = np.asarray(p, np.float64)[known, y[known]]
    return Losses(at[known], sessions[known], -np.log(np.maximum(chance, _LEAST)))


def session_losses(
    at: NDArray[np.int64],
    sessions: NDArray[np.int64],
    y: NDArray[np.int8],
    p: NDArray[np.floating[Any]],
    last: int = KEPT_SESSIONS,
) -> tuple[SessionLoss, ...]:
    """The ``last`` sessions of :func:`losses`, oldest first, as a manifest keeps them."""
    found = losses(at, sessions, y, p)
    outcomes = y[y >= 0].astype(np.int8)
    made = []
    for session in np.unique(found.sessions)[-last:]:
        rows = np.flatnonzero(found.sessions == session)
        rows = rows[np.argsort(found.at[rows], kind="stable")]
        seen = hashlib.sha256(found.at[rows].astype("<i8").tobytes() + outcomes[rows].tobytes()).hexdigest()
        made.append(SessionLoss(int(session), len(rows), float(found.loss[rows].mean()), seen))
    return tuple(made)


def paired_sessions(
    candidate: Sequence[SessionLoss], champion: Sequence[SessionLoss], last: int = COMPARED_SESSIONS
) -> Paired:
    """The ``last`` sessions that both were tried on, with the same rows and outcomes, oldest first.

    ``champion`` may go on with sessions after its training: those that the model itself has never seen.
    """
    theirs = {(one.session, one.outcomes): one.loss for one in champion}
    both = [one for one in sorted(candidate, key=_session) if (one.session, one.outcomes) in theirs][-last:]
    return Paired(
        np.array([one.session for one in both], dtype=np.int64),
        np.array([one.loss - theirs[one.session, one.outcomes] for one in both], dtype=np.float64),
        sum(one.rows for one in both),
    )


def _session(one: SessionLoss) -> int:
    return one.session


def live_pairs(scored: Mapping[str, NDArray[Any]], sessions: NDArray[np.int64], challengers: Collection[str]) -> Paired:
    """The live record of ``challengers``, the ids of one spec's models, against the champions' on the same bars.

    ``scored``: the columns of one family's matured predictions (``model_id``, ``role``, ``bar_at``, ``label``,
    ``p_sell``, ``p_hold``, ``p_buy``); ``sessions``: each row's trading day.
    """
    ours = (scored["role"] == ModelRole.CHALLENGER.value) & np.isin(scored["model_id"].astype(str), sorted(challengers))
    theirs = scored["role"] == ModelRole.CHAMPION.value
    p = np.column_stack([scored[name] for name in ("p_sell", "p_hold", "p_buy")])
    at, y = scored["bar_at"], scored["label"]
    return paired(*(losses(at[rows], sessions[rows], y[rows], p[rows]) for rows in (ours, theirs)))


def paired(candidate: Losses, champion: Losses) -> Paired:
    """The rows that both scored, as means by session; a row that stands twice counts by its first.

    For live records: a challenger's rows against the champion's, each row's bar being its name.
    """
    at, ours, theirs = np.intersect1d(candidate.at, champion.at, return_indices=True)
    increase = candidate.loss[ours] - champion.loss[theirs]
    days, day = np.unique(candidate.sessions[ours], return_inverse=True)
    count = np.bincount(day, minlength=len(days))
    return Paired(days, np.bincount(day, weights=increase, minlength=len(days)) / np.maximum(count, 1), len(at))
