"""The learning beside a running desk: who predicts, who keeps the score, and where both find what they need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from math import nan
from typing import NamedTuple

from sidecar.domain.alerts import Finding
from sidecar.domain.calendar import Calendar
from sidecar.domain.clock import DAY
from sidecar.domain.errors import InputError, ModelRejected, NotKnown
from sidecar.domain.events import AnyEvent, Noticed
from sidecar.domain.models import ModelLine
from sidecar.domain.reference import Reference
from sidecar.domain.report import Published
from sidecar.features.labels import LabelSpec
from sidecar.features.matrix import WARM_SESSIONS
from sidecar.learning.bar_file import Columns
from sidecar.learning.lineage import specs_of
from sidecar.learning.live import Desk, Forecaster
from sidecar.learning.record import Record
from sidecar.learning.registry import Registry
from sidecar.learning.standing import Standings
from sidecar.learning.watching import Cost, Watching
from sidecar.settings import Settings
from sidecar.store.reader import Reader
from sidecar.store.writer import Writer
from sidecar.tariff import round_trip

#: Calendar days in which the sessions that features need surely lie.
_WARM_DAYS = 3 * WARM_SESSIONS
#: The parts of the desk whose alerts are the models'.
SOURCES = ("model:", "drift:")


class Beside(NamedTuple):
    """What of a running sidecar the learning is given. ``now`` is market time; ``simulated`` and ``replayed`` say what
    market it is; ``on_job`` is told whether each measurement of the models could be made, ``on_forecast`` how long
    (seconds) each bar's predictions took. Neither may wait.
    """

    put: Callable[[AnyEvent], None]
    now: Callable[[], int]
    latest: Callable[[], Published | None]
    writer: Writer
    reader: Reader
    registry: Registry
    reference: Reference
    calendar: Calendar
    simulated: bool
    replayed: bool
    on_job: Callable[[str, bool], None] = lambda _, __: None
    on_forecast: Callable[[float], None] = lambda _: None


class Forecasting:
    """The forecaster and the models' standing. ``offer`` every report to it; it never waits."""

    def __init__(self, symbol: str, forecaster: Forecaster, standings: Standings, record: Record) -> None:
        self.symbol = symbol
        self.forecaster = forecaster
        self.standings = standings
        self.record = record

    def start(self) -> None:
        """Begin to predict, and to keep the score."""
        self.forecaster.start()
        self.standings.start()

    def stop(self) -> None:
        """End both."""
        self.forecaster.stop()
        self.standings.stop()

    def offer(self, published: Published) -> None:
        """Show a report; never waits."""
        self.forecaster.offer(published)


def forecaster_of(settings: Settings, beside: Beside) -> Forecasting | None:
    """What predicts and keeps the score by the settings, not started yet; None where learning is turned off.

    ``beside.registry`` is the models' on disk.
    """
    if not settings.learning.enabled:
        return None
    symbol = settings.learning.symbol or settings.simulation.underlyings[0]
    record = record_of(beside)
    standings = Standings(record, _notice(beside), beside.on_job)
    watching = Watching(
        symbol,
        beside.calendar,
        cost_of(beside.reference, symbol),
        volatility_index=settings.desk.volatility_index,
        rate=settings.desk.risk_free_rate,
        source="replay" if beside.replayed else "live",
        simulated=beside.simulated,
    )
    desk = Desk(
        put=beside.put,
        keep=beside.writer.offer_bars,
        now=beside.now,
        history=lambda: _history(beside, symbol),
        load=beside.registry.load,
        spec=lambda model_id: _spec(beside, model_id),
        suspended=lambda: standings.latest.suspended,
        replayed=beside.replayed,
        on_forecast=beside.on_forecast,
    )
    return Forecasting(symbol, Forecaster(symbol, beside.calendar, watching, desk), standings, record)


def record_of(beside: Beside) -> Record:
    """The live record of a running sidecar."""
    reader = beside.reader
    return Record(
        scored=reader.scored,
        pending=reader.pending,
        vectors=reader.vectors,
        models=lambda: _models(beside),
        known=lambda: _known(beside),
        manifest=beside.registry.manifest,
        spec=specs_of(beside.registry.manifest),
        now=beside.now,
        zone=beside.calendar.zone,
        alerts=lambda: _alerts(beside),
    )


def cost_of(reference: Reference, symbol: str) -> Cost:
    """What a round trip in ``symbol`` costs by the tables; NaN on a day that they do not know."""

    def cost(on: date, price: float) -> float:
        try:
            return round_trip(reference, symbol, on, price)
        except (NotKnown, InputError):
            return nan

    return cost


def _history(beside: Beside, symbol: str) -> Columns:
    """The newest bars on record of as many days as the features look back."""
    return beside.reader.bars(symbol, beside.now() - _WARM_DAYS * DAY)


def _models(beside: Beside) -> tuple[ModelLine, ...]:
    published = beside.latest()
    return published.report.models if published is not None else ()


def _known(beside: Beside) -> tuple[ModelLine, ...]:
    """Every model on record, each as the newest report has it."""
    return tuple(({one.id: one for one in beside.reader.models()} | {one.id: one for one in _models(beside)}).values())


def _alerts(beside: Beside) -> Sequence[str]:
    published = beside.latest()
    alerts = published.report.alerts if published is not None else ()
    return [one.fingerprint for one in alerts if not one.resolved and one.fingerprint.startswith(SOURCES)]


def _spec(beside: Beside, model_id: str) -> LabelSpec | None:
    """The label of a model, retired ones too; None where its files are gone."""
    known = next((one for one in _known(beside) if one.id == model_id), None)
    try:
        return beside.registry.manifest(known).spec if known is not None else None
    except ModelRejected:
        return None


def _notice(beside: Beside) -> Callable[[tuple[Finding, ...], tuple[str, ...]], None]:
    return lambda found, cleared: beside.put(Noticed(beside.now(), found, cleared))
