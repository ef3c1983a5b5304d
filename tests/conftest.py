"""What every test may ask for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tests.cable import Cable
    from tests.servers.streaming import Wire

#: The same examples on every machine, so that a failure is the change's own; ``make explore`` tries new ones.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("explore", print_blob=True, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

#: A first training would keep a core busy in every test that starts a desk; those of the learning turn it on.
os.environ.setdefault("DESK_LEARNING__ENABLED", "false")

REPOSITORY = Path(__file__).resolve().parent.parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take long begin, so that no worker is left with one of them when the others have ended."""
    long = {item.path for item in items if item.get_closest_marker("slow") or item.get_closest_marker("browser")}
    items.sort(key=lambda item: item.path not in long)


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


@pytest.fixture
def cable() -> Iterator[Cable]:
    """A connection to a desk's doors that can be cut."""
    from tests.cable import Cable  # most tests need no server, and its libraries take a second to import

    made = Cable()
    yield made
    made.close()


@pytest.fixture
def wire(tmp_path: Path, cable: Cable) -> Iterator[Wire]:
    """A desk's doors at the far end of the cable."""
    from tests.cable import reached

    with reached(tmp_path, cable) as made:
        yield made
