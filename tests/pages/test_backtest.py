"""Backtest: asked for by a form that says what is wrong where it is wrong, followed, believed or not, compared."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from streamlit.testing.v1 import AppTest

from sidecar.domain.backtests import BacktestState
from sidecar.servers.keys import Role
from tests.pages.conftest import Shown, click, words

Show = Callable[..., Shown]
HOSTILE = "<script>x</script> [y](javascript:z) :red[r]"


def opened(app: Shown, **query: str) -> AppTest:
    at = AppTest.from_file(str(app.root / "pages" / "backtest.py"), default_timeout=30)
    at.query_params.update(query)
    return at.run()


def test_what_is_asked_for_goes_out_whole_and_is_followed_until_it_is_cancelled(shown: Show) -> None:
    app = shown()
    at = opened(app, bt_from="2026-06-15", bt_to="2026-09-04", bt_slippage="0.01", bt_p_fast="5, 10")
    assert at.selectbox(key="bt_strategy").value == "sma_cross"
    assert "Long while \\<b\\>fast\\</b\\> is above" in words(at)
    assert at.button(key="bt-run").label == "Run 2 trials"
    click(at, "bt-run")
    (job,) = app.learnt.proved.jobs.standing()
    asked = job.request
    assert (asked.symbols, asked.start_date, asked.end_date) == (("NIFTY",), date(2026, 6, 15), date(2026, 9, 4))
    assert (asked.slippage, asked.commission, asked.sweep) == (0.0001, None, {"fast": (5.0, 10.0)})
    assert at.query_params["run"] in (job.id, [job.id])
    assert not at.exception
    click(at, f"bt-cancel-{job.id}")
    assert not app.learnt.proved.jobs.standing()


def test_what_cannot_be_asked_is_said_at_its_field_and_nothing_waits(shown: Show) -> None:
    app = shown()
    at = click(opened(app, bt_from="2026-01-05", bt_to="2026-09-04", bt_p_fast="ten"), "bt-run")
    assert "is not a number, nor several" in words(at)
    at.text_input(key="bt_p_fast").set_value("")
    click(at, "bt-run")
    assert "2026\\-01\\-05 is before the data begin; there are data from 2026\\-06\\-12" in words(at)
    assert not app.learnt.proved.jobs.standing()
    assert not at.exception


def test_who_may_not_run_one_sees_why(shown: Show) -> None:
    at = opened(shown(role=Role.VIEWER))
    assert at.button(key="bt-run").disabled
    assert at.button(key="bt-run").help == "Needs a trader's key"


def test_a_result_begins_with_what_makes_it_unbelievable_and_calls_simulated_data_simulated(shown: Show) -> None:
    app = shown()
    seen = {"cuts": 8, "changed": 3, "first": HOSTILE, "note": ""}
    name = app.learnt.proved.end(1, lookahead=seen, ended_early="tripped: daily loss")
    at = opened(app, bt_view="Result", run=name)
    assert not at.exception
    errors = [str(one.value) for one in at.error]
    assert "IT SEES THE FUTURE" in errors[0]
    assert "<script>" not in errors[0]
    assert "It stopped before the end of its data" in errors[1]
    told = words(at)
    assert "Lost ▼ −₹62,000 net on SIMULATED data" in told.replace("\\", "")
    assert "it holds 0, so nothing is shown" in told
    assert "Sharpe, a year −0.80 −4.10 to 2.60" in told
    opened(app, bt_view="Result", run=name)
    assert app.learnt.proved.read == 1  # some megabytes, read once for all who look


def test_a_failure_is_called_one_and_an_unknown_run_is_unknown(shown: Show) -> None:
    app = shown()
    name = app.learnt.proved.end(2, BacktestState.FAILED)
    assert "It failed:** no bar of that day" in words(opened(app, bt_view="Result", run=name))
    at = opened(app, bt_view="Result", run="B251124063009-abcdef")
    assert "This backtest is unknown" in words(at)
    at = opened(app, bt_view="Runs")
    assert at.dataframe[0].value["state"].to_list() == ["failed"]


def test_runs_are_compared_figure_by_figure_with_what_was_asked_differently(shown: Show) -> None:
    app = shown()
    config = {"symbols": ["NIFTY"], "parameters": {"fast": 10.0}}
    one = app.learnt.proved.end(1, config=config)
    two = app.learnt.proved.end(2, config={**config, "parameters": {"fast": 20.0}}, total_return=0.5)
    at = opened(app, bt_view="Compare", runs=f"{one},{two}")
    assert not at.exception
    beside, differs = (frame.value for frame in at.dataframe[:2])
    assert beside.iloc[0].to_list()[1:] == ["−3.10 %", "50.00 %"]
    assert differs["field"].to_list() == ["parameters.fast"]
    assert "SIMULATED" in words(at)


def test_without_a_key_nothing_is_invented(shown: Show) -> None:
    told = words(opened(shown(role=None)))
    assert "What can be tested is unknown" in told
    assert "Backtests are unknown" in told
