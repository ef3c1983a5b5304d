"""Trading signals over REST: an outside strategy's are taken, and what became of all is told."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import AfterValidator, BeforeValidator, Field
from starlette.requests import Request
from starlette.responses import Response

from sidecar.domain.clock import parse
from sidecar.domain.commands import SendSignal
from sidecar.domain.errors import UnknownContract
from sidecar.domain.report import DeskReport, OutcomeStatus
from sidecar.domain.signals import SignalRequest, SignalType
from sidecar.servers import bodies, commands, monitoring
from sidecar.servers import examples_signals as e
from sidecar.servers.auth import Auth
from sidecar.servers.keys import KeyStore, Role
from sidecar.servers.ports import HttpSettings, Ports
from sidecar.servers.problems import Problem
from sidecar.servers.recent_signals import ReadPage, Wanted, page_of, place_of
from sidecar.servers.repeats import Repeats
from sidecar.servers.rest import Cursor, Fund, PageSize, page, page_query, recorded
from sidecar.servers.routes import Row, answer, mount
from sidecar.servers.scores import scores
from sidecar.servers.witness import Since, Until
from sidecar.servers.words import PLAIN, Name, Note, Symbol, finite, lower, plain

Of = Annotated[
    str, Query(max_length=64, pattern=r"^[A-Za-z0-9&_.-]*$", description="An instrument id or its short form")
]
Status = Annotated[
    Literal["all", "open", "scored", "unscored"], Query(description="Those that wait, have a score, or got none")
]
#: The newest signals that scores are taken of.
MOST_SCORED = 20_000
_LONGEST_S = 2_592_000.0


class SignalBody(bodies.Body):
    """What you expect of ``symbol`` over ``horizon_s`` market seconds (thirty days at most), and how sure you are.

    ``quantity`` is positive units of the underlying, 0 where the signal names no size. Nothing is traded on it.
    """

    symbol: Symbol
    signal_type: Annotated[Literal["buy", "sell", "hold"], BeforeValidator(lower)]
    confidence: Annotated[
        float,
        BeforeValidator(finite, json_schema_input_type=Annotated[float, Field(ge=0, le=1)]),
        Field(ge=0, le=1),
    ]
    horizon_s: Annotated[
        float,
        BeforeValidator(finite, json_schema_input_type=Annotated[float, Field(ge=1, le=_LONGEST_S)]),
        Field(ge=1, le=_LONGEST_S),
    ]
    quantity: Annotated[int, Field(ge=0, le=bodies.MOST_UNITS)] = 0
    strategy: Name = "manual"
    model_id: Annotated[str, Field(max_length=100, json_schema_extra=PLAIN), AfterValidator(plain)] = ""
    fund_id: Name = "main"
    reason: Note = ""

    def request(self, symbol: str) -> SignalRequest:
        """The domain's signal, on the contract that the symbol resolved to."""
        told = {name: getattr(self, name) for name in SignalBody.model_fields}
        return SignalRequest(**{**told, "symbol": symbol, "signal_type": SignalType(self.signal_type)})


class Signals:
    """The endpoints; each method's text stands in the API's document."""

    def __init__(self, ports: Ports, read: ReadPage, settings: HttpSettings) -> None:
        self._ports = ports
        self._read = read
        self._settings = settings
        self.repeats = Repeats()

    async def send(self, request: Request) -> Response:
        """Put a signal on record, with the mark of this instant, before its outcome is known.

        It goes to every subscriber of `trading`, and is scored when its horizon has passed. Without a trusted price now
        it can never be: it is `unscored`, and `note` says why. 429 when a strategy signals more than 60 times a minute.
        """
        asked = await bodies.read(request, SignalBody)
        wanted = asked.request(self._ports.resolve(asked.symbol).id)
        command = SendSignal(**commands.stamp(self._ports, request), request=wanted)
        outcome = await commands.ask(self._ports, command, self._settings.command_timeout_s)
        if outcome.status is OutcomeStatus.REFUSED:
            raise Problem(429, outcome.message, {"retry-after": "60"})
        made = commands.done(outcome).signal
        if made is None:
            raise RuntimeError("a signal was taken and not told")
        return answer(monitoring.signal(made), 201)

    async def signals(
        self,
        limit: PageSize = 100,
        cursor: Cursor = "",
        fund_id: Fund = "",
        strategy: Fund = "",
        symbol: Of = "",
        status: Status = "all",
        since: Since = None,
        until: Until = None,
    ) -> Response:
        """Signals, newest first by when they were given, as they stood at `as_of`; `from` and `to` bound that time.

        `outcome_return` has the sign of the direction; of a `hold` it is the plain change. `as_of` is null where one of
        them may just have been scored.
        """
        before = page_query(limit, cursor, "", "").before
        state = "" if status == "all" else status
        bounds = _bounds(since, until)
        wanted = Wanted(limit + 1, before, fund_id, strategy, *bounds, self._named(symbol), state)
        report = self._report()
        rows, as_of = await recorded(self._ports, lambda: page_of(self._read, wanted, report))
        return page("signals", rows, limit, place_of, monitoring.signal, as_of)

    async def scores(
        self, fund_id: Fund = "", strategy: Fund = "", since: Since = None, until: Until = None
    ) -> Response:
        """How often the signals that named a direction were right, by strategy and in all (`*`).

        The newest 20,000 of the span are counted; `complete` says whether that is all of it. The rate comes with its
        95 % Wilson interval: one that holds 0.5 has shown nothing yet. Returns are before costs.
        """
        bounds, report = _bounds(since, until), self._report()
        wanted = Wanted(MOST_SCORED + 1, None, fund_id, strategy, *bounds)
        rows, as_of = await recorded(self._ports, lambda: page_of(self._read, wanted, report))
        lines = scores(rows[:MOST_SCORED])
        told = {"scores": lines, "count": len(lines), "signals": min(len(rows), MOST_SCORED)}
        return answer({**told, "complete": len(rows) <= MOST_SCORED, "as_of": as_of})

    def _named(self, symbol: str) -> str:
        with suppress(UnknownContract):  # one that has expired still has its signals
            return self._ports.resolve(symbol).id if symbol else ""
        return symbol

    def _report(self) -> DeskReport | None:
        published = self._ports.latest()
        return published.report if published else None


def _bounds(since: str | None, until: str | None) -> tuple[int | None, int | None]:
    low, high = (None if text is None else parse(text, name) for name, text in (("from", since), ("to", until)))
    return low, high


def router(ports: Ports, keys: KeyStore, read: ReadPage, settings: HttpSettings) -> APIRouter:
    """The routes of signals, for ``create_app(…, routers=[…])``."""
    at = Signals(ports, read, settings)
    history = "/monitoring/signals"
    rows = (
        Row("POST", "/signals", Role.TRADER, at.send, "Give a trading signal", SignalBody, e.SIGNAL_ASKED, e.SIGNAL,
            status=201, fails=(429, 503, 504), repeats=at.repeats),
        Row("GET", history, Role.VIEWER, at.signals, "Signals", answers=e.SIGNALS, fails=(422, 503)),
        Row("GET", f"{history}/scores", Role.VIEWER, at.scores, "How right signals were", answers=e.SCORES,
            fails=(422, 503)),
    )  # fmt: skip
    return mount(APIRouter(prefix="/api/v1", tags=["signals"]), rows, Auth(keys, ports))
