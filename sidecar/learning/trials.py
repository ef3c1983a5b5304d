"""The ledger of a training: every fit that saw the data is a line, and a test block is opened once."""

from __future__ import annotations

from collections import Counter


class ReadTwice(RuntimeError):
    """A test block was asked for a second time: whatever is chosen after that, it has been chosen on the test."""


class Ledger:
    """Counts fits by what they were for, and the test blocks that were read.

    >>> ledger = Ledger()
    >>> ledger.fitted("fold", 5)
    >>> ledger.read_test(0)
    >>> ledger.trials
    5
    """

    def __init__(self) -> None:
        self.fits: Counter[str] = Counter()
        self._read: set[int] = set()

    def fitted(self, what: str, times: int = 1) -> None:
        """Note fits that saw the data, those of baselines and canaries too."""
        self.fits[what] += times

    def read_test(self, fold: int) -> None:
        """Note that the labels of a fold's test are read now. :raises ReadTwice: they were read before."""
        if fold in self._read:
            raise ReadTwice(f"the test of fold {fold} was read already")
        self._read.add(fold)

    @property
    def trials(self) -> int:
        """How many fits saw the data."""
        return self.fits.total()
