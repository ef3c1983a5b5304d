from __future__ import annotations

import numpy as np
import pytest

from sidecar.domain.errors import InputError
from sidecar.learning.pairing import live_pairs, losses, paired, paired_sessions, session_losses
from sidecar.learning.scores import scores

RNG = np.random.default_rng(1)
AT = np.arange(60, dtype=np.int64) * 60
SESSIONS = np.repeat(np.array([10, 11, 12]), 20)
Y = RNG.integers(0, 3, 60).astype(np.int8)
OURS, THEIRS = RNG.dirichlet([2, 2, 2], 60), RNG.dirichlet([2, 2, 2], 60)


def test_the_mean_of_the_rows_is_the_scorecards_log_loss() -> None:
    found = losses(AT, SESSIONS, Y, OURS)
    assert np.mean(found.loss) == pytest.approx(scores(Y, OURS, (0.3, 0.4, 0.3)).log_loss)


def test_rows_of_unknown_outcome_are_left_out() -> None:
    y = np.where(AT < 600, -1, Y).astype(np.int8)
    assert losses(AT, SESSIONS, y, OURS).at.tolist() == AT[10:].tolist()
    assert [one.rows for one in session_losses(AT, SESSIONS, y, OURS)] == [10, 20, 20]


def test_a_class_that_was_given_no_chance_costs_much_and_not_everything() -> None:
    found = losses(AT[:1], SESSIONS[:1], np.zeros(1, np.int8), np.array([[0.0, 0.5, 0.5]]))
    assert found.loss[0] == pytest.approx(15 * np.log(10))


def test_rows_that_both_scored_are_compared_by_session() -> None:
    mine = losses(AT[5:], SESSIONS[5:], Y[5:], OURS[5:])
    theirs = losses(AT[:50], SESSIONS[:50], Y[:50], THEIRS[:50])
    found = paired(mine, theirs)
    difference = losses(AT, SESSIONS, Y, OURS).loss - losses(AT, SESSIONS, Y, THEIRS).loss
    assert (found.sessions.tolist(), found.rows) == ([10, 11, 12], 45)
    assert found.increase == pytest.approx(
        [difference[5:20].mean(), difference[20:40].mean(), difference[40:50].mean()]
    )


def test_models_that_share_no_row_have_no_session() -> None:
    none = paired(losses(AT[:20], SESSIONS[:20], Y[:20], OURS[:20]), losses(AT[20:], SESSIONS[20:], Y[20:], OURS[20:]))
    assert (len(none.sessions), len(none.increase), none.rows) == (0, 0, 0)


def test_kept_sessions_compare_like_their_rows() -> None:
    rows = paired(losses(AT, SESSIONS, Y, OURS), losses(AT, SESSIONS, Y, THEIRS))
    kept = paired_sessions(session_losses(AT, SESSIONS, Y, OURS), session_losses(AT, SESSIONS, Y, THEIRS))
    assert kept.sessions.tolist() == rows.sessions.tolist()
    assert kept.increase == pytest.approx(rows.increase)
    assert kept.rows == rows.rows


def test_a_session_of_other_rows_or_other_outcomes_is_not_compared() -> None:
    other = Y.copy()
    other[25] = (other[25] + 1) % 3
    mine, theirs = session_losses(AT, SESSIONS, Y, OURS), session_losses(AT[1:], SESSIONS[1:], other[1:], THEIRS[1:])
    assert paired_sessions(mine, theirs).sessions.tolist() == [12]


def test_the_newest_sessions_in_common_are_compared_wherever_the_champion_got_them() -> None:
    mine, kept = session_losses(AT, SESSIONS, Y, OURS), session_losses(AT[:40], SESSIONS[:40], Y[:40], THEIRS[:40])
    after = session_losses(AT[40:], SESSIONS[40:], Y[40:], THEIRS[40:])
    assert paired_sessions(mine, kept).sessions.tolist() == [10, 11]
    assert paired_sessions(mine, (*kept, *after)).sessions.tolist() == [10, 11, 12]
    assert paired_sessions(mine, (*kept, *after), last=1).sessions.tolist() == [12]


def test_only_the_last_sessions_are_kept_and_order_does_not_matter() -> None:
    kept = session_losses(AT, SESSIONS, Y, OURS, last=2)
    assert [one.session for one in kept] == [11, 12]
    shuffled = RNG.permutation(60)
    again = session_losses(AT[shuffled], SESSIONS[shuffled], Y[shuffled], OURS[shuffled], last=2)
    assert [one.outcomes for one in again] == [one.outcomes for one in kept]


def test_live_records_pair_a_specs_challengers_with_the_champions() -> None:
    """Three models on the same 60 bars: a champion, this spec's challenger and its refresh, and another's."""
    ids = ["champion", "mine-1", "mine-2", "other"]
    rows = [(0, AT >= 0), (1, AT < 1800), (2, AT >= 1800), (3, AT >= 0)]
    model, at = (np.concatenate(each) for each in zip(*((np.full(t.sum(), m), AT[t]) for m, t in rows), strict=True))
    place = np.searchsorted(AT, at)
    p = np.where((model == 0)[:, None], THEIRS[place], OURS[place])
    p[model == 3] = 1 / 3
    scored = {
        "model_id": np.array(ids, dtype=object)[model],
        "role": np.array(["champion", "challenger"], dtype=object)[np.minimum(model, 1)],
        "bar_at": at,
        "label": Y[place],
        **{name: p[:, k] for k, name in enumerate(("p_sell", "p_hold", "p_buy"))},
    }
    found = live_pairs(scored, SESSIONS[place], {"mine-1", "mine-2"})
    whole = paired(losses(AT, SESSIONS, Y, OURS), losses(AT, SESSIONS, Y, THEIRS))
    assert found.rows == 60
    assert found.increase == pytest.approx(whole.increase)
    assert live_pairs(scored, SESSIONS[place], {"champion"}).rows == 0


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError):
        losses(AT, SESSIONS, Y[1:], OURS)
    with pytest.raises(InputError):
        losses(AT, SESSIONS, Y, OURS[:, 0])
