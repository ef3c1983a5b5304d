"""``replay``: a tape through the desk, and whether the reports are the same as before."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from sidecar import __version__
from sidecar.domain.errors import FileRefused
from sidecar.loading import digest, strategies_of
from sidecar.markets import calendar_of, paper
from sidecar.reference import load_reference
from sidecar.replay import Result, replay
from sidecar.settings import Settings, desk_config, load_settings
from sidecar.store import tape


class Known(msgspec.Struct, frozen=True):
    """The hash that a tape gave before, under the settings whose fingerprint it carries."""

    fingerprint: str
    report_hash: str


def run(options: argparse.Namespace) -> int:
    """Replay, print, and with ``--verify`` compare; 1 if the reports differ."""
    settings = load_settings(strategy=options.strategy, seed=options.seed, fund=options.fund)
    path: Path = options.tape
    if not path.is_file():
        raise FileRefused(str(path), "does not exist", "name a tape: python -m sidecar import writes them")
    if options.hash_only:
        print(_once(path, settings, None).report_hash)
        return 0
    console = Console()
    with Progress(console=console, transient=True) as progress:
        result = _once(path, settings, progress)
    console.print(_table(result))
    # Outside the table: a narrow terminal would cut it.
    console.print(f"report hash {result.report_hash}", highlight=False, soft_wrap=True)
    for note in result.notes:
        console.print(f"note: {note}", highlight=False)
    return _verify(path, settings, result, console) if options.verify else 0


def _once(path: Path, settings: Settings, progress: Progress | None) -> Result:
    reference = load_reference()
    config = desk_config(settings)
    calendar = calendar_of(settings, reference)
    end = tape.read_end(path)
    task = progress.add_task(f"replaying {path.name}", total=end.events if end else None) if progress else None
    return replay(
        path,
        config,
        reference,
        calendar,
        broker=lambda stale_s: paper(settings, calendar, stale_s),
        strategies=strategies_of(settings.strategy, settings.fund, settings.simulation.underlyings[0]),
        on_progress=lambda done: progress.update(task, completed=done) if progress and task is not None else None,
    )


def _verify(path: Path, settings: Settings, result: Result, console: Console) -> int:
    """Against the recording's hash; else against an earlier replay's; else against a second run, hashed differently."""
    end = tape.read_end(path)
    if end is not None and end.report_hash is not None:
        return _compare(console, "the recording", end.report_hash, result.report_hash)
    beside = path.with_name(path.name + ".hash.json")
    mark = fingerprint(settings)
    known = _known(beside)
    if known is not None and known.fingerprint == mark:
        return _compare(console, f"an earlier replay, {beside.name}", known.report_hash, result.report_hash)
    again = _elsewhere(path, settings)
    status = _compare(console, "a second run in another process with another PYTHONHASHSEED", again, result.report_hash)
    if status == 0:
        beside.write_bytes(msgspec.json.encode(Known(mark, result.report_hash)))
        console.print(f"kept in {beside.name} for the next --verify", highlight=False)
    return status


def _known(beside: Path) -> Known | None:
    try:
        return msgspec.json.decode(beside.read_bytes(), type=Known) if beside.is_file() else None
    except msgspec.DecodeError:
        raise FileRefused(str(beside), "is not the hash of a replay", "remove it to begin anew") from None


def _compare(console: Console, whom: str, expected: str, found: str) -> int:
    same = expected == found
    console.print(f"verify: {'same' if same else 'DIFFERENT'} as {whom} ({expected})", highlight=False, soft_wrap=True)
    return 0 if same else 1


def _elsewhere(path: Path, settings: Settings) -> str:
    seed = "1" if os.environ.get("PYTHONHASHSEED", "") != "1" else "2"
    command = [sys.executable, "-m", "sidecar", "replay", str(path), "--hash-only", "--strategy", settings.strategy]
    command += ["--seed", str(settings.seed), "--fund", settings.fund]
    done = subprocess.run(  # noqa: S603  our own interpreter, our own arguments
        command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or f"failed: {done.stderr.strip()}"


def fingerprint(settings: Settings) -> str:
    """What a report stream depends on besides the tape: the core's settings, the strategy, the venue, the version.

    A strategy of a file counts by what stands in it.
    """
    strategy = (settings.strategy, digest(settings.strategy))
    parts = (desk_config(settings), strategy, settings.seed, settings.fund, settings.simulation.model_dump())
    return sha256(msgspec.json.encode((__version__, *parts), order="deterministic")).hexdigest()


def _table(result: Result) -> Table:
    table = Table(title=f"{result.tape}{' (simulated)' if result.simulated else ''}", show_header=False)
    table.add_column("what")
    table.add_column("value", justify="right")
    rate = result.quotes / result.seconds if result.seconds else float("nan")
    for what, value in (
        ("final P&L of the day", f"{result.daily_pnl:,.2f}"),
        ("realised, before fees", f"{result.realized_pnl:,.4f}"),
        ("unrealised", f"{result.unrealized_pnl:,.2f}"),
        ("fees and taxes", f"{result.fees:,.4f}"),
        ("equity", f"{result.equity:,.2f}"),
        ("orders sent / refused", f"{result.orders} / {result.orders_refused}"),
        ("round trips / settled at expiry", f"{result.trades} / {result.settlements}"),
        ("positions left open", str(result.open_positions)),
        ("breaker", result.breaker),
        ("quotes applied / refused", f"{result.quotes:,} / {result.refused:,}"),
        ("staleness limit", f"{result.stale_s:g} s"),
        ("reports", f"{result.reports:,}"),
        ("time", f"{result.seconds:.1f} s, {rate:,.0f} quotes/s"),
    ):
        table.add_row(what, value)
    return table
