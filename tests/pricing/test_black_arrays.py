"""Arrays of any shape, in any memory: each option is valued as if it were alone; and what is refused by name."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sidecar.pricing.black import Greeks, greeks, price

FIELDS = ("forward", "strike", "time", "volatility", "rate", "spot")


def chain(seed: int, n: int) -> dict[str, Any]:
    """`n` unlike options, deep and near, both rights mixed, with a spot each."""
    draw = np.random.default_rng(seed)
    forward, time = draw.uniform(50, 150, n), 10 ** draw.uniform(-6, 1, n)
    return {
        "forward": forward,
        "strike": forward * np.exp(draw.normal(0, 0.3, n)),
        "time": time,
        "volatility": 10 ** draw.uniform(-2, 0.5, n),
        "rate": draw.uniform(-0.05, 0.2, n),
        "spot": forward * np.exp(-draw.uniform(-0.1, 0.1, n) * time),
        "call": draw.random(n) < 0.5,
    }


@given(st.integers(0, 1000), st.integers(1, 70), st.booleans())
@settings(deadline=None)
def test_an_option_is_worth_the_same_alone_and_in_any_place_of_an_array(seed: int, n: int, with_spot: bool) -> None:
    options = chain(seed, n)
    if not with_spot:
        del options["spot"]
    together = np.array(greeks(**options))
    backwards = np.array(greeks(**{name: each[::-1] for name, each in options.items()}))
    np.testing.assert_array_equal(together, backwards[:, ::-1])
    at = seed % n
    alone = greeks(**{name: each[at] for name, each in options.items()})
    np.testing.assert_array_equal(together[:, at], np.array(alone))


@given(st.integers(0, 1000), st.sampled_from(FIELDS), st.integers(1, 40))
@settings(deadline=None)
def test_a_nan_stays_in_its_own_place(seed: int, name: str, n: int) -> None:
    options = chain(seed, n)
    whole = np.array(greeks(**options))
    options[name][seed % n] = np.nan
    found = np.array(greeks(**options))
    others = np.arange(n) != seed % n
    np.testing.assert_array_equal(found[:, others], whole[:, others])
    lost = np.isnan(found[:, seed % n])
    named = dict(zip(Greeks._fields, lost, strict=True))
    if name == "spot":  # price and vega know no spot
        assert named["delta"]
        assert named["gamma"]
        assert named["theta"]
    else:
        assert all(lost)


SHAPES = hnp.mutually_broadcastable_shapes(num_shapes=6, max_dims=3, max_side=4, min_side=0)


@given(SHAPES, st.integers(0, 100))
@settings(deadline=None)
def test_any_shapes_broadcast_as_numpy_does(shapes: Any, seed: int) -> None:
    flat = chain(seed, 64)
    names = ("forward", "strike", "time", "volatility", "rate", "call")
    options = {
        name: flat[name][: int(np.prod(shape))].reshape(shape)
        for name, shape in zip(names, shapes.input_shapes, strict=True)
    }
    found = greeks(**options)
    lengths = {name: np.broadcast_to(each, shapes.result_shape) for name, each in options.items()}
    whole: dict[str, Any] = {name: np.ascontiguousarray(each) for name, each in lengths.items()}
    for each, other in zip(found, greeks(**whole), strict=True):
        assert isinstance(each, np.ndarray)
        assert each.dtype == np.float64
        assert each.shape == shapes.result_shape
        np.testing.assert_array_equal(each, other)
    options["discount"], whole["discount"] = 1 + options.pop("rate"), 1 + whole.pop("rate")
    value = price(**options)
    assert value.shape == shapes.result_shape
    np.testing.assert_array_equal(value, price(**whole))


@pytest.mark.parametrize("view", ["strided", "backwards", "transposed", "read-only", "big-endian"])
def test_how_an_array_lies_in_memory_does_not_matter_and_inputs_are_not_written(view: str) -> None:
    ways: dict[str, Any] = {
        "strided": lambda a: np.repeat(a, 2, axis=1)[:, ::2],
        "backwards": lambda a: a[::-1, ::-1].copy()[::-1, ::-1],
        "transposed": lambda a: a.T.copy().T,
        "read-only": lambda a: np.frombuffer(a.tobytes(), a.dtype).reshape(a.shape),
        "big-endian": lambda a: a.astype(a.dtype.newbyteorder(">")),
    }
    plain = {name: each.reshape(6, 7) for name, each in chain(5, 42).items()}
    kept = {name: each.copy() for name, each in plain.items()}
    shaped = {name: ways[view](each) for name, each in plain.items()}
    np.testing.assert_array_equal(np.array(greeks(**shaped)), np.array(greeks(**plain)))
    for name, each in kept.items():
        np.testing.assert_array_equal(plain[name], each)


def test_whole_numbers_lists_and_single_precision_are_taken_as_the_numbers_they_are() -> None:
    expected = greeks(100.0, [90.0, 110.0], 1.0, 2.0, 0.0, call=[True, False], spot=100.0)
    for kind in (int, np.int32, np.int64, np.uint8, np.float32):
        strikes = np.array([90, 110], dtype=kind)
        found = greeks(kind(100), strikes, kind(1), kind(2), kind(0), call=[True, False], spot=kind(100))
        np.testing.assert_array_equal(np.array(found), np.array(expected))


@pytest.mark.parametrize("name", ["strike", "time", "volatility", "rate", "spot", "call"])
def test_shapes_that_do_not_fit_each_other_are_refused(name: str) -> None:
    options = chain(1, 4)
    options[name] = options[name][:3]
    with pytest.raises(ValueError, match="shape"):
        greeks(**options)


@given(st.integers(0, 1000), hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5), st.booleans())
@settings(deadline=None)
def test_out_is_filled_with_the_same_numbers_and_is_what_is_given_back(
    seed: int, shape: tuple[int, ...], with_spot: bool
) -> None:
    size = int(np.prod(shape))
    options = {name: each[:size].reshape(shape) for name, each in chain(seed, 125).items()}
    if not with_spot:
        del options["spot"]
    expected = greeks(**options)
    out = Greeks(*(np.full(shape, -1.0) for _ in Greeks._fields))
    found = greeks(**options, out=out)
    for each, filled, same in zip(found, out, expected, strict=True):
        assert np.shares_memory(each, filled) or size == 0
        np.testing.assert_array_equal(filled, same)
    plain = {name: options[name] for name in ("forward", "strike", "time", "volatility", "call")}
    value = np.full(shape, -1.0)
    assert np.shares_memory(price(**plain, out=value), value) or size == 0
    np.testing.assert_array_equal(value, price(**plain))


def test_out_may_be_one_of_the_inputs() -> None:
    options = chain(3, 50)
    expected = greeks(**options)
    out = Greeks(options["strike"], *(np.empty(50) for _ in range(8)))
    for found, same in zip(greeks(**options, out=out), expected, strict=True):
        np.testing.assert_array_equal(found, same)


WRONG: dict[str, Any] = {
    "shape": np.empty(3),
    "broadcast": np.empty((1, 4)),
    "type": np.empty(4, np.float32),
    "order": np.empty(8)[::2],
    "read-only": np.frombuffer(np.zeros(4).tobytes()),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_an_out_that_cannot_be_written_as_it_is_is_refused_by_name(wrong: str) -> None:
    options = chain(1, 4)
    bad = WRONG[wrong]
    with pytest.raises(ValueError, match=r"^out must be"):
        greeks(**options, out=Greeks(*[np.empty(4) for _ in range(9)])._replace(charm=bad))
    del options["rate"], options["spot"]
    with pytest.raises(ValueError, match=r"^out must be"):
        price(**options, out=bad)


@pytest.mark.parametrize("name", ["forward", "strike", "time", "volatility", "spot"])
def test_one_bad_number_anywhere_in_a_long_array_is_found(name: str) -> None:
    for at in (0, 1, 998, 1002):
        options = chain(2, 1003)
        options[name][at] = -1e-9
        with pytest.raises(ValueError, match=rf"^{name} must be"):
            greeks(**options)
        options[name][at - 7] = np.nan
        with pytest.raises(ValueError, match=rf"^{name} must be"):
            greeks(**options)


@pytest.mark.parametrize("bad", [0.0, -1.0, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["forward", "strike", "time", "volatility", "rate", "spot"])
def test_an_argument_out_of_its_domain_is_refused_by_name(name: str, bad: float) -> None:
    arguments: dict[str, Any] = {
        "forward": 100.0,
        "strike": 100.0,
        "time": 1.0,
        "volatility": 0.2,
        "rate": 0.05,
        "spot": 100.0,
    }
    given = arguments | {name: np.array([1.0, np.nan, bad])}
    if (bad == 0 and name not in ("forward", "spot")) or (bad == -1 and name == "rate"):
        assert np.all(np.isfinite(np.array(greeks(**given, call=True))[:3, ::2]) | (bad == 0))
        return
    with pytest.raises(ValueError, match=rf"^{name} must be"):
        greeks(**given, call=True)
    if name in ("forward", "strike", "time", "volatility"):
        given = {each: given[each] for each in ("forward", "strike", "time", "volatility")}
        with pytest.raises(ValueError, match=rf"^{name} must be"):
            price(**given, call=True)


@pytest.mark.parametrize("bad", [0.0, -0.5, np.inf])
def test_an_impossible_discount_is_refused_by_name(bad: float) -> None:
    with pytest.raises(ValueError, match=r"^discount must be above 0"):
        price(100.0, 100.0, 1.0, 0.2, bad, call=True)


@pytest.mark.parametrize("call", ["c", 1, [1.0, 0.0], None])
def test_a_call_flag_that_is_not_boolean_is_refused(call: Any) -> None:
    with pytest.raises(TypeError, match=r"^call must be boolean"):
        price(100.0, 100.0, 1.0, 0.2, call=call)
    with pytest.raises(TypeError, match=r"^call must be boolean"):
        greeks(100.0, 100.0, 1.0, 0.2, 0.05, call=call)
