"""The learning of a running sidecar: who predicts, who trains, and what its doors, scrapes and streams are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from fastapi import APIRouter

from sidecar import forecaster, scored
from sidecar.desk.state import DeskState
from sidecar.domain.models import ModelRole, TrainingRun
from sidecar.domain.report import Published
from sidecar.domain.training import TrainingJob
from sidecar.forecaster import Beside, forecaster_of
from sidecar.learning.registry import Registry
from sidecar.live import Live
from sidecar.promoting import promote
from sidecar.servers import learning, models, predictions, training
from sidecar.servers.hub import Hub
from sidecar.servers.keys import KeyStore
from sidecar.servers.ports import HttpSettings, Ports
from sidecar.settings import Settings
from sidecar.store.reader import Reader
from sidecar.store.writer import Writer
from sidecar.teaching import MODELS, trainer_of
from sidecar.telemetry.measured import Telemetry
from sidecar.telemetry.scene import ModelFacts


class Parts(Protocol):
    """What of a sidecar the learning stands beside."""

    settings: Settings
    state: DeskState
    live: Live
    writer: Writer
    reader: Reader
    hub: Hub
    telemetry: Telemetry


class Learner:
    """Not started yet. ``offer`` every report to it; it never waits. Turned off, it only tells what is on record."""

    def __init__(self, parts: Parts, *, simulated: bool) -> None:
        settings, state, live, telemetry = parts.settings, parts.state, parts.live, parts.telemetry
        self._live, self._reader, self._hub = live, parts.reader, parts.hub
        self._calendar = state.calendar
        self._registry = Registry(settings.data_dir.resolve() / MODELS)
        beside = Beside(
            put=live.inbox.put,
            now=live.now,
            latest=lambda: live.latest,
            writer=parts.writer,
            reader=parts.reader,
            registry=self._registry,
            reference=state.reference,
            calendar=state.calendar,
            simulated=simulated,
            replayed=settings.market == "replay",
            on_job=telemetry.on_job,
            on_forecast=telemetry.on_forecast,
        )
        self._forecasting = forecaster_of(settings, beside)
        self._record = self._forecasting.record if self._forecasting else forecaster.record_of(beside)
        self._trainer = (
            trainer_of(
                settings,
                state.calendar,
                live,
                parts.reader,
                parts.writer,
                lambda: tuple(state.book.round_trips),
                told=self._tell,
                ended=self._judge,
            )
            if settings.learning.enabled
            else None
        )

    def start(self) -> None:
        """Begin to predict and to train."""
        if self._forecasting is not None:
            self._forecasting.start()
        if self._trainer is not None:
            self._trainer.start()

    def stop(self) -> None:
        """End both; a training that runs is broken off."""
        if self._trainer is not None:
            self._trainer.stop()
        if self._forecasting is not None:
            self._forecasting.stop()

    def offer(self, published: Published) -> None:
        """Show a report; never waits."""
        if self._forecasting is not None:
            self._forecasting.offer(published)

    def models(self) -> int:
        """How many models are in use."""
        published = self._live.latest
        lines = published.report.models if published is not None else ()
        return sum(line.role in (ModelRole.CHAMPION, ModelRole.CHALLENGER) for line in lines)

    def facts(self) -> Sequence[ModelFacts]:
        """What a scrape reads of the models."""
        return scored.facts_of(self._forecasting.standings) if self._forecasting is not None else ()

    def routers(self, ports: Ports, keys: KeyStore, settings: HttpSettings) -> tuple[APIRouter, ...]:
        """The doors of the learning."""
        standings = self._forecasting.standings if self._forecasting is not None else None
        jobs = training.Training(self._reader.training_runs)
        if (trainer := self._trainer) is not None:
            jobs = replace(jobs, ask=trainer.ask, job=trainer.trainings.job, standing=trainer.trainings.standing)
        return (
            training.router(ports, keys, jobs),
            models.router(ports, keys, scored.models_of(self._reader, self._registry), settings),
            predictions.router(ports, keys, scored.learnt_of(self._reader, self._record, standings)),
        )

    def _judge(self, run: TrainingRun) -> None:
        """After each session's run, whatever came of it."""
        if run.session:
            promote(self._live, self._reader, self._registry, self._calendar)

    def _tell(self, job: TrainingJob) -> None:
        self._hub.tell("training", [learning.training(job)], self._live.now())
