import sys
from typing import Any

import numpy as np
import pytest

from sidecar.pricing import black, compiling, grid
from sidecar.pricing.bands import Band
from sidecar.pricing.implied import implied_volatility
from sidecar.pricing.surface_fit import fit
from sidecar.pricing.warming import warm

K = np.linspace(80.0, 120.0, 12)


def compiled() -> dict[str, list[Any]]:
    """The signatures of every kernel, by file and name."""
    rooms = [room for name, room in sys.modules.items() if name.startswith("sidecar.pricing.")]
    return {
        f"{room.__name__}.{name}": list(each.signatures)
        for room in rooms
        for name, each in vars(room).items()
        if hasattr(each, "signatures")
    }


@pytest.fixture
def before() -> dict[str, list[Any]]:
    warm()
    return compiled()


def views(options: dict[str, Any]) -> list[dict[str, Any]]:
    """The same options in the forms in which arrays come: as they are, read-only, strided, in two dimensions."""
    frozen = {name: each.copy() for name, each in options.items()}
    for each in frozen.values():
        each.setflags(write=False)
    strided = {name: np.repeat(each, 2)[::2] for name, each in options.items()}
    square = {name: each.reshape(3, 4).T for name, each in options.items()}
    integers = options | {"strike": options["strike"].astype(np.int64)}
    return [options, frozen, strided, square, integers]


def book() -> dict[str, Any]:
    columns = {"forward": 100.0, "time": 0.25, "volatility": 0.2}
    made: dict[str, Any] = {name: np.full(K.size, each) for name, each in columns.items()}
    return made | {"strike": K, "call": K > 100.0}


def test_no_form_of_prices_and_greeks_is_compiled_later(before: dict[str, list[Any]]) -> None:
    chain = book() | {"forward": 100.0, "time": 0.25}
    single = {name: each[0] for name, each in book().items()}
    plain = {name: each.item() for name, each in single.items()}
    for given in (*views(book()), chain, single, plain, book() | {"strike": 90}):
        for rate in (0.05, given["time"]):
            for spot in (None, given["forward"], 99.0):
                black.greeks(**given, rate=rate, spot=spot)
            black.price(**given, discount=rate)
    assert compiled() == before


def test_no_form_of_implied_volatility_is_compiled_later(before: dict[str, list[Any]]) -> None:
    for given in (*views(book()), book() | {"forward": 100.0, "time": 0.25}):
        volatility = given.pop("volatility")
        implied_volatility(black.price(**given, volatility=volatility), **given)
    implied_volatility(3.0, 100.0, 100.0, 0.25, call=True)
    assert compiled() == before


def test_no_form_of_the_grid_is_compiled_later(before: dict[str, list[Any]]) -> None:
    moves = {"forward_factors": np.array([0.9, 1.1]), "vol_shifts": np.array([0.0, 0.01, 0.02])}
    sticky = np.full((K.size, 2), 0.2)
    for given in (*views(book())[:3], book() | {"volatility": sticky}, book() | {"volatility": sticky.T.copy().T}):
        grid.values(**given, discount=0.99, **moves)
        grid.totals(**given, discount=np.full(K.size, 0.99), quantity=np.arange(K.size), **moves)
    assert compiled() == before


def test_no_form_of_the_smile_s_fit_is_compiled_later(before: dict[str, list[Any]]) -> None:
    smile = 0.2 + 0.3 * np.log(K / 100.0) ** 2
    low, high = smile - 0.002, smile + 0.002
    full = [Band(years, 100.0, 0.01, 1.0, K, low, high) for years in (0.1, 0.5, 1.0)]
    sparse = Band(0.2, 100.0, 0.01, 1.0, K[4:8], low[4:8], high[4:8])
    cold = fit([full[0], sparse, *full[1:]])
    fit(full, cold)
    fit([Band(0.1, 100.0, 0.01, 1.0, K[::-1][::-1], low, high)], cold)
    assert compiled() == before


def test_it_says_so_once_before_it_compiles_and_says_nothing_where_all_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    warm(said.append)
    assert not said
    new = [compiling.compiled("kernels.py")(each) for each in (lambda x: x + 1.0, lambda x: x + 2.0)]
    monkeypatch.setattr("sidecar.pricing.warming._warm_fit", lambda: [each(1.0) for each in new])
    monkeypatch.setattr("sidecar.pricing.compiling._Kept.load_overload", lambda *_: None)
    monkeypatch.setattr("sidecar.pricing.compiling._Kept.save_overload", lambda *_: None)
    warm(said.append)
    assert said == ["compiling the pricing kernels, once; this takes about half a minute"]
