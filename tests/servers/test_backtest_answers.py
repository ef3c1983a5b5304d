"""The shapes of a backtest: what the example says, with ISO times, and a file that no spreadsheet runs."""

from __future__ import annotations

import csv
import io
import json
from datetime import date

from jsonschema_rs import validator_for
from msgspec.structs import replace

from sidecar.backtest.executed import Unfilled
from sidecar.backtest.result import Facts, assembled
from sidecar.domain import wire
from sidecar.domain.backtest_result import BacktestResult, Window
from sidecar.domain.backtests import BacktestRequest, Engine
from sidecar.servers import backtest_answers
from sidecar.servers.examples_backtests import JOB, RESULT
from sidecar.servers.shapes import plain, schema
from tests.backtest.runs import CALENDAR, fill, open_at, run_of
from tests.store.learnt import backtest

REQUEST = BacktestRequest(("NIFTY",), "sma_cross", date(2024, 1, 1), date(2024, 3, 1), sweep={"fast": (3.0, 5.0)})
WINDOW = Window(date(2024, 1, 1), date(2024, 1, 2), labels_to=open_at(0))


def made() -> BacktestResult:
    fills = (fill(1, "1000", open_at(0)), fill(-1, "990", open_at(1)))
    run = run_of(fills, (2e6, 2e6 - 10, 2e6 - 10))._replace(unfilled=(Unfilled(open_at(0), "F", 1, "margin"),))
    return assembled(REQUEST, run, Facts(Engine.VECTORISED, "by hand", True, CALENDAR, windows=(WINDOW,), draws=20))


def test_a_result_is_as_its_example_says_and_what_is_unknown_is_null() -> None:
    told = json.loads(wire.encode(backtest_answers.result(made())))
    wrong = [f"{list(one.instance_path)}: {one.message}" for one in validator_for(schema(RESULT)).iter_errors(told)]
    assert wrong == []
    assert told.keys() == plain(RESULT).keys()
    assert told["profit_factor"] == 0.0
    assert told["avg_win"] is None
    assert told["trades"][0]["opened_at"] == told["windows"][0]["labels_to"] == told["refused"][0]["first_at"]
    assert told["trades"][0]["opened_at"].endswith("+00:00")
    assert told["trades"][0]["net_pnl"] == -10
    assert told["equity_curve"][0].keys() == {"timestamp", "equity", "drawdown"}


def test_a_job_is_as_its_example_says_and_what_has_not_come_is_null() -> None:
    for job in (backtest(), backtest(started_at=0, ended_at=0, total_return=None)):
        told = json.loads(wire.encode(backtest_answers.job(job)))
        assert list(validator_for(schema(JOB)).iter_errors(told)) == []
        assert told.keys() == plain(JOB).keys()
    assert told["started_at"] is told["ended_at"] is told["total_return"] is None


def test_the_file_of_trades_is_csv_that_runs_nothing_and_keeps_every_digit() -> None:
    result = made()
    trades = tuple(replace(one, strategy="=HYPERLINK(1)", net_pnl=one.net_pnl) for one in result.trades)
    rows = list(csv.DictReader(io.StringIO(backtest_answers.table(replace(result, trades=trades)))))
    assert rows[0]["strategy"] == "'=HYPERLINK(1)"
    assert (rows[0]["net_pnl"], rows[0]["entry_price"], rows[0]["confidence"]) == ("-10", "1000.0", "")
    assert rows[0]["opened_at"].endswith("+00:00")
