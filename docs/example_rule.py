"""A rule of your own: a breakout. Long above the highest of the last 30 closes, out below the lowest of the last 15.

Try it on the paper desk: ``python -m sidecar serve --strategy docs/example_rule.py``. The same file runs in a backtest:
``python -m sidecar backtest --strategy docs/example_rule.py …``. It is no recommendation.
"""

from collections import deque
from math import nan

from sidecar.strategies.rules import ClosedBar, Stepper, stepped


class Rule:
    """What to hold after each closed bar: 1 is all of the size, 0 nothing, -1 short of it, NaN as it is."""

    name = "breakout"
    needs_model = False

    def stepper(self) -> Stepper:
        """A fresh run: what it remembers stands in here, so that no two runs share it."""
        closes: deque[float] = deque(maxlen=30)
        target = nan

        def step(bar: ClosedBar) -> float:
            nonlocal target
            if len(closes) == 30:
                if bar.close > max(closes):
                    target = 1.0
                elif bar.close < min(list(closes)[-15:]):
                    target = 0.0
            closes.append(bar.close)
            return target

        return step

    batch = stepped
