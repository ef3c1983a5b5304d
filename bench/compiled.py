"""C for comparison: a file of `bench/reference`, compiled on this machine for this machine and loaded."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from pathlib import Path

REFERENCE = Path(__file__).parent / "reference"
FLAGS = (
    "-O3",
    "-march=native",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fno-signed-zeros",
    "-ffp-contract=fast",
    "-shared",  # linked without -ffast-math, which would flush subnormal numbers to zero in the whole process
    "-fPIC",
)


def load(name: str, *more: str) -> ctypes.CDLL | None:
    """The functions of ``reference/<name>.c``; None where there is no gcc."""
    compiler = shutil.which("gcc")
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / f"{name}.so"
        subprocess.run([compiler, *FLAGS, *more, "-o", made, REFERENCE / f"{name}.c", "-lm"], check=True)
        return ctypes.CDLL(str(made))


def address(array: object) -> ctypes.c_void_p:
    """Where a NumPy array's numbers begin."""
    return ctypes.c_void_p(array.ctypes.data)  # type: ignore[attr-defined]
