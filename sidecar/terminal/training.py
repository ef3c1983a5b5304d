"""``train``: one training now, by the running desk or, of a file of bars, in this process."""

from __future__ import annotations

import argparse
import os
import secrets
import time
from typing import Any

import msgspec
from rich.console import Console

from sidecar.client import Desk, Json
from sidecar.domain.errors import DeskRefused, InputError, NotTrainable
from sidecar.terminal.asking import desk_of
from sidecar.terminal.progress import bar_of, words
from sidecar.terminal.scorecards import show_scorecard

_LOOK_EVERY_S = 0.25
_PIPED_WIDTH = 200
_OVER = ("done", "failed", "skipped")
#: What only a training of a file takes: a desk trains what its settings say.
_OF_A_FILE = ("symbol", "label", "horizon", "out", "dask")


def run(options: argparse.Namespace) -> int:
    """Train; 0 when it made a model, 1 when it failed or there was nothing that could be learnt from."""
    console = Console(width=None if Console().is_terminal else _PIPED_WIDTH, highlight=False, markup=False)
    if options.bars is not None:
        if options.strategy is not None:
            raise InputError("--strategy", "a file of bars holds no trades", "ask a running desk: leave out --bars")
        return _of_file(console, options)
    for name in _OF_A_FILE:
        if getattr(options, name) is not None:
            raise InputError(f"--{name}", "a desk trains what its settings say", "add --bars FILE, or leave it out")
    with desk_of(options) as desk:
        asked = desk.train(search=options.search, seed=options.seed, strategy=options.strategy or "")
        return _by_desk(console, desk, asked["job"])


# ---- by the desk ---------------------------------------------------------------------------------------------------


def _by_desk(console: Console, desk: Desk, job: Json) -> int:
    console.print(f"training {job['id']}, asked for by {job['actor']}")
    with bar_of(console) as bar:
        task = bar.add_task(job["state"], total=1.0)
        while job["state"] not in _OVER:
            time.sleep(_LOOK_EVERY_S)
            job = desk.job(job["id"])
            bar.update(task, completed=job["fraction"], description=words(job["step"] or job["state"], job["note"]))
    console.print(f"{job['state'].upper()} in {job['seconds']:.1f} s: {job['reason']}")
    if job["state"] != "done":
        return 1
    _show_model(console, desk, job["model_id"])
    return 0


def _show_model(console: Console, desk: Desk, model_id: str) -> None:
    """The scorecard of the model that was made; a moment may pass until the desk has it on record."""
    until = time.monotonic() + 5.0
    while True:
        try:
            told = desk.model(model_id)
            break
        except DeskRefused as refused:
            if refused.status != 404 or time.monotonic() >= until:
                raise
            time.sleep(_LOOK_EVERY_S)
    model, manifest = told["model"], told["manifest"]
    console.print(f"model {model['id']} of {model['family']}: {model['role']}")
    if manifest is not None:
        show_scorecard(console, manifest["scorecard"])


# ---- of a file -----------------------------------------------------------------------------------------------------


def _of_file(console: Console, options: argparse.Namespace) -> int:
    """Train here. Nothing is kept but by ``--out``; no desk hears of it."""
    # Slow to import, and of use to nobody who asks a desk.
    from sidecar.bars_given import bars_given
    from sidecar.learning.registry import Registry
    from sidecar.training_run import learn, newest, origin_of, runner_of

    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    job, calendar, reference = _job(options)
    columns = bars_given(options.bars, job.symbol, calendar, reference)
    taken = f"times without an offset are those of {calendar.zone}"
    console.print(f"{len(columns['at']):,} bars of {job.symbol} in {options.bars.name}; {taken}")
    with runner_of(options.dask or "") as runner, bar_of(console) as bar:
        task = bar.add_task("features", total=1.0)

        def told(step: Any) -> None:
            done = step.done / max(step.total, 1)
            bar.update(task, completed=done, description=words(step.step, step.note))

        try:
            found = learn(newest(columns, job.sessions), job, told, runner)
        except NotTrainable as poor:
            bar.stop()
            console.print(f"SKIPPED: {poor}")
            return 1
    if options.out is not None:
        line = Registry(options.out).keep(found.trained, origin_of(job, found.dataset, found.trained))
        console.print(f"kept as {options.out / line.id}; no desk knows of it")
    show_scorecard(console, msgspec.to_builtins(found.trained.scorecard))
    return 0


def _job(options: argparse.Namespace) -> tuple[Any, Any, Any]:
    """The job that the settings and the flags describe, and the tables that it is read with."""
    from sidecar.markets import calendar_of
    from sidecar.reference import load_reference
    from sidecar.settings import load_settings
    from sidecar.teaching import schooling_of

    asked = {name: getattr(options, name) for name in ("symbol", "label", "horizon", "search")}
    learning = {name: value for name, value in asked.items() if value is not None}
    settings = load_settings(data_dir=options.data_dir, learning=learning or None)
    reference = load_reference()
    calendar = calendar_of(settings, reference)
    pattern = schooling_of(settings, calendar).pattern
    plan = pattern.plan if options.seed is None else msgspec.structs.replace(pattern.plan, seed=options.seed)
    name = f"T{time.strftime('%y%m%d%H%M%S', time.gmtime())}-{secrets.token_hex(3)}"
    return msgspec.structs.replace(pattern, id=name, plan=plan), calendar, reference
