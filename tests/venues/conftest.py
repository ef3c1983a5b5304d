"""The reference tables, read once."""

import pytest

from sidecar.domain.calendar import Calendar
from sidecar.domain.reference import Reference
from sidecar.reference import load_reference


@pytest.fixture(scope="session")
def reference() -> Reference:
    return load_reference()


@pytest.fixture(scope="session")
def calendar(reference: Reference) -> Calendar:
    return reference.calendar("NSE")
