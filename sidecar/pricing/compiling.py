"""How kernels are compiled: by numba at their first call, and kept on disk for the next process.

numba keeps what it compiled in `__pycache__` beside the source, or in the user's own cache directory where that cannot
be written. Three things that it leaves out are added: a changed file whose functions were compiled into another's; a
file that a power cut left torn; a machine on which nothing can be kept, where each process compiles.
"""

from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from importlib.resources import files
from typing import Any

from numba import njit
from numba.core.caching import FunctionCache, IndexDataCacheFile

Kernel = Callable[..., Any]


def compiled(*sources: str, room: str = str(__package__)) -> Callable[[Kernel], Kernel]:
    """A decorator for kernels: compiled without the interpreter's lock, with divisions by IEEE 754, and kept.

    :param sources: the files of the room whose text goes into the machine code: the kernel's own, and those from
        which it takes functions or numbers. What was made of another text is not used.
    :param room: the package in which they stand.
    """
    stamp = sha256(b"".join((files(room) / name).read_bytes() for name in sources)).hexdigest()[:16]

    def decorate(function: Kernel) -> Kernel:
        made: Any = njit(error_model="numpy", nogil=True)(function)
        with suppress(RuntimeError):  # numba: no directory can be written
            made._cache = _Kept(function, stamp)  # noqa: SLF001 (as njit's own cache=True does)
        kernel: Kernel = made
        return kernel

    return decorate


class _Kept(FunctionCache):  # type: ignore[misc]  # numba has no types
    """numba's cache of one function, under a name that tells the version of its sources, and which never raises."""

    def __init__(self, function: Kernel, stamp: str) -> None:
        super().__init__(function)
        self._cache_file = IndexDataCacheFile(self._cache_path, f"{self._impl.filename_base}-{stamp}", stamp)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """What was kept for a signature; None where there is nothing, or nothing whole."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # noqa: BLE001 (of a torn file any kind may come; its kernel is compiled again)
            with suppress(OSError):
                self.flush()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep it, if the disk takes it."""
        with suppress(OSError):
            super().save_overload(sig, data)
