from __future__ import annotations

from contextlib import suppress
from datetime import date
from decimal import Decimal
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from sidecar.backtest.asking import LEAST_TRAINED, Known, checked
from sidecar.domain.backtests import BacktestRequest, Engine, Instrument, Mode, Source, StrategyLine
from sidecar.domain.errors import InputError
from sidecar.learning.dataset import LEAST_SESSIONS
from sidecar.reference import load_reference

BOTH = (Engine.VECTORISED, Engine.EVENT)
LINES = (
    StrategyLine("sma_cross", "SMA cross", "", BOTH, {"fast": 20.0, "slow": 50.0}),
    StrategyLine("ml_only", "Model alone", "", BOTH, {"threshold": 0.5}, needs_model=True),
    StrategyLine("iron_condor", "Iron condor", "", (Engine.EVENT,), {"width": 2.0}),
    StrategyLine("of_arrays", "Of arrays", "", (Engine.VECTORISED,), {}),
)
KNOWN = Known(
    symbols=("NIFTY", "BANKNIFTY"),
    strategies={line.name: line for line in LINES},
    calendar=load_reference().calendar("NSE"),
    today=date(2026, 11, 20),
    first=date(2025, 1, 6),
    last=date(2026, 11, 19),
    models=("m1", "m2"),
)
GOOD = BacktestRequest(("NIFTY",), "sma_cross", date(2025, 2, 3), date(2025, 6, 30))
ML = replace(GOOD, strategy="ml_only")
CONDOR = replace(GOOD, strategy="iron_condor")


def refused(request: BacktestRequest, known: Known = KNOWN) -> InputError:
    with pytest.raises(InputError) as problem:
        checked(request, known)
    assert "\n" not in str(problem.value)
    assert problem.value.remedy
    return problem.value


