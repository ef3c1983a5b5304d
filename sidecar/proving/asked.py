"""One backtest under way: what its parts share from its beginning to its end."""

from __future__ import annotations

from typing import NamedTuple

from sidecar.backtest.ruled import FUND, Ruled
from sidecar.backtest.sweep import trials_of
from sidecar.domain.backtests import BacktestRequest, Engine
from sidecar.domain.calendar import Calendar
from sidecar.domain.errors import InputError
from sidecar.domain.reference import Reference
from sidecar.learning.plan import Progress, Tell
from sidecar.proving.chosen import Chosen, Numbers
from sidecar.proving.past import Past

#: Steps are told in so many parts of the whole.
WHOLE = 1_000


class Asked(NamedTuple):
    """``dask`` is a scheduler's address for a sweep, empty for this machine alone."""

    request: BacktestRequest
    past: Past
    chosen: Chosen
    reference: Reference
    calendar: Calendar
    tell: Tell
    dask: str = ""

    @property
    def engine(self) -> Engine:
        """Which engine runs it: the vectorised one where it can."""
        if self.request.engine is not Engine.AUTO:
            return self.request.engine
        alone = len(self.request.symbols) == 1
        return Engine.VECTORISED if self.chosen.rule is not None and alone else Engine.EVENT

    def sets(self) -> list[dict[str, float]]:
        """The sets of parameters that are tried: one where nothing is swept, else all combinations that can be.

        :raises InputError: none can be; what is wrong with the first.
        """
        found, wrong = [], None
        for one in trials_of(self.request):
            try:
                self.chosen.lots(one)
            except InputError as problem:
                wrong = wrong or problem
            else:
                found.append(one)
        if wrong is not None and not found:
            raise wrong
        return found

    def left_out(self) -> tuple[str, ...]:
        """What a reader has to know of the sets that cannot be."""
        tried, all_sets = len(self.sets()), len(trials_of(self.request))
        if tried == all_sets:
            return ()
        return (
            f"{all_sets - tried} of the {all_sets} combinations are none that the strategy can be, and were left out",
        )

    def ruled(self, parameters: Numbers) -> Ruled:
        """How it is run on bars with ``parameters``."""
        make, past = self.chosen.rule, self.past
        return Ruled(
            request=self.request,
            rule=(lambda: make(parameters)) if make is not None else None,
            own=lambda symbol: self.chosen.make(FUND, symbol, parameters),
            lots=self.chosen.lots(parameters),
            reference=self.reference,
            calendar=self.calendar,
            config=past.config,
            paper=past.paper,
            patience_s=past.strategy_s,
        )

    def step(self, name: str, done: int, note: str = "") -> None:
        """Tell how far it has come, in thousandths."""
        self.tell(Progress(name, done, WHOLE, note))


def silent(_: Progress) -> None:
    """Hears nothing: what runs elsewhere is told of by its end."""
