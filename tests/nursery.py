"""A process that has its libraries loaded and forks for every piece of work: only the first pays for the imports."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from pathlib import Path

_PATIENCE_S = 120.0
_PROGRAM = """
import json, os, sys, traceback
exec(sys.argv[1])
for line in sys.stdin:
    code, arguments, folder = json.loads(line)
    pid = os.fork()
    if not pid:
        status = 1
        try:
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            for number, name in ((1, "out"), (2, "err")):
                os.dup2(os.open(os.path.join(folder, name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
            sys.argv = ["-c", *arguments]
            exec(code, {"__name__": "__main__"})
            status = 0
        except SystemExit as end:
            status = end.code or 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(status)
    print(pid, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


class Nursery:
    """Runs code in a process of its own that begins where ``first`` has ended; ``folder`` is for what it says."""

    def __init__(self, folder: Path, first: str) -> None:
        self.out, self._err = folder / "out", folder / "err"
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, first],
            cwd=Path(__file__).parents[1],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,  # a line that is read ahead is one that no select sees
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )

    def begin(self, code: str, *arguments: object) -> int:
        """Begin ``code``, whose ``sys.argv`` has ``arguments`` after its first: its process. It says into ``out``."""
        self.out.unlink(missing_ok=True)
        given = self._process.stdin
        assert given is not None
        told = [code, [str(one) for one in arguments], str(self.out.parent)]
        given.write(json.dumps(told).encode() + b"\n")
        given.flush()
        return self._number()

    def end(self) -> subprocess.CompletedProcess[str]:
        """Wait for the end of what has begun; what came of it."""
        status = self._number()
        out, err = (path.read_text("utf-8", "replace") for path in (self.out, self._err))
        return subprocess.CompletedProcess([], status, out, err)

    def run(self, code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Begin and wait."""
        self.begin(code, *arguments)
        return self.end()

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()

    def _number(self) -> int:
        source = self._process.stdout
        assert source is not None
        assert select.select([source], [], [], _PATIENCE_S)[0], "it did not end"
        line = source.readline()
        assert line, "the process that forks has ended"
        return int(line)
