"""``backtest``: a strategy on a past, by the running desk or, of a file, an archive or a tape, in this process."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from rich.console import Console

from sidecar.client import Desk, Json
from sidecar.domain import wire
from sidecar.domain.backtests import BacktestRequest
from sidecar.domain.errors import DeskRefused, InputError
from sidecar.settings import load_settings
from sidecar.terminal.asking import desk_of
from sidecar.terminal.progress import bar_of, words
from sidecar.terminal.results import show_result, show_strategies

_LOOK_EVERY_S = 0.25
_PIPED_WIDTH = 200
_OVER = ("done", "failed", "cancelled")
#: Which past is read here, at most one of them; and what only such a run takes.
_PASTS = ("bars", "archive", "tape")
_OF_A_PAST = ("zone", "dask")
#: The fields of the request by their flags, where the two have other names.
_FIELDS = {
    "start": "start_date", "end": "end_date", "capital": "initial_capital", "model": "model_id",
    "train_days": "train_window_days", "test_days": "test_window_days", "retrain_days": "retrain_frequency_days",
}  # fmt: skip
_FLAGS = {field: flag for flag, field in _FIELDS.items()}
_GIVEN = (
    "symbols", "strategy", "start", "end", "capital", "model", "commission", "slippage", "mode", "train_days",
    "test_days", "retrain_days", "seed", "engine", "instrument", "resets",
)  # fmt: skip
_NEEDED = ("strategy", "start", "end")


def run(options: argparse.Namespace) -> int:
    """Backtest; 0 when there is a result, 1 when it failed or was cancelled."""
    console = Console(width=None if Console().is_terminal else _PIPED_WIDTH, highlight=False, markup=False)
    if options.list:
        return _list(console)
    pasts = [name for name in _PASTS if getattr(options, name) is not None]
    if len(pasts) > 1:
        raise InputError(f"--{pasts[1]}", f"the past is --{pasts[0]} already", "give one of them")
    asked = asked_of(options)
    request = request_of(asked)
    if pasts:
        return _here(console, options, request)
    for name in _OF_A_PAST:
        if getattr(options, name) is not None:
            raise InputError(f"--{name}", "is of a past that is given here", "add --bars FILE, or leave it out")
    if request.strategy.endswith(".py"):
        raise InputError("--strategy", "a desk runs those that it knows", "add --bars FILE, or choose one of --list")
    with desk_of(options) as desk:
        return _by_desk(console, desk, options, {field: wire.builtins(getattr(request, field)) for field in asked})


# ---- by the desk ---------------------------------------------------------------------------------------------------


def _by_desk(console: Console, desk: Desk, options: argparse.Namespace, asked: Json) -> int:
    try:
        job = desk.backtest(**asked)["job"]
    except DeskRefused as refused:
        raise _of_a_field(refused) from None
    if not options.json:
        console.print(f"backtest {job['id']}, asked for by {job['actor']}")
    try:
        with bar_of(console) as bar:
            task = bar.add_task(job["state"], total=1.0)
            while job["state"] not in _OVER:
                time.sleep(_LOOK_EVERY_S)
                job = desk.backtest_job(job["id"])["job"]
                bar.update(task, completed=job["fraction"], description=words(job["step"] or job["state"], job["note"]))
    except KeyboardInterrupt:
        desk.cancel_backtest(job["id"])
        console.print(f"CANCELLED {job['id']}")
        raise
    if job["state"] != "done":
        console.print(f"{job['state'].upper()} after {job['seconds']:.1f} s: {job['reason']}")
        return 1
    if options.report is not None:
        _kept(console, options, desk.backtest_report(job["id"]))
    told = desk.backtest_job(job["id"])
    if told["result"] is None:
        console.print(f"DONE, and its result is not there: {told['why']}")
        return 1
    return _shown(console, options, told["result"])


# ---- here ----------------------------------------------------------------------------------------------------------


def _here(console: Console, options: argparse.Namespace, request: BacktestRequest) -> int:
    """Run it in this process. Nothing is kept but by ``--report``; no desk hears of it."""
    # Slow to import, and of use to nobody who asks a desk.
    from sidecar.backtest.report import page
    from sidecar.servers import backtest_answers
    from sidecar.terminal.pasts import tested

    with bar_of(console) as bar:
        task = bar.add_task("reading", total=1.0)

        def tell(step: Any) -> None:
            done = step.done / max(step.total, 1)
            bar.update(task, completed=done, description=words(step.step, step.note))

        try:
            result = tested(options, request, tell)
        except InputError as problem:
            raise _by_flag(problem) from None
    if options.report is not None:
        _kept(console, options, page(result).encode())
    return _shown(console, options, wire.builtins(backtest_answers.result(result)))


def _kept(console: Console, options: argparse.Namespace, page: bytes) -> None:
    options.report.write_bytes(page)
    if not options.json:
        console.print(f"report: {options.report}")


def _shown(console: Console, options: argparse.Namespace, told: Json) -> int:
    if options.json:
        # Some megabytes: rich takes longer to colour them than the run takes.
        sys.stdout.write(msgspec.json.format(wire.encode(told), indent=2).decode() + "\n")
    else:
        show_result(console, told)
    return 0


def _list(console: Console) -> int:
    from sidecar.strategies.catalogue import CATALOGUE

    show_strategies(console, [msgspec.to_builtins(entry.line) for entry in CATALOGUE.values()])
    return 0


# ---- what is asked -------------------------------------------------------------------------------------------------


def asked_of(options: argparse.Namespace) -> Json:
    """The fields of the request that the flags give, as JSON has them; what is left out is as the desk has it.

    :raises InputError: one that is needed is not there, or ``NAME=VALUE`` cannot be read.
    """
    for flag in _NEEDED:
        if getattr(options, flag) is None:
            raise InputError(f"--{flag}", "is needed", "see: python -m sidecar backtest --help")
    asked = {_FIELDS.get(flag, flag): getattr(options, flag) for flag in _GIVEN}
    asked["symbols"] = options.symbols or [_symbol(options)]
    asked["parameters"] = {name: value for name, (value,) in _pairs("set", "fast=20", options.set)}
    asked["sweep"] = dict(_pairs("sweep", "fast=10,20,30", options.sweep))
    return {field: value for field, value in asked.items() if value not in (None, {})}


def _symbol(options: argparse.Namespace) -> str:
    """The underlying of the settings: the one that is predicted, or the simulated market's first."""
    settings = load_settings(data_dir=options.data_dir)
    return settings.learning.symbol or settings.simulation.underlyings[0]


