import re
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from sidecar.domain.bars import INPUTS
from sidecar.features import window
from sidecar.features.columns import FEATURES, Feature
from sidecar.features.matrix import NAMES, WARM_SESSIONS, Vectors, batch
from tests.features import oracle
from tests.features.drawn import AT, Array, bars, put

HALF_DAY, MUHURAT, LONG = 210, 60, 385
SESSIONS = [375] * 8 + [HALF_DAY, MUHURAT] + [LONG] * 14
SPECIFIED = 45


def column(vectors: Vectors, name: str) -> Array:
    return vectors[:, NAMES.index(name)].astype(np.float64)


@pytest.fixture(scope="module")
def rows() -> Array:
    return bars(SESSIONS)


@pytest.fixture(scope="module")
def vectors(rows: Array) -> Vectors:
    return batch(rows)


@pytest.fixture(scope="module")
def by_pandas(rows: Array) -> pd.DataFrame:
    return oracle.features(rows)


def test_there_are_the_features_of_the_specification_and_five_more() -> None:
    assert len(NAMES) == len(set(NAMES)) == SPECIFIED + 5
    assert {"iv30", "vix", "iv_rank", "oi_chg_15", "max_pain_dist"} < set(NAMES)


@pytest.mark.parametrize("row", FEATURES, ids=NAMES)
def test_every_row_says_what_it_is_what_it_may_know_and_since_when(row: Feature) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", row.name)
    for text in (row.formula, row.unit, row.rule, row.clock):
        assert text
        assert text == text.strip()
    assert not row.formula.endswith(".")
    assert 1 <= row.warmup < 400
    assert 0 <= row.sessions < WARM_SESSIONS


def test_the_inputs_that_the_kernel_reads_stand_where_bars_have_them() -> None:
    assert {name: getattr(window, name.upper()) for name in INPUTS} == AT


@pytest.mark.parametrize("name", NAMES)
def test_each_feature_is_what_pandas_makes_of_the_same_bars(
    vectors: Vectors, by_pandas: pd.DataFrame, name: str
) -> None:
    ours, theirs = column(vectors, name), by_pandas[name].to_numpy()
    both = np.isfinite(ours)
    assert np.isfinite(theirs[both]).all()
    assert np.abs(ours - theirs)[both].max() <= 1e-5 * theirs[both].std()


@pytest.mark.parametrize("row", FEATURES, ids=NAMES)
def test_each_is_known_from_the_bar_and_the_session_that_its_row_says(
    rows: Array, vectors: Vectors, row: Feature
) -> None:
    known = np.isfinite(column(vectors, row.name))
    first_of_session = sum(SESSIONS[: row.sessions])
    assert known.argmax() == max(row.warmup - 1, first_of_session)
    new_roll = rows[:, AT["minute"]] < 15  # the features of 15 minutes ago know nothing across an expiry or a session
    assert known[known.argmax() :][~new_roll[known.argmax() :]].all()


def test_no_feature_is_infinite_and_none_is_zero_for_want_of_knowledge() -> None:
    rows = bars([60, 60])
    for name in INPUTS:
        if name not in ("session", "minute"):
            put(rows, name, np.nan)
    assert np.isnan(batch(rows)).all()
    zeros = np.zeros_like(rows)
    for name in ("session", "minute", "minutes"):
        put(zeros, name, bars([60, 60])[:, AT[name]])
    assert not np.isinf(batch(zeros)).any()


def test_what_is_missing_stays_missing_while_it_is_in_the_window_and_no_longer(rows: Array) -> None:
    holed = rows[:2_000].copy()
    holed[1_000, AT["close"]] = np.nan
    whole, other = batch(rows[:2_000]), batch(holed)
    for row in FEATURES:
        a, b = column(whole, row.name), column(other, row.name)
        gone = np.flatnonzero(np.isnan(b) & ~np.isnan(a))
        assert (a[:1_000] == b[:1_000])[~np.isnan(a[:1_000])].all(), row.name
        if gone.size and row.rule.startswith("closed bars"):
            assert gone[0] == 1_000, row.name
            assert gone[-1] <= 1_000 + row.warmup - 1, row.name
    for name, last in (("ret_1", 1_001), ("ret_15", 1_015), ("rv_60", 1_060), ("d_sma20", 1_019), ("d_ema50", 1_000)):
        assert np.flatnonzero(np.isnan(column(other, name)[400:])).max() + 400 == last, name


