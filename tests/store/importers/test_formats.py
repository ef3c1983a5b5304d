"""Each real file is known by a glance, and by one format alone."""

from pathlib import Path

import pytest

from sidecar.domain.errors import FileRefused, InputError
from sidecar.store.importers.formats import FORMATS, detected, format_named, names
from sidecar.store.importers.sources import glance

REAL = {
    "chain_intraday/nse_web_chain_*": "nse_web_chain",
    "chain_intraday/nse_bse_index_chain_*": "index_chain_155s",
    "chain_intraday/nse_website_csv_1min_2026-05-26/*.csv": "nse_website_csv",
    "chain_intraday/nifty_chain_1min_*": "minute_chain",
    "chain_intraday/nse_api_chain_*": "nse_api_csv",
    "chain_intraday/lean_us_minute/**/*.zip": "lean_zip",
    "eod/fo_bhavcopy_*": "fo_bhavcopy",
    "eod/india_vix_nse_export_*": "india_vix_csv",
    "bars/india_vix_*": "india_vix_csv",
    "bars/NIFTY_1min_*": "ohlcv_csv",
    "bars/BANKNIFTY_15min_*": "ohlcv_csv",
    "bars/nifty50_1s_*": "ohlcv_csv",
}


@pytest.mark.parametrize(("pattern", "name"), REAL.items())
def test_a_real_file_is_known_by_exactly_its_format(shared_data: Path, pattern: str, name: str) -> None:
    files = sorted(shared_data.glob(pattern))
    assert files
    for path in files:
        seen = glance(path)
        assert [one.name for one in FORMATS if one.detect(seen)] == [name]


@pytest.mark.parametrize("pattern", ["eod/SPX_chain_*", "eod/okx_daily_chain/2026-07-04*", "blotter/*.csv"])
def test_a_file_of_another_kind_is_refused_with_the_formats_there_are(shared_data: Path, pattern: str) -> None:
    with pytest.raises(FileRefused, match="is of no known format; force one with --format: nse_web_chain, "):
        detected(glance(next(shared_data.glob(pattern))))


def test_every_format_has_a_name_of_its_own_and_says_its_zone() -> None:
    assert len(set(names())) == len(names()) == len(FORMATS) + 1
    assert all(one.zone and one.what for one in FORMATS)
    assert [format_named(one.name) for one in FORMATS] == list(FORMATS)


def test_an_unknown_format_is_refused_with_those_there_are() -> None:
    with pytest.raises(InputError, match="format: 'kite' is no format; use one of nse_web_chain"):
        format_named("kite")