def request_of(asked: Json) -> BacktestRequest:
    """The request that such fields are. :raises InputError: the first that cannot be, by its flag."""
    try:
        return msgspec.convert(asked, BacktestRequest, strict=False)
    except msgspec.ValidationError as problem:
        told, _, place = str(problem).partition(" - at `$.")
        field = place.rstrip("`").split("[")[0]
        remedy = "write 2026-08-18" if field.endswith("_date") else "see: python -m sidecar backtest --help"
        raise _by_flag(InputError(field, told, remedy)) from None


def _of_a_field(refused: DeskRefused) -> Exception:
    """What a desk refuses of a field is wrong usage; all else is as it is."""
    errors: Any = refused.document.get("errors")
    if refused.status != 422 or not errors:
        return refused
    field = str(errors[0]["field"])
    return _by_flag(InputError(field, refused.detail.removeprefix(f"{field}: ")))


def _by_flag(problem: InputError) -> InputError:
    """A field of the request by the flag that gives it."""
    field = problem.field
    if field not in BacktestRequest.__struct_fields__:
        return problem
    return InputError(f"--{_FLAGS.get(field, field).replace('_', '-')}", problem.problem, problem.remedy)


def _pairs(flag: str, example: str, given: Sequence[str] | None) -> Iterator[tuple[str, list[float]]]:
    """``NAME=VALUE`` or ``NAME=VALUE,VALUE`` as names and numbers, each name once."""
    seen = set()
    for text in given or ():
        name, _, values = text.partition("=")
        try:
            found = [float(value) for value in values.split(",")]
        except ValueError:
            found = []
        if not name or not found or (flag == "set" and len(found) > 1) or name in seen:
            problem = f"{name[:40]!r} stands twice" if name in seen else f"{text[:60]!r} cannot be read"
            raise InputError(f"--{flag}", problem, f"write --{flag} {example}, each name once")
        seen.add(name)
        yield name, found
