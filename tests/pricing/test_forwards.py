import numpy as np
import pytest

from sidecar.pricing.curve import ImpliedForward
from sidecar.pricing.forwards import ForwardSource, forwards

NONE = ImpliedForward(np.nan, np.nan, 0)


def parity(forward: float, error: float = 0.1) -> ImpliedForward:
    return ImpliedForward(forward, error, 10)


def test_each_expiry_has_the_best_forward_that_it_can_have() -> None:
    found = forwards(
        [0.1, 0.2, 0.3, 0.4],
        [parity(101.0), parity(102.0), parity(103.0, error=9.0), NONE],
        100.0,
        future=[np.nan, 102.5, np.nan, np.nan],
        future_error=0.02,
        widest=0.02,
    )
    sources = [ForwardSource(each).name for each in found.source]
    assert sources == ["PARITY", "FUTURE", "CARRY", "CARRY"]
    assert found.forward[:2].tolist() == [101.0, 102.5]
    assert found.standard_error[:2].tolist() == [0.1, 0.02]


def test_between_known_expiries_the_carry_is_linear_and_beyond_the_last_it_goes_on() -> None:
    growth = 0.06
    known = [parity(100 * np.exp(growth * t), 0.01) for t in (0.1, 0.3)]
    found = forwards([0.05, 0.1, 0.2, 0.3, 1.0], [NONE, known[0], NONE, known[1], NONE], 100.0)
    np.testing.assert_allclose(found.forward, 100 * np.exp(growth * np.array([0.05, 0.1, 0.2, 0.3, 1.0])), rtol=1e-12)
    assert found.standard_error[2] < 0.011 < found.standard_error[4]


def test_neighbours_that_disagree_make_the_carried_forward_unsure() -> None:
    alike = forwards([0.1, 0.2, 0.3], [parity(101.0), NONE, parity(103.0)], 100.0)
    apart = forwards([0.1, 0.2, 0.3], [parity(101.0), NONE, parity(108.0)], 100.0)
    assert apart.standard_error[1] > alike.standard_error[1] + 1.0


def test_without_a_spot_two_expiries_carry_the_rest_and_one_does_not() -> None:
    found = forwards([0.1, 0.2, 0.3], [parity(101.0), parity(102.0), NONE], np.nan)
    assert found.forward[2] == pytest.approx(102.0**2 / 101.0)
    alone = forwards([0.1, 0.2], [parity(101.0), NONE], np.nan)
    assert alone.source.tolist() == [ForwardSource.PARITY, ForwardSource.MISSING]
    assert np.isnan(alone.forward[1])


def test_where_no_expiry_says_anything_the_rate_does_and_without_one_nothing() -> None:
    found = forwards([0.5], [NONE], 100.0, rate=0.06)
    assert found.forward[0] == pytest.approx(100 * np.exp(0.03))
    assert ForwardSource(found.source[0]) is ForwardSource.RATE
    assert np.isnan(found.standard_error[0])
    assert ForwardSource(forwards([0.5], [NONE], 100.0).source[0]) is ForwardSource.MISSING
    assert forwards([], [], 100.0).forward.size == 0


def test_a_future_that_has_no_price_is_no_forward() -> None:
    found = forwards([0.1, 0.2], [parity(101.0), NONE], 100.0, future=[0.0, np.inf])
    assert found.source.tolist() == [ForwardSource.PARITY, ForwardSource.CARRY]


def test_columns_of_forwards_that_do_not_fit_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"^years must be 1-D"):
        forwards([0.1, 0.2], [NONE], 100.0)
    with pytest.raises(ValueError, match=r"^years must ascend"):
        forwards([0.2, 0.1], [NONE, NONE], 100.0)
