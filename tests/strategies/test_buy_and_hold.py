import numpy as np

from sidecar.strategies.buy_and_hold import BuyAndHold
from sidecar.strategies.rules import ClosedBar


def test_it_wants_all_of_the_size_from_the_first_bar_on() -> None:
    assert BuyAndHold().batch({"close": np.array([3.0, 2.0, 1.0])}).tolist() == [1.0, 1.0, 1.0]
    assert BuyAndHold().stepper()(ClosedBar(0, 3.0)) == 1.0
