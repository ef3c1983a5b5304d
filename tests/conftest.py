"""What every test may ask for."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

#: The same examples on every machine, so that a failure is the change's own; ``make explore`` tries new ones.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("explore", print_blob=True, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real market data beside the checkout; its licences keep it out of the repository."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real market data is not beside this checkout (shared/data)")
    return folder
