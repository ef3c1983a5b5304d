"""The one-minute chain."""

from math import inf, nan
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sidecar.domain.clock import iso
from sidecar.store.importers import minute_chain
from sidecar.store.importers.sources import glance, located

ROW = {
    "timestamp": "202608181044",
    "symbol": "NIFTY50",
    "expiry": "18-Aug-2026",
    "strike": 24200.0,
    "option_type": "CE",
    "spot": 24210.25,
    "ltp": 60.5,
    "volume": 10.0,
    "oi": 4.0,
}


def _table(*changes: dict[str, Any]) -> pd.DataFrame:
    return located(pd.DataFrame([ROW | change for change in changes]), "made_up.parquet")


def test_a_row_is_an_option_quote_in_units_and_a_minute_has_one_index_quote(taken: Any) -> None:
    (day,) = taken(minute_chain, _table({}, {"option_type": "PE"})).days
    symbols = ["NIFTY", "NIFTY-20260818-24200-CE", "NIFTY-20260818-24200-PE"]
    assert day.quotes["symbol"].tolist() == symbols
    assert iso(int(day.quotes["at"][0])) == "2026-08-18T05:14:00+00:00"
    lot = day.contracts[1].lot_size
    assert day.quotes["volume"].tolist()[1:] == [10.0 * lot] * 2
    assert day.quotes["open_interest"].tolist()[1:] == [4.0 * lot] * 2


def test_bad_rows_are_refused_each_for_its_reason(taken: Any, counts: Any) -> None:
    changes: list[dict[str, Any]] = [
        {},
        {},
        {"timestamp": "soon"},
        {"expiry": "someday"},
        {"ltp": -1.0, "strike": 1.0},
        {"option_type": "XX"},
    ]
    sifted = taken(minute_chain, _table(*changes))
    wrong = {"duplicate": 1, "unknown_time": 2, "malformed": 1, "not_positive": 1, "unknown_contract": 1}
    assert counts(sifted) == (2, wrong)


@pytest.mark.parametrize("strike", [inf, -inf, nan, 0.0, -50.0])
def test_a_strike_that_is_no_positive_number_is_malformed(taken: Any, counts: Any, strike: float) -> None:
    assert counts(taken(minute_chain, _table({}, {"strike": strike}))) == (2, {"malformed": 1})


def test_a_minute_whose_spot_is_nowhere_stated_is_counted_once(taken: Any, counts: Any) -> None:
    later = {"timestamp": "202608181045", "spot": None}
    sifted = taken(minute_chain, _table({}, later, later | {"option_type": "PE"}))
    assert counts(sifted) == (4, {"no_index": 1})
    assert sifted.refused[0].first_rows == ("made_up.parquet row 2",)
    unstated = taken(minute_chain, _table({"spot": None}))
    assert counts(unstated) == (1, {"no_index": 1})


def test_an_infinite_volume_or_interest_is_not_finite(taken: Any, counts: Any) -> None:
    changes: list[dict[str, Any]] = [{}, {"volume": inf, "option_type": "PE"}, {"oi": inf, "strike": 24250.0}]
    assert counts(taken(minute_chain, _table(*changes))) == (2, {"not_finite": 2})


def test_the_wrong_zone_puts_every_row_out_of_the_session(taken: Any, counts: Any) -> None:
    assert counts(taken(minute_chain, _table({"expiry": "25-Aug-2026"}), zone="UTC")) == (0, {"out_of_session": 2})


def test_the_real_day_is_taken_whole(shared_data: Path, taken: Any, counts: Any) -> None:
    path = shared_data / "chain_intraday" / "nifty_chain_1min_option_chain_20260818.parquet"
    assert minute_chain.detect(glance(path))
    sifted = taken(minute_chain, path)
    assert counts(sifted) == (153_990 + 288, {})
    assert len(sifted.days[0].contracts) == 554
