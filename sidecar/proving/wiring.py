"""The backtests of a running sidecar: what its settings allow, what is given to each, and what its doors are shown."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
from fastapi import APIRouter
from msgspec.structs import replace

from sidecar.backtest.asking import Known, checked
from sidecar.desk.state import DeskState
from sidecar.domain.backtests import (
    BacktestJob,
    BacktestRequest,
    BacktestState,
    Engine,
    Instrument,
    Source,
    StrategyLine,
)
from sidecar.domain.clock import local_date
from sidecar.domain.models import ModelRole
from sidecar.learning.bar_file import save_bars
from sidecar.learning.plan import Plan
from sidecar.live import Live
from sidecar.loading import SUFFIX
from sidecar.markets import paper_settings
from sidecar.proving.backtester import Backtester, Desk
from sidecar.proving.chosen import chosen_of, lines
from sidecar.proving.job import BARS_FILE, ID, REPORT_FILE, RESULT_FILE, Work
from sidecar.proving.past import Past, Span, archived_days, spans
from sidecar.servers import backtest_answers, backtests
from sidecar.servers.hub import Hub
from sidecar.servers.keys import KeyStore
from sidecar.servers.ports import Ports
from sidecar.settings import Settings
from sidecar.store.reader import Reader
from sidecar.teaching import MODELS, spec_of
from sidecar.telemetry.measured import Telemetry

#: Where the folders of backtests stand in the data directory, and what was imported.
BACKTESTS, ARCHIVE = "backtests", "archive"
#: How many that are over the topic tells beside those that stand.
_TOLD = 10


class Parts(Protocol):
    """What of a sidecar its backtests stand beside."""

    settings: Settings
    state: DeskState
    live: Live
    reader: Reader
    hub: Hub
    telemetry: Telemetry


class Proving:
    """Not started yet. A file of a strategy is only ever the one that the desk itself was started with."""

    def __init__(self, parts: Parts) -> None:
        self._settings, self._state, self._live = parts.settings, parts.state, parts.live
        self._reader, self._hub, self._telemetry = parts.reader, parts.hub, parts.telemetry
        self._data = parts.settings.data_dir.resolve()
        self._folder = self._data / BACKTESTS
        named = parts.settings.strategy
        self._own = Path(named).name if named.endswith(SUFFIX) else ""
        asked = parts.settings.backtest
        desk = Desk(
            now=self._live.now,
            work=self._work,
            bars=self._bars,
            remember=lambda record: self._live.remember([record]),
            recorded=self._reader.backtest,
            told=lambda _: self._tell(),
            ended=self._ended,
        )
        self._backtester = Backtester(desk, self._folder, keep=asked.keep, timeout_s=asked.timeout_s)

    def start(self) -> None:
        """Begin to run what is asked for."""
        self._tell()
        self._backtester.start()

    def stop(self) -> None:
        """End; one that runs is broken off."""
        self._backtester.stop()

    def router(self, ports: Ports, keys: KeyStore) -> APIRouter:
        """The doors of the backtests."""
        jobs = self._backtester.backtests
        testing = backtests.Testing(
            ask=lambda actor, request: self._backtester.ask(actor, checked(request, self._known(request))),
            cancel=self._backtester.cancel,
            job=lambda job_id: jobs.job(job_id) or self._reader.backtest(job_id),
            standing=jobs.standing,
            over=self._over,
            strategies=lambda: tuple(self._strategies.values()),
            result=lambda job_id: self._file(job_id, RESULT_FILE),
            report=lambda job_id: self._file(job_id, REPORT_FILE),
        )
        return backtests.router(ports, keys, testing)

    # ---- what is asked -------------------------------------------------------------------------------------------

    def _known(self, request: BacktestRequest) -> Known:
        there = self._spans(request)
        days = [there[symbol] for symbol in request.symbols if symbol in there]
        return Known(
            symbols=tuple(there),
            strategies=self._strategies,
            calendar=self._state.calendar,
            today=local_date(self._live.now(), self._state.calendar.zone),
            first=max((first for first, _ in days), default=None),
            last=min((last for _, last in days), default=None),
            models=tuple(line.id for line in self._reader.models() if line.role is not ModelRole.REFUSED),
        )

    def _spans(self, request: BacktestRequest) -> Mapping[str, Span]:
        """The first and the last day of what there is of each underlying, where the request would be run on it."""
        bars, archive = self._reader.bar_spans(), spans(archived_days(self._data / ARCHIVE))
        line = self._strategies.get(request.strategy)
        on_quotes = request.instrument is Instrument.ATM_OPTIONS or (line and Engine.VECTORISED not in line.engines)
        if on_quotes or request.source is Source.ARCHIVE:
            return archive
        if request.source is Source.AUTO and not set(request.symbols) <= set(bars):
            return archive or bars
        return bars

    @cached_property
    def _strategies(self) -> Mapping[str, StrategyLine]:
        return lines() | ({self._own: chosen_of(self._own, self._settings.strategy).line} if self._own else {})

    # ---- what each is given --------------------------------------------------------------------------------------

    def _work(self, job: BacktestJob) -> Work:
        settings, request = self._settings, job.request
        archive, bars = self._data / ARCHIVE, self._folder / job.id / BARS_FILE
        model = next((line for line in self._reader.models() if line.id == request.model_id), None)
        past = Past(
            config=replace(self._state.config, rehearsed=""),
            paper=paper_settings(settings),
            spec=spec_of(settings),
            plan=Plan(search=settings.learning.search, threads=settings.learning.threads),
            bars=str(bars) if request.source is not Source.ARCHIVE else "",
            archive=str(archive) if request.source is not Source.BARS and archive.is_dir() else "",
            models=str(self._data / MODELS),
            model=model,
            strategy_file=str(Path(settings.strategy).resolve()) if request.strategy == self._own != "" else "",
            strategy_s=settings.backtest.strategy_seconds,
        )
        return Work(job, past, settings.backtest.memory_mb, os.getpid())

    def _bars(self, request: BacktestRequest, path: Path) -> None:
        """Put the bars on record of what is asked for into a file; none where there are none."""
        if request.source is Source.ARCHIVE:
            return
        parts = [part for symbol in request.symbols if len((part := self._reader.bars(symbol))["at"])]
        if parts:
            save_bars(path, {name: np.concatenate([part[name] for part in parts]) for name in parts[0]})

    # ---- what is told --------------------------------------------------------------------------------------------

    def _over(self, limit: int, before: tuple[int, str] | None) -> list[BacktestJob]:
        """Those on record, and those of this start that may not be there yet."""
        found = {job.id: job for job in self._reader.backtests(limit, before)}
        for job in self._backtester.backtests.over():
            if before is None or (job.ended_at, job.id) < before:
                found[job.id] = job
        return sorted(found.values(), key=lambda job: (job.ended_at, job.id), reverse=True)[:limit]

    def _file(self, job_id: str, name: str) -> bytes | None:
        path = self._folder / job_id / name
        return path.read_bytes() if ID.fullmatch(job_id) and path.is_file() else None

    def _ended(self, job: BacktestJob) -> None:
        if job.state is not BacktestState.CANCELLED:
            self._telemetry.on_job("backtest", job.state is BacktestState.DONE)

    def _tell(self) -> None:
        jobs = self._backtester.backtests
        rows = (*jobs.standing(), *jobs.over()[:_TOLD])
        self._hub.tell("backtests", [backtest_answers.job(row) for row in rows], self._live.now())
