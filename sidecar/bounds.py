"""What a process beside the desk is bound to, seen from inside it: its parent's life, its memory, a line for its end.

It is modest and mortal: lowest priority, memory bounded, and it ends with its parent. What it has to say while it works
are lines of JSON on standard output, one a step.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import time
from pathlib import Path
from threading import Thread

from sidecar.learning.job import line_of
from sidecar.learning.plan import Progress

_PR_SET_PDEATHSIG = 1
_LOOK_EVERY_S = 1.0
_MEGABYTE = 1024 * 1024
_LOWEST = 19
_MOST_TOLD = 300
_STARVED = ("bad_alloc", "malloc", "cannot allocate", "unable to allocate", "resource temporarily unavailable")


def give_way(parent: int) -> None:
    """Take the lowest priority, and end when the process ``parent`` does; 0 is nobody."""
    ends_with(parent)
    os.nice(_LOWEST)


def ends_with(parent: int) -> None:
    """End when the process ``parent`` does; 0 is nobody.

    The kernel's signal comes at once, but only when the thread that began this process ends as the parent does, and not
    at all if the parent was gone before it was asked for: so somebody also looks.
    """
    if not parent:
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_EVERY_S)
        os._exit(1)

    if os.getppid() != parent:
        os._exit(1)
    Thread(target=look, name="parent", daemon=True).start()


def bound(megabytes: int) -> None:
    """Let this process take so much memory more than it has now; an allocation beyond it fails."""
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + megabytes * _MEGABYTE,) * 2)


def starved(error: BaseException) -> bool:
    """Whether it is for want of memory, in whatever words a library has for that."""
    return isinstance(error, MemoryError) or any(word in str(error).lower() for word in _STARVED)


def in_a_line(text: str) -> str:
    r"""Any text as one line that is not too long.

    >>> in_a_line("it broke\n  here")
    'it broke here'
    """
    return " ".join(text.split())[:_MOST_TOLD]


def tell(progress: Progress) -> None:
    """Say where the work is, to whoever began this process."""
    sys.stdout.buffer.write(line_of(progress))
    sys.stdout.buffer.flush()