def test_an_index_without_volume_has_every_feature_but_those_of_volume(rows: Array) -> None:
    silent = rows.copy()
    put(silent, "volume", np.nan)
    of_volume = {"v_ratio20", "v_z60", "sv_20", "d_vwap", "amihud_60", "gex_n"}
    told, quiet = batch(rows), batch(silent)
    for name in NAMES:
        if name in of_volume:
            assert np.isnan(column(quiet, name)).all(), name
        else:
            assert np.array_equal(column(quiet, name), column(told, name), equal_nan=True), name


def test_the_clock_takes_no_session_length_for_granted(rows: Array) -> None:
    to_close, last = column(batch(rows), "to_close"), np.cumsum(SESSIONS) - 1
    assert ((to_close >= 0.0) & (to_close <= 1.0)).all()
    assert (to_close[last] == 0.0).all()
    assert np.flatnonzero(to_close == 0.0).tolist() == last.tolist()
    beyond = rows[:5].copy()
    put(beyond, "minutes", 3.0)
    assert np.isnan(column(batch(beyond), "to_close")).tolist() == [False, False, False, True, True]
    assert np.isnan(column(batch(beyond), "tod_sin")).tolist() == [False, False, False, True, True]


def test_nothing_of_the_chain_is_compared_across_a_roll_of_the_expiry(rows: Array) -> None:
    vectors, expiry, session = batch(rows), rows[:, AT["expiry"]], rows[:, AT["session"]]
    rolled = expiry[15:] != expiry[:-15]
    assert np.array_equal(np.isnan(column(vectors, "d_atm_iv_15")[15:]), rolled)
    assert np.array_equal(np.isnan(column(vectors, "oi_chg_15")[15:]), session[15:] != session[:-15])


def test_a_window_counts_bars_and_what_is_traded_in_15_minutes_counts_minutes() -> None:
    rows = bars([100])
    left_out = np.delete(rows, [50], axis=0)  # minute 50 was not seen
    whole, short = batch(rows), batch(left_out)
    close = rows[:, AT["close"]]
    assert column(short, "ret_5")[59] == np.float32(np.log(close[60] / close[55]))
    assert column(short, "ret_5")[51] == np.float32(np.log(close[52] / close[46]))
    volume = column(short, "pcr_vol")
    assert np.isnan(volume[64])  # minute 65 would need minute 50
    kept = [i for i in range(100) if i not in (50, 65)]
    assert np.array_equal(np.delete(volume, 64), column(whole, "pcr_vol")[kept])


def test_a_session_that_was_not_seen_from_its_first_minute_has_no_opening_price_and_no_volume_of_the_day() -> None:
    rows = bars([60] * 23)[30:]
    vectors = batch(rows)
    assert np.isnan(column(vectors, "ret_open")[:30]).all()
    assert np.isnan(column(vectors, "d_vwap")[:30]).all()
    assert np.isfinite(column(vectors, "ret_open")[30:]).all()
    assert np.isfinite(column(vectors, "gap")[30:]).all()  # the close before is known
    known = np.flatnonzero(np.isfinite(column(vectors, "gex_n")))
    assert known[0] == 30 + 20 * 60  # twenty whole sessions


def test_daily_statistics_change_only_between_sessions(rows: Array) -> None:
    vectors, edges = batch(rows), np.concatenate([[0], np.cumsum(SESSIONS)])
    vix, vrp, change = (column(vectors, name) for name in ("vix", "vrp", "vix_chg"))
    for start, end in pairwise(edges[21:].tolist()):
        realised = (rows[start:end, AT["vix"]] / 100.0) ** 2 - vrp[start:end]
        assert np.ptp(realised) < 1e-8
        assert np.ptp(np.log(vix[start:end]) - change[start:end]) < 1e-6
