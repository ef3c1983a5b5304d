from __future__ import annotations

from math import inf, nan

import pytest

from sidecar.domain.backtests import Engine
from sidecar.domain.errors import InputError
from sidecar.strategies.bar_strategy import BarStrategy
from sidecar.strategies.catalogue import CATALOGUE, PARAMETERS, parameters_of

ON_BARS = {"ml_only", "technical_only", "combined", "conservative", "aggressive", "sma_cross", "buy_and_hold"}
ON_CHAINS = {"demo", "short_strangle", "iron_condor"}


def test_every_strategy_of_the_table_stands_in_it_once_under_its_own_name() -> None:
    assert set(CATALOGUE) == set(PARAMETERS) == ON_BARS | ON_CHAINS
    assert all(name == entry.line.name for name, entry in CATALOGUE.items())
    assert all(entry.line.title and entry.line.description.endswith((".", ").")) for entry in CATALOGUE.values())


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_name_makes_strategies_for_a_fund_and_an_underlying_that_bear_it(name: str) -> None:
    (made,) = CATALOGUE[name].make("second", "BANKNIFTY", {})
    assert made.name == name
    assert isinstance(made, BarStrategy) is (name in ON_BARS)


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_rule_on_bars_runs_on_both_engines_and_what_reads_the_chain_on_one(name: str) -> None:
    entry = CATALOGUE[name]
    expected = (Engine.VECTORISED, Engine.EVENT) if name in ON_BARS else (Engine.EVENT,)
    assert entry.line.engines == expected
    assert (entry.rule is not None) is (name in ON_BARS)
    if entry.rule is not None:
        rule = entry.rule({})
        assert (rule.name, rule.needs_model) == (name, entry.line.needs_model)


@pytest.mark.parametrize("name", CATALOGUE)
def test_what_is_not_given_is_at_its_default_which_is_within_its_range(name: str) -> None:
    assert parameters_of(name, {}) == CATALOGUE[name].line.parameters
    assert parameters_of(name, CATALOGUE[name].line.parameters) == parameters_of(name, {})
    assert next(iter(parameters_of(name, {}))) == "lots"
    given = parameters_of(name, {"lots": 3})
    assert given == {**parameters_of(name, {}), "lots": 3.0}


def test_careful_asks_for_more_and_is_smaller_than_combined_and_eager_the_other_way_round() -> None:
    careful, plain, eager = (parameters_of(name, {}) for name in ("conservative", "combined", "aggressive"))
    for name in ("threshold", "band", "voices"):
        assert careful[name] >= plain[name] >= eager[name]
    assert careful["threshold"] > plain["threshold"] > eager["threshold"]
    assert careful["lots"] < plain["lots"] < eager["lots"]


@pytest.mark.parametrize(
    ("name", "given", "told"),
    [
        ("sma_cross", {"lenght": 3}, "parameters.lenght: sma_cross has no such parameter; it has lots, fast,"),
        ("demo", {"delta": 0.1}, "parameters.delta: demo has no such parameter; it has lots"),
        ("sma_cross", {"fast": 0}, "parameters.fast: 0 is not a whole number from 1 to 1000; leave it away for 20"),
        ("sma_cross", {"fast": 2.5}, "parameters.fast: 2.5 is not a whole number from 1 to 1000; leave it away for 20"),
        ("sma_cross", {"fast": 60}, "parameters.fast: fast 60 is not below slow, 50; give fast below slow"),
        ("sma_cross", {"slow": 20}, "parameters.slow: fast 20 is not below slow, 20; give fast below slow"),
        ("sma_cross", {"lots": nan}, "parameters.lots: nan is not a whole number from 1 to 1000; leave it away for 1"),
        ("sma_cross", {"lots": -1}, "parameters.lots: -1 is not"),
        ("sma_cross", {"slow": inf}, "parameters.slow: inf is not"),
        ("sma_cross", {"short": 2}, "parameters.short: 2 is not"),
        ("ml_only", {"threshold": 40}, "parameters.threshold: 40 is not a number from 0 to 0.999; leave it away"),
        ("technical_only", {"oversold": 70}, "parameters.oversold: oversold 70 is not below overbought, 70"),
        ("short_strangle", {"delta": 0.5}, "parameters.delta: delta 0.5 is not below roll, 0.4"),
        ("short_strangle", {"roll": 0.1}, "parameters.roll: delta 0.2 is not below roll, 0.1"),
        ("iron_condor", {"wing": 0.2}, "parameters.wing: wing 0.2 is not below delta, 0.2; give wing below delta"),
        ("martingale", {}, "strategy: 'martingale' is not known; use demo, buy_and_hold, "),
    ],
)  # fmt: skip
def test_what_it_cannot_be_is_refused_with_what_it_can(name: str, given: dict[str, float], told: str) -> None:
    with pytest.raises(InputError) as caught:
        parameters_of(name, given)
    assert str(caught.value).startswith(told)
    if name in CATALOGUE:
        with pytest.raises(InputError):
            CATALOGUE[name].make("main", "NIFTY", given)


@pytest.mark.parametrize("name", CATALOGUE)
def test_at_either_end_of_every_range_a_strategy_can_be_made(name: str) -> None:
    for key, row in PARAMETERS[name].items():
        for value in (row.least, row.most):
            try:
                parameters_of(name, {key: value})
            except InputError as error:
                assert "is not below" in str(error)  # noqa: PT017  only an order of two may be wrong
                continue
            assert CATALOGUE[name].make("main", "NIFTY", {key: value})
