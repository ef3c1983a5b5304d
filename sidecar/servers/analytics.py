"""``/api/v1``: chain, surface, Greeks, scenarios, P&L explain. Each answer names the report it was worked out from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Literal, Protocol

from fastapi import APIRouter, Path, Query
from pydantic import BeforeValidator, Field
from starlette.requests import Request
from starlette.responses import Response

from sidecar.domain import wire
from sidecar.domain.errors import InputError
from sidecar.servers import bodies, commands
from sidecar.servers import examples_analytics as e
from sidecar.servers.auth import Auth
from sidecar.servers.keys import KeyStore, Role
from sidecar.servers.ports import HttpSettings, Ports
from sidecar.servers.rest import Fund, reading
from sidecar.servers.routes import Row, mount
from sidecar.servers.words import Symbol, finite

Underlying = Annotated[str, Path(max_length=32, examples=["NIFTY"])]
Expiry = Annotated[str, Query(max_length=10, description="One expiry alone, as 2026-09-08; all without it")]
Table = Annotated[
    Literal["", "leg", "strategy", "fund", "underlying", "expiry"], Query(description="One table alone; all without it")
]
Json = dict[str, Any]

Move = Annotated[
    float,
    BeforeValidator(finite, json_schema_input_type=Annotated[float, Field(gt=-1.0, le=10.0)]),
    Field(gt=-1.0, le=10.0),
]
Shift = Annotated[
    float,
    BeforeValidator(finite, json_schema_input_type=Annotated[float, Field(ge=-5.0, le=5.0)]),
    Field(ge=-5.0, le=5.0),
]
Days = Annotated[
    float,
    BeforeValidator(finite, json_schema_input_type=Annotated[float, Field(ge=0.0, le=3_660.0)]),
    Field(ge=0.0, le=3_660.0),
]
_SPOTS = tuple(step / 100 for step in range(-10, 11))
_VOLS = tuple(step / 100 for step in range(-10, 11, 2))


class Analysis(Protocol):
    """What answers: plain values, or an ``InputError``. It may take tens of milliseconds: it is asked in a thread."""

    def chain(self, underlying: str, expiry: date | None) -> Json: ...
    def surface(self, underlying: str) -> Json: ...
    def greeks(self, by: str, fund_id: str) -> Json: ...
    def explain(self, fund_id: str, strategy: str) -> Json: ...
    def scenarios(self, **asked: Any) -> Json: ...


class LegBody(bodies.Body):
    """A leg laid on top of the book: signed units of the underlying (lots × lot size)."""

    symbol: Symbol
    quantity: Annotated[int, Field(ge=-bodies.MOST_UNITS, le=bodies.MOST_UNITS)]


class ScenariosBody(bodies.Body):
    """``spots`` are moves of every spot (-0.05 is 5 % down), ``vols`` are added to every volatility (0.01 is a point).

    ``days`` are calendar days that pass. ``sticky`` says what stays: each strike's volatility, or each moneyness's
    (delta). The book is that of ``fund_id``, ``strategy`` and ``underlying`` where given, with ``extra`` on top.
    """

    spots: Annotated[tuple[Move, ...], Field(min_length=1, max_length=201, strict=False)] = _SPOTS
    vols: Annotated[tuple[Shift, ...], Field(min_length=1, max_length=101, strict=False)] = _VOLS
    days: Annotated[tuple[Days, ...], Field(min_length=1, max_length=31, strict=False)] = (0.0,)
    sticky: Literal["strike", "delta"] = "strike"
    fund_id: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_.:*-]*$")] = ""
    strategy: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_.:-]*$")] = ""
    underlying: Annotated[str, Field(max_length=32, pattern=r"^[A-Z0-9&_]*$")] = ""
    extra: Annotated[tuple[LegBody, ...], Field(max_length=100, strict=False)] = ()
    per_leg: bool = False


class Analytics:
    """The endpoints."""

    def __init__(self, ports: Ports, analysis: Analysis, settings: HttpSettings) -> None:
        self._ports = ports
        self._analysis = analysis
        self._settings = settings

    async def chain(self, underlying: Underlying, expiry: Expiry = "") -> Response:
        """Every contract that still trades: market, implied volatility and what it rests on, all Greeks per unit."""
        day = _day(expiry) if expiry else None
        return await self._told(lambda: self._analysis.chain(underlying, day))

    async def surface(self, underlying: Underlying) -> Response:
        """The fitted smile (raw SVI) of each expiry with its quotes, and the surface on a grid of log-moneyness.

        `arbitrage` counts points of butterfly and calendar arbitrage on a dense grid: both are 0 on what is served.
        """
        return await self._told(lambda: self._analysis.surface(underlying))

    async def greeks(self, by: Table = "", fund_id: Fund = "") -> Response:
        """Exposure by leg, strategy, fund, underlying and expiry: Greeks, cash Greeks, the gamma P&L of a 1 % move."""
        return await self._told(lambda: self._analysis.greeks(by, fund_id))

    async def explain(self, fund_id: Fund = "", strategy: Fund = "") -> Response:
        """Why the day's P&L is what it is: theta, delta, gamma, vega, vanna, volga, trades, fees, and the unexplained.

        The parts of a line sum to its `total`, which is the P&L of the day, to the paisa.
        """
        return await self._told(lambda: self._analysis.explain(fund_id, strategy))

    async def scenarios(self, request: Request) -> Response:
        """The book revalued in full over spot × volatility × days, its payoff, its worst case and every named stress.

        `total` is by days, then spot, then volatility; P&L in account currency against the model's value now.
        """
        asked = await bodies.read(request, ScenariosBody)
        extra = tuple((self._ports.resolve(leg.symbol).id, leg.quantity) for leg in asked.extra)
        fields = {name: getattr(asked, name) for name in ScenariosBody.model_fields if name != "extra"}
        return await self._told(lambda: self._analysis.scenarios(**fields, extra=extra))

    async def _told(self, work: Callable[[], Json]) -> Response:
        """A piece of arithmetic on a report that is not old, done and put into words in a thread."""
        commands.fresh(self._ports, self._settings)
        raw = await reading(lambda: wire.encode(work()))
        return Response(raw, media_type="application/json")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError("expiry", f"{text!r} is not a day", "write it as 2026-09-08") from None


def router(ports: Ports, keys: KeyStore, analysis: Analysis, settings: HttpSettings | None = None) -> APIRouter:
    """The analytics' routes, for ``create_app(…, routers=[…])``; 503 once the report is too old for the settings."""
    at = Analytics(ports, analysis, settings or HttpSettings())
    rows = (
        Row("GET", "/chain/{underlying}", Role.VIEWER, at.chain, "An option chain", answers=e.CHAIN, fails=(422, 503)),
        Row("GET", "/surface/{underlying}", Role.VIEWER, at.surface, "A volatility surface", answers=e.SURFACE,
            fails=(422, 503)),
        Row("GET", "/greeks", Role.VIEWER, at.greeks, "Exposure tables", answers=e.GREEKS, fails=(422, 503)),
        Row("POST", "/scenarios", Role.VIEWER, at.scenarios, "Scenarios", ScenariosBody, e.SCENARIOS_ASKED,
            e.SCENARIOS, fails=(503,)),
        Row("GET", "/pnl/explain", Role.VIEWER, at.explain, "P&L explain", answers=e.EXPLAIN, fails=(422, 503)),
    )  # fmt: skip
    return mount(APIRouter(prefix="/api/v1", tags=["analytics"]), rows, Auth(keys, ports))