@pytest.mark.parametrize(
    "request_",
    [
        GOOD,
        ML,
        CONDOR,
        replace(ML, model_id="m1", retrain_frequency_days=100, train_window_days=1),
        replace(ML, mode=Mode.FIXED_WINDOW, retrain_frequency_days=100),
        replace(GOOD, symbols=("NIFTY", "BANKNIFTY"), commission=0.05, slippage=0.0, engine=Engine.EVENT),
        replace(GOOD, parameters={"fast": 10.0}, sweep={"slow": (30.0, 40.0)}),
        replace(GOOD, instrument=Instrument.ATM_OPTIONS, source=Source.ARCHIVE),
        replace(CONDOR, engine=Engine.EVENT, source=Source.ARCHIVE),
        # A weekend before the first day of the data is not outside of them.
        replace(GOOD, start_date=date(2025, 1, 4), end_date=date(2025, 1, 6)),
        replace(GOOD, end_date=date(2026, 11, 19)),
    ],
)
def test_what_can_be_is_left_as_it_is(request_: BacktestRequest) -> None:
    assert checked(request_, KNOWN) == request_


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"symbols": ()}, "symbols", "there is none; give one or more of NIFTY, BANKNIFTY"),
        ({"symbols": ("NIFTY", "nifty")}, "symbols", "'nifty' has no data; use NIFTY, BANKNIFTY"),
        ({"symbols": ("NIFTY", "NIFTY")}, "symbols", "NIFTY stands twice"),
        ({"strategy": "magic"}, "strategy", "'magic' is not known; use sma_cross, ml_only, iron_condor, of_arrays"),
        ({"strategy": "mine.py"}, "strategy", "is not known"),
        ({"start_date": date(2025, 7, 1)}, "start_date", "2025-07-01 is after end_date 2025-06-30; swap them"),
        ({"start_date": date(2025, 1, 3)}, "start_date", "there are data from 2025-01-06 to 2026-11-19"),
        ({"end_date": date(2026, 11, 20)}, "end_date", "there are data from 2025-01-06 to 2026-11-19"),
        ({"end_date": date(2026, 11, 21)}, "end_date", "2026-11-21 has not been; today is 2026-11-20"),
        ({"end_date": date(2199, 1, 1)}, "end_date", "2199-01-01 is outside the exchange's calendar"),
        ({"start_date": date(1970, 1, 1)}, "start_date", "1970-01-01 is outside the exchange's calendar"),
        ({"start_date": date(2025, 2, 8), "end_date": date(2025, 2, 9)}, "start_date", "there is no trading day from"),
        *(
            ({"initial_capital": Decimal(amount)}, "initial_capital", "is no money to begin with")
            for amount in ("0", "-1", "NaN", "sNaN", "Infinity", "1E+13")
        ),
        ({"commission": 0.3}, "commission", "0.3 is 30% of the price: a percentage by mistake?"),
        ({"slippage": 3.0}, "slippage", "0.03 for 3 %"),
        ({"commission": -0.1}, "commission", "is no cost"),
        ({"slippage": nan}, "slippage", "is no cost"),
        ({"commission": inf}, "commission", "percentage"),
        ({"train_window_days": 0}, "train_window_days", "0 trading days are no window; give 1 to 2,000"),
        ({"test_window_days": 2001}, "test_window_days", "2001 trading days"),
        ({"retrain_frequency_days": -5}, "retrain_frequency_days", "-5 trading days"),
        ({"seed": -1}, "seed", "-1 is no seed"),
        ({"seed": 2**31}, "seed", "is no seed"),
        ({"model_id": "m1"}, "model_id", "sma_cross looks at no model"),
        ({"instrument": Instrument.ATM_OPTIONS, "source": Source.BARS}, "source", "bars hold no prices of options"),
        ({"parameters": {"speed": 1.0}}, "parameters.speed", "it has fast, slow"),
        ({"parameters": {"fast": nan}}, "parameters.fast", "nan is not a number to go by"),
        ({"sweep": {"speed": (1.0,)}}, "sweep.speed", "has no such parameter"),
        ({"sweep": {"fast": ()}}, "sweep.fast", "it has no value to try"),
        ({"sweep": {"fast": (1.0, inf)}}, "sweep.fast", "inf is not a number"),
        ({"sweep": {"fast": (1.0, 1.0)}}, "sweep.fast", "a value stands twice"),
        ({"sweep": {"fast": (5.0,)}, "parameters": {"fast": 5.0}}, "sweep.fast", "it stands in parameters too"),
        (
            {"sweep": {"fast": tuple(map(float, range(101))), "slow": tuple(map(float, range(100)))}},
            "sweep",
            "10,100 combinations are more than 10,000",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_its_field_with_the_remedy(
    changed: dict[str, Any], field: str, words: str
) -> None:
    problem = refused(replace(GOOD, **changed))
    assert problem.field == field
    assert words in str(problem)


@pytest.mark.parametrize(
    ("request_", "field", "words"),
    [
        (replace(CONDOR, engine=Engine.VECTORISED), "engine", "it has no rule on bars; use auto, event"),
        (replace(GOOD, strategy="of_arrays", engine=Engine.EVENT), "engine", "use auto, vectorised"),
        (replace(GOOD, symbols=("NIFTY", "BANKNIFTY"), engine=Engine.VECTORISED), "engine", "one underlying, not 2"),
        (replace(CONDOR, instrument=Instrument.ATM_OPTIONS), "instrument", "iron_condor chooses its own contracts"),
        (replace(ML, instrument=Instrument.ATM_OPTIONS), "instrument", "ml_only looks at a model"),
        (replace(CONDOR, source=Source.BARS), "source", "bars hold no prices of them; use archive or auto"),
        (replace(CONDOR, model_id="m1"), "model_id", "looks at no model"),
        (replace(ML, model_id="m9"), "model_id", "use m1, m2, or leave it away to train one for each window"),
        (replace(ML, train_window_days=14), "train_window_days", "14 sessions are too few to learn from; give 15"),
        (replace(ML, retrain_frequency_days=21), "retrain_frequency_days", "21 is more than test_window_days 20"),
    ],
)
def test_what_does_not_fit_together_is_refused(request_: BacktestRequest, field: str, words: str) -> None:
    problem = refused(request_)
    assert problem.field == field
    assert words in str(problem)


def test_the_first_wrong_field_is_told() -> None:
    wrong = replace(
        GOOD, symbols=(), strategy="magic", start_date=date(2026, 1, 1), initial_capital=Decimal(0), commission=1.0,
        train_window_days=0, seed=-1, sweep={"x": ()},
    )  # fmt: skip
    mended: list[tuple[str, Any]] = [
        ("symbols", ("NIFTY",)), ("strategy", "sma_cross"), ("start_date", date(2025, 3, 3)),
        ("initial_capital", Decimal(1)), ("commission", None), ("train_window_days", 5), ("seed", 1), ("sweep.x", {}),
    ]  # fmt: skip
    for field, good in mended:
        assert refused(wrong).field == field
        wrong = replace(wrong, **{field.partition(".")[0]: good})
    assert checked(wrong, KNOWN) == wrong


def test_a_file_may_be_given_where_the_caller_says_so() -> None:
    mine = replace(GOOD, strategy="mine.py")
    assert checked(mine, KNOWN._replace(files=True)) == mine
    assert "or a FILE.py" in str(refused(replace(GOOD, strategy="mine"), KNOWN._replace(files=True)))
    assert refused(replace(mine, engine=Engine.VECTORISED), KNOWN._replace(files=True)).field == "engine"
    assert refused(replace(mine, parameters={"a": 1.0}), KNOWN._replace(files=True)).field == "parameters.a"


def test_where_nobody_has_looked_at_the_data_the_calendar_alone_decides() -> None:
    blind = KNOWN._replace(first=None, last=None, models=None)
    early = replace(GOOD, start_date=date(2024, 1, 1))
    assert checked(early, blind) == early
    assert checked(replace(ML, model_id="anything"), blind).model_id == "anything"
    assert refused(GOOD, KNOWN._replace(symbols=())).field == "symbols"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"symbols": "NIFTY"}, "symbols"),
        ({"start_date": "2025-01-01T09:15:00"}, "start_date"),
        ({"commission": "0.3"}, "commission"),
        ({"seed": 1.5}, "seed"),
        ({"mode": "backwards"}, "mode"),
        ({"sweep": {"fast": 3}}, "sweep[...]"),
        ({"parameters": object()}, "request"),
    ],
)
def test_words_of_another_type_are_refused_and_not_converted(changed: dict[str, Any], field: str) -> None:
    assert refused(replace(GOOD, **changed)).field == field


