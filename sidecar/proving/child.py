"""The process that runs a backtest: ``python -m sidecar.proving.child FOLDER``, where FOLDER is that of a job.

``bounds`` holds it. What it leaves are files in the folder; it touches neither the journal nor the database.
"""

from __future__ import annotations

import sys
import traceback
from math import isfinite
from pathlib import Path

from msgspec.structs import replace

from sidecar.bounds import bound, give_way, in_a_line, starved, tell
from sidecar.domain import wire
from sidecar.domain.backtest_result import BacktestResult
from sidecar.domain.errors import DeskError
from sidecar.learning.plan import Progress
from sidecar.learning.whole import put
from sidecar.proving.job import (
    REPORT_FILE,
    RESULT_FILE,
    TRADES_FILE,
    Ended,
    Work,
    read_work,
    write_ended,
)
from sidecar.proving.past import Past
from sidecar.servers import backtest_answers


def main(arguments: list[str]) -> int:
    """Run it, and leave what came of it; 0 whatever that is, for a failure that is told is no crash."""
    folder = Path(arguments[0])
    try:
        work = read_work(folder)
    except DeskError as error:
        print(error, file=sys.stderr)
        return 2
    give_way(work.parent)
    write_ended(folder, _guarded(work, folder))
    return 0


def leave(folder: Path, result: BacktestResult) -> Ended:
    """Write the files of a result, ``result.json`` last; its figures in a line. :raises OSError: the disk refuses."""
    from sidecar.backtest.report import page

    put(folder / TRADES_FILE, backtest_answers.table(result).encode())
    put(folder / REPORT_FILE, page(result).encode())
    put(folder / RESULT_FILE, wire.encode(backtest_answers.result(result)))
    return Ended(
        True,
        hash=result.hash,
        total_return=_known(result.total_return),
        sharpe_ratio=_known(result.sharpe_ratio),
        max_drawdown=_known(result.max_drawdown),
        total_trades=result.total_trades,
        simulated=result.simulated,
    )


def _guarded(work: Work, folder: Path) -> Ended:
    """What came of it, whatever it was."""
    try:
        # Slow to import, and not to be counted in the memory that the backtest may take.
        from sidecar.proving.run import run
        from sidecar.reference import load_reference

        bound(work.memory_mb)
        result = run(work.job.request, _past(work.past), load_reference(), tell, work.dask)
        tell(Progress("report", 1, 1))
        return leave(folder, result)
    except (MemoryError, DeskError, OSError) as error:
        return Ended(False, _no_room(work) if starved(error) else in_a_line(str(error)))
    except Exception as error:  # noqa: BLE001  whatever a library or a strategy raises, the desk is told in a line
        traceback.print_exc()
        told = in_a_line(f"{type(error).__name__}: {error}")
        return Ended(False, _no_room(work) if starved(error) else told)


def _past(past: Past) -> Past:
    """The past that there is: a desk without bars of what is asked for has put none into the folder."""
    return past if not past.bars or Path(past.bars).is_file() else replace(past, bars="")


def _known(value: float) -> float | None:
    return value if isfinite(value) else None


def _no_room(work: Work) -> str:
    return f"it ran out of the {work.memory_mb} MB it may take; raise backtest.memory_mb or ask for fewer days"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
