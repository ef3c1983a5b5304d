"""The registry where the machine fails: kills, full disks, and bytes that pass for a model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.domain.errors import ModelNotKept
from sidecar.domain.models import ModelLine
from sidecar.learning.registry import Registry
from tests.learning.models import FEATURE_HASH, NAMES, origin, rows, trained
from tests.nursery import Nursery


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "models", names=NAMES, feature_hash=FEATURE_HASH)


@pytest.fixture
def line(registry: Registry) -> ModelLine:
    return registry.keep(trained(), origin())


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    made = Nursery(tmp_path_factory.mktemp("nursery"), "import tests.learning.models, sidecar.learning.registry")
    yield made
    made.close()


KILLED = """
import os, sys
from pathlib import Path
from sidecar.learning.registry import Registry
from tests.learning.models import FEATURE_HASH, NAMES, origin, trained
registry = Registry(Path(sys.argv[1]), names=NAMES, feature_hash=FEATURE_HASH)
made, step = trained(), 0
def stepped(event, arguments):
    # every file, folder and name that is touched is a step; the kill comes before it
    global step
    if event in ("open", "os.mkdir", "os.rename") and ".unfinished" in str(arguments[0]) or event == "os.rename":
        step += 1
        if step == last:
            os.kill(os.getpid(), 9)
for last in range(1, 20):
    pid = os.fork()
    if not pid:
        sys.addaudithook(stepped)
        registry.keep(made, origin(f"nifty-{last}"))
        os._exit(0)
    status = os.waitpid(pid, 0)[1]
    names = sorted(p.name for p in registry.folder.iterdir())
    whole = [n for n in names if not n.endswith(".unfinished")]
    print(last, os.WIFSIGNALED(status), *names)
    if not os.WIFSIGNALED(status):
        break
    assert whole == ["nifty-0"], names
    registry.tidy()
    assert [p.name for p in registry.folder.iterdir()] == ["nifty-0"]
"""


def test_a_kill_at_any_step_leaves_the_old_models_and_nothing_half(nursery: Nursery, registry: Registry) -> None:
    old = registry.keep(trained(), origin("nifty-0"))
    child = nursery.run(KILLED, registry.folder)
    assert child.returncode == 0, child.stderr
    steps = [line.split() for line in child.stdout.splitlines()]
    assert [step[1] for step in steps] == ["True"] * (len(steps) - 1) + ["False"]
    assert len(steps) >= 6  # the folder, both files, its sync and the rename
    assert steps[-1][2:] == ["nifty-0", f"nifty-{len(steps)}"]
    registry.load(old)


FULL = """
import resource, sys
from pathlib import Path
from sidecar.domain.errors import ModelNotKept
from sidecar.learning.registry import Registry
from tests.learning.models import FEATURE_HASH, NAMES, origin, trained
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
made = trained()
registry = Registry(Path(sys.argv[1]), names=NAMES, feature_hash=FEATURE_HASH)
resource.setrlimit(resource.RLIMIT_FSIZE, (len(made.model) - 100, resource.RLIM_INFINITY))
try:
    registry.keep(made, origin("nifty-2"))
except ModelNotKept as error:
    print(error)
"""


def test_a_full_disk_is_a_clear_error_and_the_old_model_stays(
    nursery: Nursery, registry: Registry, line: ModelLine
) -> None:
    child = nursery.run(FULL, registry.folder)
    assert child.returncode == 0, child.stderr
    assert "the model was not kept ([Errno 27] File too large" in child.stdout
    assert "make room" in child.stdout
    assert [p.name for p in registry.folder.iterdir()] == [line.id]
    registry.load(line)


def test_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file where the folder should be")
    with pytest.raises(ModelNotKept, match="not kept"):
        Registry(tmp_path / "models", names=NAMES, feature_hash=FEATURE_HASH).keep(trained(), origin())


PARSED = """
import sys
import numpy as np
from pathlib import Path
from sidecar.domain.errors import ModelRejected
from tests.learning.models import booster_bytes
from tests.learning.test_registry import mutated
from tests.learning.test_registry_faults import opened_anyway
rng, refused = np.random.default_rng(int(sys.argv[1])), 0
whole = booster_bytes(3)
for _ in range(300):
    damaged = mutated(whole, rng)
    try:
        opened_anyway(damaged)
    except ModelRejected:
        refused += 1
print(refused)
"""


def opened_anyway(data: bytes) -> None:
    """Parse and score with damaged bytes, as if their hash had been right."""
    from sidecar.learning.manifest import line_of, manifest_of
    from sidecar.learning.model import opened

    manifest = manifest_of(trained(), origin())
    model = opened(line_of(manifest, "0" * 64), manifest, data)
    for row in rows()[0][:5]:
        model.score(row)


def test_damage_that_no_hash_would_catch_never_ends_the_process(nursery: Nursery) -> None:
    child = nursery.run(PARSED, 1)
    assert child.returncode == 0, child.stderr
    assert int(child.stdout) > 200
