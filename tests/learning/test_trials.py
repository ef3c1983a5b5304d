from __future__ import annotations

import pytest

from sidecar.learning.trials import Ledger, ReadTwice


def test_every_fit_counts_whatever_it_was_for() -> None:
    ledger = Ledger()

    ledger.fitted("fold", 10)
    ledger.fitted("baselines", 3)
    ledger.fitted("fold")

    assert ledger.trials == 14
    assert ledger.fits["fold"] == 11


def test_a_test_block_is_read_once() -> None:
    ledger = Ledger()
    ledger.read_test(1)
    ledger.read_test(2)

    with pytest.raises(ReadTwice, match="the test of fold 1 was read already"):
        ledger.read_test(1)
