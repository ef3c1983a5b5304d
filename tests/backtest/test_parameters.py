from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given as holds
from hypothesis import strategies as st
from msgspec.structs import replace

from sidecar.backtest.parameters import MOST_TRIALS, given, listed, swept
from sidecar.domain.backtests import BacktestRequest, Engine, StrategyLine
from sidecar.domain.errors import InputError

LINE = StrategyLine("s", "S", "", (Engine.EVENT,), {"a": 1.0, "b": 2.0, "c": 3.0})
REQUEST = BacktestRequest(("NIFTY",), "s", date(2025, 1, 6), date(2025, 1, 7))


@holds(st.fixed_dictionaries({}, optional={name: st.integers(1, 60) for name in LINE.parameters}))
def test_a_sweep_is_refused_by_how_many_combinations_it_has(sizes: dict[str, int]) -> None:
    sweep = {name: tuple(map(float, range(size))) for name, size in sizes.items()}
    trials = 1
    for size in sizes.values():
        trials *= size
    asked = replace(REQUEST, sweep=sweep)
    if trials <= MOST_TRIALS:
        swept(asked, LINE)
    else:
        with pytest.raises(InputError, match=f"{trials:,} combinations are more than 10,000"):
            swept(asked, LINE)


def test_no_sweep_and_no_parameters_are_fine_with_any_strategy() -> None:
    for line in (LINE, replace(LINE, parameters={})):
        given(REQUEST, line)
        swept(REQUEST, line)
    with pytest.raises(InputError, match=r"parameters\.a: s has no such parameter; it has none"):
        given(replace(REQUEST, parameters={"a": 1.0}), replace(LINE, parameters={}))


def test_a_long_list_names_its_first() -> None:
    assert listed([]) == ""
    assert listed("abc") == "a, b, c"
    assert listed(map(str, range(23))).endswith("18, 19 and 3 more")
