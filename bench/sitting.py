"""A session of the app without a browser: what a browser's Streamlit would say and hear over its socket.

It opens a page, obeys the timers that the page sets (a fragment drawn again every so many seconds) and counts what
arrives. Ten browsers would take more of the machine than the app that is measured.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol


@dataclass
class Sitting:
    """``begun`` and ``runs`` count drawings of the page or its timed part; ``waits`` the seconds that each took."""

    socket: ClientConnection
    page: str = ""
    query: str = ""
    bytes: int = 0
    messages: int = 0
    begun: int = 0
    runs: int = 0
    failures: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    _timers: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _asked: float = 0.0
    _idle: asyncio.Event = field(default_factory=asyncio.Event)

    async def open(self, page: str = "", *, patient: bool = True) -> None:
        """Go to a page, by the last part of its address; empty is the first. Returns when it is drawn."""
        self.page = page
        self.rest()
        await self._ask("")
        with contextlib.suppress(TimeoutError):  # a script that runs itself again for ever never ends
            await asyncio.wait_for(self._idle.wait(), 60.0 if patient else 3.0)

    def rest(self) -> None:
        """Obey no timer any more."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    async def _ask(self, fragment: str) -> None:
        message = BackMsg()
        asked = message.rerun_script
        asked.query_string, asked.page_name, asked.fragment_id = self.query, self.page, fragment
        asked.is_auto_rerun = bool(fragment)
        self._asked = time.perf_counter()
        self._idle.clear()
        await self.socket.send(message.SerializeToString())

    async def listen(self) -> None:
        """Hear until the socket ends."""
        async for raw in self.socket:
            self.bytes += len(raw)
            self.messages += 1
            heard = ForwardMsg.FromString(raw if isinstance(raw, bytes) else raw.encode())
            kind = heard.WhichOneof("type")
            if kind == "auto_rerun":
                self._time(heard.auto_rerun.fragment_id, heard.auto_rerun.interval)
            elif kind == "new_session":
                self.begun += 1
            elif kind == "script_finished":
                self._finished()
            elif kind == "delta" and heard.delta.new_element.WhichOneof("type") == "exception":
                self.failures.append(heard.delta.new_element.exception.message)

    def _finished(self) -> None:
        self.runs += 1
        self.waits.append(time.perf_counter() - self._asked)
        self._idle.set()

    def _time(self, fragment: str, interval: float) -> None:
        if (before := self._timers.pop(fragment, None)) is not None:
            before.cancel()
        self._timers[fragment] = asyncio.create_task(self._again(fragment, interval))

    async def _again(self, fragment: str, interval: float) -> None:
        while True:
            await asyncio.sleep(interval)
            if self._idle.is_set():  # as a browser does: no second request while the first is drawn
                await self._ask(fragment)


@asynccontextmanager
async def sitting(address: str, cookie: str = "", query: str = "") -> AsyncIterator[Sitting]:
    """A session at the app's ``address`` (http://127.0.0.1:8501), signed in by ``cookie`` where that is needed."""
    url = address.replace("http", "ws", 1) + "/_stcore/stream"
    headers = {"Origin": address, **({"Cookie": cookie} if cookie else {})}
    made = connect(url, subprotocols=[Subprotocol("streamlit")], additional_headers=headers, max_size=None, proxy=None)
    async with made as socket:
        one = Sitting(socket, query=query)
        hearing = asyncio.create_task(one.listen())
        try:
            yield one
        finally:
            one.rest()
            hearing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await hearing