def test_the_fewest_sessions_are_those_that_the_training_asks_for() -> None:
    assert LEAST_TRAINED == LEAST_SESSIONS


texts = st.text(max_size=5)
numbers = st.floats() | st.integers(-(10**6), 10**6)


@settings(max_examples=80)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "symbols": st.lists(st.sampled_from(["NIFTY", "BANKNIFTY", ""]) | texts, max_size=3).map(tuple),
            "strategy": st.sampled_from(list(KNOWN.strategies)) | texts,
            "start_date": st.dates(),
            "end_date": st.dates(),
            "initial_capital": st.decimals(),
            "commission": numbers | st.none(),
            "slippage": numbers,
            "mode": st.sampled_from(Mode),
            "train_window_days": st.integers(),
            "retrain_frequency_days": st.integers(-1, 50),
            "engine": st.sampled_from(Engine),
            "source": st.sampled_from(Source),
            "seed": st.integers(),
            "sweep": st.dictionaries(st.sampled_from(["fast", "slow"]) | texts, st.lists(st.floats(), max_size=3)),
        },
    )
)
def test_any_request_is_taken_or_refused_and_fails_in_no_other_way(changed: dict[str, Any]) -> None:
    with suppress(InputError):
        checked(replace(GOOD, **changed), KNOWN)
