"""Live predictions: a thread beside the desk that is shown every report and says what it expects, bar by bar.

The desk never waits for it: what it is shown stands in a short queue, and what it is too slow for is dropped and
counted. Features come from the same kernel as in training, labels from the same code.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Condition, Thread

import numpy as np

from sidecar.domain.bars import Bar
from sidecar.domain.calendar import Calendar
from sidecar.domain.clock import from_datetime
from sidecar.domain.errors import ModelRejected
from sidecar.domain.events import Forecast, Matured, ModelRefused
from sidecar.domain.models import LabelKind, ModelLine, ModelRole, Prediction
from sidecar.domain.report import DeskReport, Published
from sidecar.features.labels import LabelSpec
from sidecar.features.matrix import WARM_SESSIONS, Engine, row_of, rows_of
from sidecar.learning.bar_file import Columns, joined
from sidecar.learning.forecast import Place, forecast, sessions_old
from sidecar.learning.maturing import due_at, matured
from sidecar.learning.model import Model
from sidecar.learning.recent import Recent
from sidecar.learning.watching import Watching

log = logging.getLogger(__name__)

#: Reports that may wait: half a minute of a desk that reports ten times a second.
MOST_WAITING = 256
#: The newest latencies that are kept.
_KEPT = 10_000
_SCORING = (ModelRole.CHAMPION, ModelRole.CHALLENGER)
#: Labels that bars alone decide; a trade's needs its trade.
_OF_BARS = (LabelKind.FIXED_HORIZON, LabelKind.TRIPLE_BARRIER)

Event = Forecast | Matured | ModelRefused


@dataclass(frozen=True)
class Desk:
    """What the forecaster is given of the desk; ``put``, ``keep`` and ``now`` never wait.

    ``put`` leaves an event in the desk's inbox, ``keep`` hands bars to the store. ``now`` is market time, microseconds
    UTC. ``history`` reads the newest bars on record, in order. ``load`` opens a model and raises ``ModelRejected``,
    ``spec`` is the label of one that may be retired by now, None where its files are gone. ``suspended`` says by model
    id why signals are held back. ``replayed`` marks what is predicted on a tape: it counts in no live number.
    ``on_forecast`` is told each latency in seconds.
    """

    put: Callable[[Event], None]
    keep: Callable[[Sequence[Bar]], None]
    now: Callable[[], int]
    history: Callable[[], Columns]
    load: Callable[[ModelLine], Model]
    spec: Callable[[str], LabelSpec | None]
    suspended: Callable[[], Mapping[str, str]] = dict
    replayed: bool = False
    on_forecast: Callable[[float], None] = lambda _: None


class Forecaster:
    """Predicts ``symbol`` from ``start`` to ``stop``; ``offer`` it every report.

    ``problem`` is why the newest report could not be looked at, empty where it could. ``dropped`` counts reports that
    it was too slow for; ``latencies_s`` are the newest times from the offer of the
    report that closed a bar to the hand-over of its predictions; ``bars`` counts those that were made.
    """

    def __init__(self, symbol: str, calendar: Calendar, watching: Watching, desk: Desk) -> None:
        self.problem = ""
        self.dropped = 0
        self.bars = 0
        self.latencies_s: deque[float] = deque(maxlen=_KEPT)
        self._symbol = symbol
        self._calendar = calendar
        self._watching = watching
        self._desk = desk
        self._engine = Engine()
        self._recent: Recent | None = None
        self._lines: tuple[ModelLine, ...] = ()
        self._champions: dict[str, Model] = {}
        self._challengers: dict[str, Model] = {}
        self._refused: set[tuple[str, str]] = set()
        self._told: set[str] = set()
        self._specs: dict[str, LabelSpec | None] = {}
        self._waiting: deque[tuple[float, Published]] = deque()
        self._changed = Condition()
        self._stopped = False
        self._thread = Thread(target=self._run, name="forecaster", daemon=True)

    def start(self) -> None:
        """Begin: the bars on record first."""
        self._thread.start()

    def stop(self) -> None:
        """End; what was shown and not looked at is left."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(timeout=5.0)

    def offer(self, published: Published) -> None:
        """Show a report. Never waits: with too many shown and not looked at, the oldest is dropped."""
        with self._changed:
            if len(self._waiting) >= MOST_WAITING:
                self._waiting.popleft()
                self.dropped += 1
            self._waiting.append((time.perf_counter(), published))
            self._changed.notify()

    def p99_s(self) -> float | None:
        """The 99th percentile of the newest latencies; None before the first."""
        kept = tuple(self.latencies_s)
        return float(np.percentile(kept, 99)) if kept else None

    def begin(self) -> None:
        """Take up the bars on record: features go on where they were."""
        self._recall(self._desk.history())

    def take(self, published: Published, offered_s: float | None = None) -> None:
        """Look at one report; for the forecaster's thread, or for a caller that has none."""
        if self._recent is None:
            self.begin()
        report = published.report
        if report.models is not self._lines:
            self._choose(report.models)
        bar = self._watching.take(published)
        # A bar that is on record already, of before a restart, is not made twice.
        if bar is not None and self._recent is not None and bar.at >= self._recent.closes_at:
            self._predict(bar, offered_s)
            self._recent.append(bar)
            self._desk.keep((bar,))
            self.bars += 1
            self._warm()
        self._mature(report)

    def _recall(self, bars: Columns) -> None:
        self._recent = Recent(bars)
        self._engine = Engine()
        self._engine.steps(rows_of(self._recent.columns))

    def _warm(self) -> None:
        """Take up earlier bars that came on record since the start: the past that a first training made."""
        if self._recent is None or self._recent.sessions >= WARM_SESSIONS or not (self._champions or self._challengers):
            return
        known, history = self._recent.columns, self._desk.history()
        if len(history["at"]) and (not len(known["at"]) or history["at"][0] < known["at"][0]):
            self._recall(joined([history, known]))

    def _run(self) -> None:
        while (found := self._next()) is not None:
            try:
                self.take(found[1], found[0])
                self.problem = ""
            except Exception as error:
                # Whatever one report fails of, the next is due all the same; what does not change is logged once.
                if self.problem != repr(error):
                    log.exception("a report could not be looked at")
                self.problem = repr(error)

    def _next(self) -> tuple[float, Published] | None:
        with self._changed:
            while not (self._waiting or self._stopped):
                self._changed.wait()
            return None if self._stopped else self._waiting.popleft()

    def _predict(self, bar: Bar, offered_s: float | None) -> None:
        vector = self._engine.step(row_of(bar))
        suspended = self._desk.suspended()
        made: list[Prediction] = []
        for model in (*self._champions.values(), *self._challengers.values()):
            ends = due_at(self._calendar, bar, model.manifest.horizon)
            if ends is not None:
                old = sessions_old(self._calendar, model.manifest.trained_to, bar.at)
                held = suspended.get(model.line.id, "")
                made.append(forecast(model, bar, vector, Place(ends, old, held, self._desk.replayed)))
        if not made:
            return
        self._desk.put(Forecast(self._desk.now(), tuple(made)))
        if offered_s is not None:
            self.latencies_s.append(time.perf_counter() - offered_s)
            self._desk.on_forecast(self.latencies_s[-1])

    def _choose(self, lines: tuple[ModelLine, ...]) -> None:
        """Open what scores from now on. Until a family's new champion is open the one before goes on."""
        self._lines = lines
        mine = [one for one in lines if one.symbol == self._symbol and one.label in _OF_BARS and one.role in _SCORING]
        champions, challengers = dict[str, Model](), dict[str, Model]()
        for line in mine:
            model = self._opened(line)
            if line.role is ModelRole.CHAMPION and (model := model or self._champions.get(line.family)) is not None:
                champions[line.family] = model
            elif line.role is ModelRole.CHALLENGER and model is not None:
                challengers[line.id] = model
        self._champions, self._challengers = champions, challengers
        self._warm()

    def _opened(self, line: ModelLine) -> Model | None:
        known = {one.line.id: one for one in (*self._champions.values(), *self._challengers.values())}
        found = known.get(line.id)
        if found is not None and found.line.manifest_hash == line.manifest_hash:
            found.line = line
            return found
        if (line.id, line.manifest_hash) in self._refused:
            return None
        try:
            return self._desk.load(line)
        except ModelRejected as error:
            self._refused.add((line.id, line.manifest_hash))
            self._desk.put(ModelRefused(self._desk.now(), line.id, str(error)))
            return None

    def _mature(self, report: DeskReport) -> None:
        """Tell what became of predictions whose horizon this report's time has passed."""
        now = from_datetime(report.timestamp)
        due = [one for one in report.predictions if one.due_at <= now and one.symbol == self._symbol]
        self._told &= {one.id for one in report.predictions}
        due = [one for one in due if one.id not in self._told]
        if not due or self._recent is None:
            return
        specs = {one.model_id: self._spec(one.model_id) for one in due}
        if outcomes := matured(due, self._recent.columns, specs, now):
            self._told |= {one.prediction_id for one in outcomes}
            self._desk.put(Matured(self._desk.now(), outcomes))

    def _spec(self, model_id: str) -> LabelSpec | None:
        if model_id not in self._specs:
            self._specs[model_id] = self._desk.spec(model_id)
        return self._specs[model_id]
