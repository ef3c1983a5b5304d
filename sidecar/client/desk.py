"""One desk: what it says, what it can be asked, and its stream."""

from __future__ import annotations

import secrets
import ssl
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, Self

import httpx2
from websockets.asyncio.client import connect

from sidecar.client.acting import Acts
from sidecar.client.following import Frame, Json, Terms, answered, follow, socket_of
from sidecar.client.questions import segment
from sidecar.client.sampled import Sampled
from sidecar.client.sending import body_of
from sidecar.client.upkeep import Upkeep
from sidecar.domain.errors import DeskUnreachable

#: Seconds: to connect; to wait for a read; to wait for a command, whose answer waits for the disk and the venue.
CONNECT_S = 2.0
READ_S = 10.0
COMMAND_S = 15.0
_ORDER_TRIES = 3


@cache
def _tls() -> ssl.SSLContext:
    """One for all desks of the process: to load the certificates takes longer than most questions."""
    return httpx2.create_ssl_context(trust_env=False)


class Desk(Acts, Sampled, Upkeep):
    """A desk at ``url``. Without a key only what is public can be read. Use it in a ``with`` block, or ``close`` it.

    No command is ever sent twice, but for an order, which carries a ``client_order_id`` that the desk takes once.
    """

    def __init__(self, url: str = "http://127.0.0.1:8000", key: str | None = None) -> None:
        self.url = url.rstrip("/")
        self._headers = {"X-API-Key": key} if key else {}
        # A proxy from the environment must not stand between a person and the stop.
        self._http = httpx2.Client(
            base_url=self.url, headers=self._headers, verify=_tls(), trust_env=False, follow_redirects=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.shut()

    def shut(self) -> None:
        """Give back the connections."""
        self._http.close()

    # ---- reads ---------------------------------------------------------------------------------------------------

    def status(self) -> Json:
        """Breaker, market condition and counts; needs no key."""
        return self._read("/emergency/status")

    def health(self) -> Json:
        """That the process answers, and its version; needs no key."""
        return self._read("/emergency/health")

    def ready(self) -> Json:
        """That the desk can be relied on; :class:`DeskRefused` 503 says what is missing. Needs no key."""
        return self._read("/health/ready")

    def positions(self) -> Json:
        """Every open position with its P&L and Greeks, and the totals."""
        return self._read("/emergency/positions")

    def risk(self) -> Json:
        """P&L, drawdown, utilisation, Greeks, limits."""
        return self._read("/emergency/risk-metrics")

    def data_quality(self) -> Json:
        """How fresh and how complete the market data is."""
        return self._read("/emergency/data-quality")

    def overview(self) -> Json:
        """``status``, ``positions`` and ``risk`` as one dictionary. They are three reads, each with its own time."""
        return {
            "status": self.status()["data"],
            "positions": self.positions(),
            "risk": self.risk()["data"],
        }

    def orders(self, limit: int = 100, cursor: str = "", fund_id: str = "", strategy: str = "") -> Json:
        """Orders, newest first: ``orders``, and ``next_cursor`` for the page after."""
        return self._page("/api/v1/orders", limit, cursor, fund_id, strategy)

    def fills(self, limit: int = 100, cursor: str = "", fund_id: str = "", strategy: str = "") -> Json:
        """Executions and settlements, newest first."""
        return self._page("/api/v1/fills", limit, cursor, fund_id, strategy)

    def find(self, order_id: str) -> Json:
        """One order by its id."""
        return self._read(f"/api/v1/orders/{segment(order_id)}")

    def limits(self, fund_id: str = "") -> Json:
        """The limits in force and how far each is used."""
        return self._read("/api/v1/risk/limits", fund_id=fund_id)

    def breaker_history(self, limit: int = 100) -> list[Json]:
        """What the breaker did, newest first."""
        events: list[Json] = self._read("/api/v1/risk/breaker/history", limit=limit)["events"]
        return events

    def breaches(self, limit: int = 100) -> Json:
        """What is over a limit or near it ``now``, and the breaches on record (``history``), newest first."""
        return self._read("/api/v1/risk/breaches", limit=limit)

    def audit(
        self,
        limit: int = 100,
        cursor: str = "",
        actor: str = "",
        action: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Json:
        """The desk's record, newest first: ``records``, ``next_cursor``, and the ``head`` on disk.

        Times are aware. :func:`broken_link` checks the chain of what comes back unfiltered.
        """
        times = {"from": since.isoformat() if since else "", "to": until.isoformat() if until else ""}
        return self._read("/emergency/audit", limit=limit, cursor=cursor, actor=actor, action=action, **times)

    def logs(self, lines: int = 100, level: str = "info") -> list[Json]:
        """The newest lines of the sidecar's log at that level or above, newest first; for an admin's key."""
        found: list[Json] = self._read("/emergency/logs/recent", lines=lines, level=level)["logs"]
        return found

    def equity(self, fund_id: str = "*", limit: int = 500, minutes: int = 480) -> list[Json]:
        """A fund's value over the last ``minutes`` of market time, oldest first, thinned to ``limit`` points.

        Each has ``timestamp``, ``portfolio_value``, ``low``, ``high``, ``daily_pnl`` and ``drawdown``.
        """
        path = f"/api/v1/funds/{segment(fund_id)}/performance"
        items: list[Json] = self._read(path, limit=limit, minutes=minutes)["items"]
        return items

    # ---- commands ------------------------------------------------------------------------------------------------

    def what_if(self, orders: Sequence[Json]) -> Json:
        """What orders would do, sent one after another; nothing is sent. Each is a dictionary of :meth:`order`'s words:

        ``[{"symbol": "NIFTY24600CE", "quantity": 75, "side": "sell", "price": 83.4}]``. The gate's answer to each,
        every limit before and after, ``largest_quantity``, and each fund's book before and after all.
        """
        return self._command("POST", "/api/v1/what-if", {"orders": list(orders)})

    def order(
        self,
        symbol: str,
        quantity: int,
        side: str,
        price: Decimal | float | str | None = None,
        *,
        order_type: str = "LIMIT",
        time_in_force: str = "DAY",
        fund_id: str = "main",
        strategy: str = "manual",
        reason: str = "",
        client_order_id: str | None = None,
    ) -> Json:
        """Place one order; ``quantity`` is positive units of the underlying. :class:`DeskRefused` 409 says which limit.

        If the answer is lost the order is asked about again under the same ``client_order_id``, which the desk takes
        once; without one, one is made.
        """
        body: Json = {
            "symbol": symbol,
            "quantity": quantity,
            "side": side,
            "order_type": order_type,
            "time_in_force": time_in_force,
            "fund_id": fund_id,
            "strategy": strategy,
            "reason": reason,
            "client_order_id": client_order_id or f"py-{secrets.token_hex(8)}",
        }
        if price is not None:
            body["price"] = str(price) if isinstance(price, Decimal) else price
        for attempt in range(_ORDER_TRIES):
            try:
                return self._command("POST", "/api/v1/orders", body)
            except DeskUnreachable as error:
                if attempt == _ORDER_TRIES - 1 or isinstance(error.__cause__, httpx2.ConnectError):
                    raise
        raise AssertionError  # the loop returns or raises

    # ---- the stream ----------------------------------------------------------------------------------------------

    def stream(
        self,
        topics: Sequence[str],
        resume: Mapping[str, Any] | None = None,
        *,
        filter: Mapping[str, str] | None = None,  # noqa: A002 - the frame's own word
        first_wait_s: float = 0.25,
        longest_wait_s: float = 10.0,
        heartbeat_s: float = 10.0,
        poll_s: float = 0.0,
    ) -> AsyncGenerator[Frame, None]:
        """Every frame of ``topics``, once, in order, for ever: lost connections are taken up again where they broke.

        ``resume`` is a :attr:`Mirror.resume` of before. A topic that cannot be resumed, or of which a frame is missing,
        begins with a ``snapshot``, as does every new one. After each failure it waits up to twice as long as before.
        With ``poll_s`` it meanwhile reads over REST, that often, and gives what it reads as ``polled`` snapshots. A
        desk that is silent for ``heartbeat_s`` is asked for a sign of life, and left if it gives none.

        :raises DeskUnreachable: nothing answers the first time.
        :raises DeskRefused: the key is wrong, was revoked or may not read a topic, or there is no such topic.
        """
        terms = Terms(topics, filter or {}, first_wait_s, longest_wait_s, heartbeat_s, poll_s)
        return follow(self.url, self._headers, terms, resume, self._read)

    def socket(self) -> connect:
        """A connection to the stream, with the key, as it is: for whoever hands frames on."""
        return socket_of(self.url, self._headers)

    # ---- HTTP ----------------------------------------------------------------------------------------------------

    def _page(self, path: str, limit: int, cursor: str, fund_id: str, strategy: str) -> Json:
        return self._read(path, limit=limit, cursor=cursor, fund_id=fund_id, strategy=strategy)

    def _read(self, path: str, **query: str | int) -> Json:
        given = {name: value for name, value in query.items() if value != ""}
        return self._ask("GET", path, READ_S, params=given)

    def _command(self, method: str, path: str, body: Json | None = None) -> Json:
        content = None if body is None else body_of(body)
        return self._ask(method, path, COMMAND_S, content=content, headers={"content-type": "application/json"})

    def _ask(self, method: str, path: str, wait_s: float, **more: Any) -> Json:
        answer = self._sent(method, path, httpx2.Timeout(wait_s, connect=CONNECT_S), **more)
        return answered(answer.status_code, answer.content)
