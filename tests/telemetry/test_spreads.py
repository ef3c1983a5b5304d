"""How wide options are quoted."""

from __future__ import annotations

import dataclasses
from math import nan
from typing import Any

import numpy as np
import pytest

from sidecar.domain.clock import SECOND
from sidecar.domain.contracts import Contract, Kind
from sidecar.domain.report import Chain
from sidecar.telemetry.spreads import Spreads
from tests.servers.desk import CALL, EMPTY, PUT, T0

INDEX = Contract("NIFTY", Kind.INDEX)


def chain(bid: list[float], ask: list[float], at: list[int]) -> Chain:
    columns: dict[str, Any] = {"bid": np.array(bid), "ask": np.array(ask), "at": np.array(at)}
    contracts = (INDEX, CALL, PUT)
    return dataclasses.replace(EMPTY, contracts=contracts, **columns)


def seen(*looks: tuple[Chain, int]) -> list[tuple[str, Any]]:
    told: list[tuple[str, Any]] = []
    spreads = Spreads(lambda values, symbol: told.append((symbol, values.tolist())))
    for one, now in looks:
        spreads.take(one, now)
    return told


def test_a_spread_is_over_its_mid_and_the_index_has_none() -> None:
    told = seen((chain([100.0, 99.0, 20.0], [101.0, 101.0, 20.0], [T0, T0, T0]), T0))
    assert told == [("NIFTY", [pytest.approx(0.02), 0.0])]


@pytest.mark.parametrize(("bid", "ask"), [(nan, 101.0), (99.0, nan), (0.0, 1.0), (102.0, 101.0), (99.0, np.inf)])
def test_a_market_with_one_side_or_crossed_has_none(bid: float, ask: float) -> None:
    assert seen((chain([1.0, bid, nan], [1.0, ask, nan], [T0, T0, T0]), T0)) == []


def test_only_quotes_newer_than_the_last_look_count_and_looks_are_seconds_apart() -> None:
    def at(*times: int) -> Any:
        return chain([1.0, 99.0, 19.0], [1.0, 101.0, 21.0], [T0, *times])

    later = T0 + 5 * SECOND
    told = seen((at(T0, T0), T0), (at(T0, T0 + 1), T0 + SECOND), (at(T0, T0 + 1), later), (at(T0, T0 + 1), later + 1))
    assert told == [("NIFTY", [pytest.approx(0.02), pytest.approx(0.1)]), ("NIFTY", [pytest.approx(0.1)])]
