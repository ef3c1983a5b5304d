"""Each test runs processes on a small room of its own: `outer.py`, whose kernel takes a function from `inner.py`."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from sidecar.pricing import compiling

pytestmark = pytest.mark.slow

ROOM = Path(compiling.__file__).parent
INNER = "from numba.extending import register_jitable\n\n@register_jitable\ndef raised(x):\n    return x + {}\n"
OUTER = """
from room.compiling import compiled
from room.inner import raised

@compiled("outer.py", "inner.py")
def kernel(x):
    return raised(x)
"""
CALL = (
    "from room.outer import kernel; print(kernel(1.0), sum(kernel.stats.cache_hits.values()), kernel.stats.cache_path)"
)
DISK_FAILS = (
    "import os, shutil, room.outer as o; p = o.kernel.stats.cache_path; shutil.rmtree(p); open(p, 'w').close()\n"
)


class Called(NamedTuple):
    value: float
    from_disk: bool
    place: str


@pytest.fixture
def room(tmp_path: Path) -> Path:
    folder = tmp_path / "room"
    folder.mkdir()
    (folder / "__init__.py").touch()
    shutil.copy(ROOM / "compiling.py", folder)
    (folder / "inner.py").write_text(INNER.format(1.0))
    (folder / "outer.py").write_text(OUTER)
    return folder


def call(room: Path, code: str = CALL) -> Called:
    """What a process of its own makes of the kernel."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    mine |= {"PYTHONDONTWRITEBYTECODE": "1", "XDG_CACHE_HOME": str(room.parent / "cache"), "HOME": str(room.parent)}
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=room.parent, env=mine, check=True, capture_output=True, text=True
    )
    value, hits, place = told.stdout.split()
    return Called(float(value), int(hits) > 0, place)


def test_a_kernel_is_compiled_once_and_kept_beside_its_source(room: Path) -> None:
    place = str(room / "__pycache__")
    assert call(room) == (2.0, False, place)
    assert call(room) == (2.0, True, place)


def test_a_changed_file_from_which_a_function_was_taken_is_seen(room: Path) -> None:
    assert call(room).value == 2.0
    (room / "inner.py").write_text(INNER.format(2.0))
    assert call(room)[:2] == (3.0, False)
    assert call(room)[:2] == (3.0, True)


@pytest.mark.parametrize("kind", ["nbi", "nbc"])
def test_what_a_power_cut_left_of_a_file_is_compiled_again(room: Path, kind: str) -> None:
    call(room)
    (torn,) = (room / "__pycache__").glob(f"*.{kind}")
    torn.write_bytes(torn.read_bytes()[:40])
    assert call(room)[:2] == (2.0, False)
    assert call(room)[:2] == (2.0, True)


def test_where_the_source_s_directory_cannot_be_written_the_user_s_own_is_taken(room: Path) -> None:
    (room / "__pycache__").touch()  # a file in the directory's place stops root too
    assert call(room)[:2] == (2.0, False)
    value, from_disk, place = call(room)
    assert (value, from_disk) == (2.0, True)
    assert place.startswith(str(room.parent / "cache"))


def test_where_nothing_can_be_written_the_kernel_runs_all_the_same(room: Path) -> None:
    (room / "__pycache__").touch()
    (room.parent / "cache").touch()
    assert call(room) == (2.0, False, "None")


def test_a_disk_that_fails_after_the_start_stops_no_kernel(room: Path) -> None:
    assert call(room, DISK_FAILS + CALL)[:2] == (2.0, False)


def test_every_kernel_file_names_all_files_that_its_machine_code_is_made_of() -> None:
    trees = {path.name: ast.parse(path.read_text()) for path in ROOM.glob("*.py")}
    named: dict[str, set[str]] = {}
    for name, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "compiled":
                named[name] = {ast.literal_eval(each) for each in node.args}
    assert set(named) >= {"kernels.py", "implied_kernel.py", "svi_fit.py"}
    for name, sources in named.items():
        taken = {
            node.module.removeprefix("sidecar.pricing.") + ".py"
            for each in sources
            for node in ast.walk(trees[each])
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("sidecar")
        }
        assert sources == {name} | taken - {"compiling.py"}
