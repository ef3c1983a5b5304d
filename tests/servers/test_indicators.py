"""Indicators over a real socket: of bars in a real database, and of series that are sent along."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from sidecar.client import Desk as Client
from sidecar.domain.bars import Bar
from sidecar.domain.clock import DAY, MINUTE, iso
from sidecar.domain.contracts import Contract, Kind, Universe
from sidecar.domain.errors import DeskRefused
from sidecar.domain.report import Published, Quality
from sidecar.features import indicators as charts
from sidecar.servers import indicators
from sidecar.servers.examples_indicators import INDICATORS, INDICATORS_ASKED
from sidecar.servers.http import create_app
from sidecar.servers.keys import KeyStore, Role
from sidecar.servers.shapes import plain
from sidecar.store.reader import Reader
from sidecar.store.writer import Writer
from tests.servers.desk import CALL, EMPTY, QUICK, T0, Desk, serving
from tests.wiring import until

NAMES = ("sma_20", "sma_50", "ema_20", "ema_50", "rsi", "macd", "bollinger_bands", "volume_sma")
N = 6_000
CLOSE: NDArray[np.float64] = 26_120.0 * np.exp(np.cumsum(np.random.default_rng(5).normal(0.0, 2e-4, N)))
PATH = "/api/v1/data/indicators"


def bars() -> list[Bar]:
    """Bars of consecutive minutes up to now; the older half is the simulator's past."""
    first = T0 - N * MINUTE
    return [
        Bar(
            symbol="NIFTY", at=first + n * MINUTE, closes_at=first + (n + 1) * MINUTE,
            known_at=first + (n + 1) * MINUTE, source="live" if n >= N // 2 else "history", simulated=n < N // 2,
            open=float(CLOSE[n]), high=float(CLOSE[n]), low=float(CLOSE[n]), close=float(CLOSE[n]), volume=100.0 + n,
        )
        for n in range(N)
    ]  # fmt: skip


class Behind(NamedTuple):
    desk: Desk
    client: Client
    secrets: dict[Role, str]
    url: str


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    folder = tmp_path_factory.mktemp("indicators")
    writer = Writer.open(folder / "desk.duckdb", now=T0)
    desk = Desk(universe=Universe((Contract("NIFTY", Kind.INDEX), Contract("BANKNIFTY", Kind.INDEX), CALL)))
    try:
        writer.offer_bars(bars())
        until(lambda: writer.rows["bars"] == N, what="every bar in the database")
        keys = KeyStore(folder)
        secrets = {role: keys.add(role, f"test-{role}") for role in Role}
        ports = desk.ports()
        made = create_app(
            ports, keys, QUICK, [indicators.router(ports, keys, Reader(writer.cursor, share_s=0.0).bars, charts)]
        )
        with serving(made) as url, Client(url, secrets[Role.VIEWER]) as client:
            yield Behind(desk, client, secrets, url)
    finally:
        writer.close()


@pytest.fixture
def client(behind: Behind) -> Client:
    return behind.client


def test_the_eight_keys_hold_values_aligned_with_the_times_of_the_bars(client: Client) -> None:
    told = client.indicators("NIFTY")
    assert (told["indicators_count"], told["count"], len(told["timestamps"])) == (8, 500, 500)
    assert set(NAMES) <= set(told)
    assert told["timestamps"][-1] == iso(T0 - MINUTE)
    assert told["as_of"] == iso(T0)
    whole = charts.values(CLOSE, np.arange(100.0, 100.0 + N))
    for name in NAMES:
        for part in told[name] if isinstance(told[name], dict) else ("",):
            shown = told[name][part] if part else told[name]
            known: Any = whole[name]
            assert shown == pytest.approx(known[part][-500:] if part else known[-500:], rel=1e-9)
    assert set(told["macd"]) == {"macd_line", "signal_line", "histogram"}
    assert set(told["bollinger_bands"]) == {"upper_band", "middle_band", "lower_band"}
    assert (told["sources"], told["simulated"]) == (["live"], False)


def test_the_answer_has_the_shape_of_its_example(client: Client) -> None:
    asked = {**INDICATORS_ASKED, "from": iso(T0 - 100 * MINUTE)}
    told, example = client._command("POST", PATH, asked), plain(INDICATORS)
    assert set(told) == set(example)
    assert set(told["forming"]) == set(example["forming"])
    assert told["warmup"] == example["warmup"]


def test_what_comes_before_the_first_bar_told_is_counted_in(client: Client) -> None:
    told = client.indicators("NIFTY", since=iso(T0 - 5 * MINUTE), until=iso(T0 - 2 * MINUTE))
    assert told["count"] == 3
    assert told["timestamps"][0] == iso(T0 - 5 * MINUTE)
    assert None not in told["sma_50"]
    assert told["as_of"] == iso(T0 - 2 * MINUTE)
    assert told["forming"] is None


def test_the_warm_up_is_null_and_never_a_number(client: Client) -> None:
    told = client.indicators("NIFTY", until=iso(T0 - (N - 30) * MINUTE))
    assert told["count"] == 30
    assert (told["sources"], told["simulated"]) == (["history"], True)
    assert told["sma_20"][:19] == [None] * 19
    assert None not in told["sma_20"][19:]
    assert told["sma_50"] == [None] * 30
    assert told["macd"]["histogram"] == [None] * 30


