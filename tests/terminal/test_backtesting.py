"""``backtest``: of a file in this process, and by a desk behind a real socket."""

from __future__ import annotations

import json
from _thread import interrupt_main
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep

import numpy as np
import pandas as pd
import pytest

from sidecar.domain.backtests import BacktestJob, BacktestState
from sidecar.learning.bar_file import save_bars
from sidecar.servers import backtests
from sidecar.servers.http import create_app
from sidecar.servers.keys import KeyStore, Role
from sidecar.strategies.catalogue import CATALOGUE
from sidecar.terminal.parser import main
from tests.learning.market import market
from tests.servers.desk import QUICK, T0, Desk, serving
from tests.terminal.backtest_book import World

DAYS = ["--start", "2025-01-06", "--end", "2025-02-05"]
CROSS = ["backtest", "--strategy", "sma_cross", *DAYS]
ZONE = ["--zone", "Asia/Kolkata"]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same bars, in paise, as this program's Parquet and as a vendor's CSV without and with an offset."""
    folder = tmp_path_factory.mktemp("bars")
    columns = dict(market(5, 24, minutes=60).columns)
    columns |= {name: columns[name].round(2) for name in ("open", "high", "low", "close")}
    count = len(columns["at"])
    columns |= {"symbol": np.full(count, "NIFTY", object), "simulated": np.zeros(count, bool)}
    save_bars(folder / "bars.parquet", columns)
    save_bars(folder / "made_up.parquet", columns | {"simulated": np.ones(count, bool)})
    prices = {name.title(): columns[name] for name in ("open", "high", "low", "close")}
    at = pd.Series(pd.to_datetime(columns["at"], unit="us", utc=True)).dt.tz_convert("Asia/Kolkata")
    pd.DataFrame({"Datetime": at, **prices}).to_csv(folder / "aware.csv", index=False)
    pd.DataFrame({"Datetime": at.dt.tz_localize(None), **prices}).to_csv(folder / "naive.csv", index=False)
    days = {"Date": at.dt.strftime("%Y-%m-%d"), "Time": at.dt.strftime("%H:%M")}
    pd.DataFrame({**days, **prices}).to_csv(folder / "parted.csv", index=False)
    (folder / "mine.py").write_text(
        "class Strategy:\n"
        "    name = 'mine'\n"
        "    def __init__(self, fund_id, underlying): ...\n"
        "    def on_report(self, published): return ()\n"
    )
    return folder


def told_of(capsys: pytest.CaptureFixture[str], *given: str) -> str:
    assert main([*CROSS, *given]) == 0
    return capsys.readouterr().out


# ---- of a file -----------------------------------------------------------------------------------------------------


def test_a_file_of_bars_becomes_figures_with_intervals_and_what_they_rest_on(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = told_of(capsys, "--bars", str(files / "bars.parquet"), "--data-dir", str(tmp_path))
    for word in (
        "recorded market", "vectorised engine", "Sharpe ratio", "95 % from", "buy and hold", "fees and taxes", "2025",
        "data: ", "one set was tried", "look-ahead: none", "assumed: charges are the dated tariff's", "hash ",
    ):  # fmt: skip
        assert word in told
    assert "SIMULATED" not in told
    assert list(tmp_path.iterdir()) == []


def test_bars_that_were_made_up_are_called_so_first(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told_of(capsys, "--bars", str(files / "made_up.parquet")).startswith("SIMULATED MARKET")


def test_the_same_prices_give_the_same_hash_however_their_times_are_written(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ways: list[tuple[str, list[str]]] = [
        ("bars.parquet", []), ("aware.csv", []), ("naive.csv", ZONE), ("parted.csv", ZONE),
    ]  # fmt: skip
    found = {json.loads(told_of(capsys, "--json", "--bars", str(files / name), *zone))["hash"] for name, zone in ways}
    assert len(found) == 1


def test_times_without_a_zone_are_refused_and_the_flag_is_named(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*CROSS, "--bars", str(files / "naive.csv")]) == 2
    told = capsys.readouterr().err
    assert "naive.csv: datetime: '2025-01-06 09:15:00' has no time zone" in told
    assert "--zone" in told


def test_a_sweep_shows_its_sets_best_first_and_what_is_left_of_the_best(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--bars", str(files / "bars.parquet"), "--sweep", "fast=3,5", "--sweep", "slow=13,21", "--set", "short=1"]
    told = told_of(capsys, *given, "--report", str(tmp_path / "r.html"))
    assert "the best of 4 sets" in told
    assert "deflated Sharpe" in told
    sets = [line.split("│")[1:3] for line in told.splitlines() if "fast=" in line]
    assert len(sets) == 4
    ratios = [float(ratio) for _, ratio in sets]
    assert ratios == sorted(ratios, reverse=True)
    assert (tmp_path / "r.html").read_text().startswith("<!")


def test_a_strategy_of_ones_own_that_does_nothing_has_no_figures(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    day = ["--start", "2025-01-06", "--end", "2025-01-06"]
    assert main(["backtest", "--strategy", str(files / "mine.py"), *day, "--bars", str(files / "bars.parquet")]) == 0
    told = capsys.readouterr().out
    assert "0 round trips" in told
    assert "nan" not in told


def test_the_list_names_every_strategy_and_its_parameters(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backtest", "--list"]) == 0
    told = capsys.readouterr().out
    for name, entry in CATALOGUE.items():
        assert name in told
        assert all(parameter in told for parameter in entry.line.parameters)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([], "--strategy: is needed"),
        (["--strategy", "sma_cross"], "--start: is needed"),
        (["--strategy", "sma_cross", "--start", "soon", "--end", "2025-02-05"], "--start: "),
        (["--strategy", "sma_cross", "--start", "2025-02-05", "--end", "2025-01-06", "@"], "--start: "),
        (["--strategy", "sma_cross", "--start", "2024-01-05", "--end", "2025-01-06", "@"], "--start: "),
        ([*CROSS[1:], "@", "--capital", "much"], "--capital: "),
        ([*CROSS[1:], "@", "--capital", "0"], "--capital: "),
        ([*CROSS[1:], "@", "--commission", "5"], "--commission: "),
        ([*CROSS[1:], "@", "--train-days", "0"], "--train-days: "),
        ([*CROSS[1:], "@", "--symbols", "DAX"], "--symbols: "),
        ([*CROSS[1:], "@", "--set", "fast"], "--set: "),
        ([*CROSS[1:], "@", "--set", "fast=1,2"], "--set: "),
        ([*CROSS[1:], "@", "--set", "fast=5", "--set", "fast=6"], "--set: 'fast' stands twice"),
        ([*CROSS[1:], "@", "--set", "fats=5"], "parameters.fats: "),
        ([*CROSS[1:], "@", "--sweep", "fast=a,b"], "--sweep: "),
        ([*CROSS[1:], "@", "--model", "nobody"], "--model: "),
        ([*CROSS[1:], "@", "--tape", "x.tape"], "--tape: "),
        ([*CROSS[1:], "--bars", "none.csv"], "none.csv: cannot be read"),
        ([*CROSS[1:], "--archive", "nowhere"], "nowhere: is no folder"),
        ([*CROSS[1:], "--zone", "Asia/Kolkata"], "--zone: "),
        ([*CROSS[1:], "--dask", "tcp://127.0.0.1:1"], "--dask: "),
        (["--strategy", "mine.py", *DAYS], "--strategy: "),
        (["--strategy", "gone.py", *DAYS, "@"], "--strategy: "),
    ],
)
def test_what_cannot_be_meant_leaves_with_2_and_one_line_that_names_it(
    files: Path, tmp_path: Path, given: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    bars = ["--bars", str(files / "bars.parquet")]
    arguments = [one for each in given for one in (bars if each == "@" else [each])]
    assert main(["backtest", *arguments, "--data-dir", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"deskwatch: {words}")
    assert told.count("\n") == 1


# ---- by a desk -----------------------------------------------------------------------------------------------------


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made, keys = World(), KeyStore(tmp_path)
    monkeypatch.setenv("DESK_KEY", keys.add(Role.TRADER, "test"))
    ports = replace(Desk().ports(), market_now=lambda: T0)
    seen = backtests.Testing(
        made.take, made.cancel, made.job, lambda: made.jobs.standing(), lambda *_: [],
        lambda: (), lambda _: made.result, lambda _: b"<!doctype html>",
    )  # fmt: skip
    with serving(create_app(ports, keys, QUICK, [backtests.router(ports, keys, seen)])) as url:
        made.url = url
        yield made


def test_a_desk_is_asked_and_its_result_is_shown_as_one_made_here(
    world: World, files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = told_of(capsys, "--bars", str(files / "bars.parquet"))
    world.result = told_of(capsys, "--bars", str(files / "bars.parquet"), "--json").encode()
    world.ends(BacktestState.DONE)
    asked = ["--url", world.url, "--symbols", "NIFTY", "--capital", "1500000", "--sweep", "fast=5,10"]
    told = told_of(capsys, *asked, "--report", str(tmp_path / "r.html"))
    (job,) = world.jobs.over()
    assert job.request.initial_capital == 1_500_000
    assert job.request.sweep == {"fast": (5.0, 10.0)}
    assert "asked for by test" in told
    assert told[told.index("recorded market") :].splitlines()[3:] == own.splitlines()[3:]
    assert (tmp_path / "r.html").read_text() == "<!doctype html>"


def test_one_that_failed_says_why_and_leaves_with_1(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.ends(BacktestState.FAILED, "mine.py line 7: division by zero")
    assert main([*CROSS, "--url", world.url]) == 1
    assert "FAILED after 5.0 s: mine.py line 7: division by zero" in capsys.readouterr().out


def test_what_the_desk_refuses_of_a_field_is_wrong_usage(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*CROSS, "--url", world.url, "--commission", "5"]) == 2
    assert capsys.readouterr().err == "deskwatch: --commission: 5 is 500% of the price; give a fraction\n"


def test_ctrl_c_cancels_it(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    def presses(_: BacktestJob) -> None:
        assert world.looked.wait(20.0)
        interrupt_main()
        until = monotonic() + 20.0
        while not world.jobs.over() and monotonic() < until:
            sleep(0.1)
        if not world.jobs.over():  # it fell into a callback of the collector, where Python drops it: pressed again
            interrupt_main()

    world.then(presses)
    assert main([*CROSS, "--url", world.url]) == 130
    (job,) = world.jobs.over()
    assert job.state is BacktestState.CANCELLED
    assert f"CANCELLED {job.id}" in capsys.readouterr().out


def test_without_a_desk_it_says_where_it_looked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*CROSS, "--url", "http://127.0.0.1:1", "--data-dir", str(tmp_path)]) == 1
    assert "127.0.0.1:1" in capsys.readouterr().err
