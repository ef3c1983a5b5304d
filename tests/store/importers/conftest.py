"""What the importers' tests share: the reference that ships with the program, and small words for a parse."""

from collections.abc import Callable
from datetime import date
from types import ModuleType
from typing import Any

import pandas as pd
import pytest

from sidecar.domain.reference import Reference
from sidecar.reference import load_reference
from sidecar.store.importers.rows import Options, parsed
from sidecar.store.importers.sift import Sifted, sift

Taken = Callable[..., Sifted]


@pytest.fixture(scope="session")
def reference() -> Reference:
    return load_reference()


@pytest.fixture
def taken(reference: Reference) -> Taken:
    """``taken(format, file)``: a file (or a table, and how many of its rows) loaded, parsed and sifted by a format."""

    def run(
        format_: ModuleType,
        source: Any,
        rows: slice = slice(None),
        zone: str | None = None,
        expiry: date | None = None,
        day: date | None = None,
    ) -> Sifted:
        table = source if isinstance(source, pd.DataFrame) else format_.load(source)
        options = Options(reference, zone, expiry, day)
        return sift(parsed(format_.parse, table.iloc[rows].reset_index(drop=True), options), options)

    return run


@pytest.fixture
def counts() -> Callable[[Sifted], tuple[int, dict[str, int]]]:
    """Quotes taken, and rows refused by reason."""
    return lambda sifted: (
        sum(len(day.quotes) for day in sifted.days),
        {one.reason: one.count for one in sifted.refused},
    )
