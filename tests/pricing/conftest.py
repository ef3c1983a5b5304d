"""The kernels are compiled before the first test: Hypothesis would blame the example that had to wait for it."""

import pytest

from sidecar.pricing.warming import warm


@pytest.fixture(scope="session", autouse=True)
def _compiled() -> None:
    warm()
