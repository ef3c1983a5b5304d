from __future__ import annotations

import json
from typing import Any

import pytest

from sidecar.domain.backtests import BacktestRequest
from sidecar.servers.backtest_body import BacktestBody
from sidecar.servers.bodies import parsed
from sidecar.servers.examples_backtests import RUN_ASKED
from sidecar.servers.problems import Problem


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"symbols": []}, "symbols"),
        ({"symbols": ["../x"]}, "symbols.0"),
        ({"symbols": ["NIFTY"] * 11}, "symbols"),
        ({"strategy": "../own.py"}, "strategy"),
        ({"strategy": "/etc/passwd"}, "strategy"),
        ({"start_date": "2025-02-30"}, "start_date"),
        ({"start_date": "2025-08-01T09:15:00"}, "start_date"),
        ({"end_date": 20250801}, "end_date"),
        ({"end_date": "2025-W01-1"}, "end_date"),
        ({"initial_capital": 0}, "initial_capital"),
        ({"initial_capital": "NaN"}, "initial_capital"),
        ({"model_id": "../m"}, "model_id"),
        ({"commission": "0.1"}, "commission"),
        ({"commission": 1e400}, "commission"),
        ({"mode": "walk"}, "mode"),
        ({"engine": "fast"}, "engine"),
        ({"train_window_days": 0}, "train_window_days"),
        ({"test_window_days": 1.5}, "test_window_days"),
        ({"seed": True}, "seed"),
        ({"parameters": {"fast": True}}, "parameters.fast"),
        ({"parameters": {"Fast!": 1}}, "parameters.Fast!"),
        ({"sweep": {"fast": []}}, "sweep.fast"),
        ({"sweep": {"fast": [1, "2"]}}, "sweep.fast.1"),
        ({"strategy_file": "own.py"}, "strategy_file"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_field(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(Problem) as refused:
        parsed(json.dumps(RUN_ASKED | wrong).encode(), BacktestBody)
    assert refused.value.status_code == 422
    assert [row["field"] for row in refused.value.extra["errors"]] == [field]


def test_every_field_of_a_request_can_be_asked_for_and_has_the_same_default() -> None:
    made = parsed(json.dumps(RUN_ASKED).encode(), BacktestBody).request()
    bare = BacktestRequest(made.symbols, made.strategy, made.start_date, made.end_date, parameters=made.parameters)
    assert made == bare
    assert set(BacktestBody.model_fields) == set(BacktestRequest.__struct_fields__)


@pytest.mark.parametrize("name", ["symbols", "strategy", "start_date", "end_date"])
def test_what_has_to_be_said_is_missed_by_its_name(name: str) -> None:
    left = {key: value for key, value in RUN_ASKED.items() if key != name}
    with pytest.raises(Problem) as refused:
        parsed(json.dumps(left).encode(), BacktestBody)
    assert refused.value.extra["errors"] == [{"field": name, "problem": "is missing"}]