def test_the_forming_bar_is_told_at_the_live_price_and_only_there(behind: Behind) -> None:
    published = behind.desk.published
    assert published is not None
    told = behind.client.indicators("NIFTY")["forming"]
    assert told["price"] == 26_120.0
    assert told["sma_20"] == pytest.approx((CLOSE[-19:].sum() + 26_120.0) / 20.0, rel=1e-12)
    assert told["volume_sma"] is None
    (line,) = published.report.markets
    stale = msgspec.structs.replace(published.report, markets=(msgspec.structs.replace(line, quality=Quality.STALE),))
    try:
        behind.desk.published = Published(stale, EMPTY)
        assert behind.client.indicators("NIFTY")["forming"] is None
        behind.desk.published = None
        assert behind.client.indicators("NIFTY")["forming"] is None
    finally:
        behind.desk.published = published


def test_an_underlying_without_bars_is_an_empty_answer_that_says_so(client: Client) -> None:
    told = client.indicators("BANKNIFTY")
    assert (told["count"], told["timestamps"], told["rsi"], told["as_of"]) == (0, [], [], None)
    assert told["forming"] is None


def test_a_series_is_worked_out_as_it_was_sent(client: Client) -> None:
    close = CLOSE[:60].tolist()
    told = client.indicators(series={"close": close})
    assert (told["count"], told["timestamps"], told["as_of"], told["symbol"]) == (60, None, None, None)
    assert told["sma_50"][49] == pytest.approx(sum(close[:50]) / 50.0, rel=1e-12)
    assert told["volume_sma"] == [None] * 60
    again = client.indicators(series={"close": close, "volume": [7.0] * 60})
    assert again["volume_sma"][19:] == [7.0] * 41


def test_from_and_to_choose_what_is_told_of_a_series(client: Client) -> None:
    times = [iso(T0 + n * MINUTE) for n in range(60)]
    asked = {"close": CLOSE[:60].tolist(), "timestamps": times}
    told = client.indicators(series=asked, since=times[55], until=times[58])
    assert (told["timestamps"], told["as_of"]) == (times[55:58], times[57])
    whole = client.indicators(series=asked)
    assert told["ema_50"] == whole["ema_50"][55:58]


SERIES: dict[str, Any] = {"close": [1.0, 2.0, 3.0], "timestamps": [iso(T0 + n * MINUTE) for n in range(3)]}
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({}, "give either a symbol or a series"),
    ({"symbol": "NIFTY", "series": SERIES}, "give either a symbol or a series"),
    ({"symbol": "NOPE"}, "symbol: 'NOPE' is not one listed contract"),
    ({"symbol": CALL.id}, "symbol: .* has no bars"),
    ({"symbol": "NIFTY", "period": 14}, "period: is not a field of this request"),
    ({"symbol": "NIFTY", "from": "2025-11-24T09:15:00"}, "from: has no time zone"),
    ({"symbol": "NIFTY", "to": "yesterday"}, "to: 'yesterday' is not ISO 8601"),
    ({"symbol": "NIFTY", "from": iso(T0), "to": iso(T0)}, "from: is not before to"),
    ({"symbol": "NIFTY", "from": iso(T0 - 46 * DAY)}, "from: is more than 45 days"),
    ({"symbol": "NIFTY", "from": iso(T0 - 5_001 * MINUTE)}, "from: the answer would have more than 5,000 bars"),
    ({"series": {"close": []}}, "series.close: .* at least 1 item"),
    ({"series": {"close": [1.0] * 1_201}}, "series.close: .* at most 1200 items"),
    ({"series": {"close": [1.0, "2"]}}, "series.close.1: is not a finite number"),
    ({"series": {"close": [1.0, None]}}, "series.close.1: is not a finite number"),
    ({"series": {"close": [1.0, 2.0], "volume": [1.0]}}, "volume has 1 values and close has 2"),
    ({"series": {**SERIES, "timestamps": SERIES["timestamps"][::-1]}}, "series.timestamps: row 1 is not after"),
    ({"series": {**SERIES, "timestamps": SERIES["timestamps"][:1] * 3}}, "series.timestamps: row 1 is not after"),
    ({"series": {**SERIES, "timestamps": ["2025-11-24T09:15:00"] * 3}}, "timestamps.0.: has no time zone"),
    ({"series": {"close": [1.0]}, "from": iso(T0)}, "series.timestamps: are missing"),
]


@pytest.mark.parametrize(("asked", "told"), REFUSED)
def test_what_cannot_be_used_is_refused_by_its_name(client: Client, asked: dict[str, Any], told: str) -> None:
    with pytest.raises(DeskRefused, match=told) as refused:
        client._command("POST", PATH, asked)
    assert refused.value.status == 422


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_a_number_that_is_none_is_refused_by_its_place(behind: Behind, number: str) -> None:
    headers = {"X-API-Key": behind.secrets[Role.VIEWER]}
    body = f'{{"series": {{"close": [1.0, {number}]}}}}'.encode()
    told = behind.client._http.post(PATH, content=body, headers=headers)
    assert told.status_code == 422
    assert told.json()["errors"][0]["field"] == "series.close.1"


def test_nobody_is_told_without_a_key(behind: Behind) -> None:
    with Client(behind.url) as stranger, pytest.raises(DeskRefused, match="401"):
        stranger.indicators("NIFTY")


def test_a_record_that_falls_behind_is_no_answer(behind: Behind, tmp_path: Any) -> None:
    keys = KeyStore(tmp_path)
    key = keys.add(Role.VIEWER, "test")
    ports = replace(behind.desk.ports(), record_failure=lambda: "the disk is full")
    app = create_app(ports, keys, QUICK, [indicators.router(ports, keys, lambda *_: {}, charts)])
    with serving(app) as url, Client(url, key) as client:
        with pytest.raises(DeskRefused, match="the disk is full") as refused:
            client.indicators("NIFTY")
        assert refused.value.status == 503
        assert client.indicators(series={"close": [1.0]})["count"] == 1
