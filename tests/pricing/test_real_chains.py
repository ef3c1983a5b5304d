"""A light look at real chains: the surface is free of arbitrage and near the quotes, whatever the market sent."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from bench import chains
from bench.surfaces import arbitrages, held, split, whole
from sidecar.domain.analytics import FitQuality
from sidecar.pricing.bands import bands
from sidecar.pricing.surface_fit import fit

CHAINS: dict[str, tuple[Callable[[Path], Iterator[chains.Snapshot]], float, float, float]] = {
    "nse": (lambda folder: chains.nse(folder, ("2019-07-12 11:00",)), 0.45, 0.04, 0.25),
    "spx": (chains.spx, 0.8, 0.006, 1.0),
    "goog": (chains.goog, 0.95, 0.02, 0.9),
    "deribit": (lambda folder: chains.deribit(folder, ("2026-07-20",)), 0.9, 0.02, 0.9),
}


@pytest.mark.parametrize("name", CHAINS)
def test_held_out_quotes_of_real_chains_are_met_without_arbitrage(name: str, shared_data: Path) -> None:
    load, inside, rmse, good = CHAINS[name]
    for snapshot in load(shared_data):
        kept, out = split(snapshot)
        surface = fit(kept)
        found = held(surface, kept, out)
        assert surface.violations() == (0, 0)
        assert arbitrages(surface) == (0, 0)
        assert np.mean(found.inside[0]) >= inside
        assert np.sqrt(np.mean(found.error[0] ** 2)) <= rmse
        assert np.mean(found.inside[1]) >= np.mean(found.inside[2]) - 0.05, "no worse than no fit where nobody quotes"
        assert surface.quality.count(FitQuality.GOOD) >= good * len(surface.quality)


def test_the_last_day_of_a_real_chain_and_its_gaps_raise_nothing(shared_data: Path) -> None:
    moments = ("2019-05-23 15:15", "2019-06-06 09:15", "2019-06-27 15:30", "2019-07-02 09:00", "2019-07-18 15:30")
    seen = 0
    for snapshot in chains.nse(shared_data, moments):
        surface = fit(bands(whole(snapshot)))
        assert surface.violations() == (0, 0)
        assert arbitrages(surface) == (0, 0)
        for quality, size in zip(surface.quality, surface.quotes, strict=True):
            assert (quality is FitQuality.MISSING) == (size == 0)
        seen += len(surface.quality)
    assert seen > 10
