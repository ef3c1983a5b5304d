"""uvicorn's WebSocket, which also takes frames that are made already: one made frame goes to every transport as it is.

Making a frame for each reader costs more than sending it. The server's frames are not masked, so all readers' are the
same bytes (RFC 6455, section 5.1). What a transport cannot take waits with whoever has it, never in here.
"""

from __future__ import annotations

import asyncio
import socket
from asyncio.transports import BaseTransport
from collections import deque
from collections.abc import Callable

from starlette.types import Scope
from uvicorn._types import ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState
from websockets.frames import Frame
from websockets.http11 import Request

EXTENSION = "deskwatch.outlet"
#: A text frame, whole: FIN and opcode 1.
_TEXT = 0x81
#: Bytes that may wait for a slow reader in this process and, on top, in the kernel: what waits there is old already.
_WAITING = 32 * 1024
_KERNEL = 64 * 1024


def framed(payload: bytes) -> bytes:
    """A text message as one unmasked frame.

    >>> framed(b"Hello").hex()  # RFC 6455, section 5.7
    '810548656c6c6f'
    """
    size = len(payload)
    if size < 126:
        head = bytes((_TEXT, size))
    elif size < 65_536:
        head = bytes((_TEXT, 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((_TEXT, 127)) + size.to_bytes(8, "big")
    return head + payload


def payload_of(frame: bytes) -> bytes:
    """The message of what :func:`framed` made."""
    return frame[{126: 4, 127: 10}.get(frame[1], 2) :]


class Porch:
    """Where those who want to be let in wait: so many at a time are seen to, however many come at once.

    A storm of reconnects is then spread over the loop's turns, and a stop waits for a few of them and not for all.
    """

    def __init__(self, at_once: int) -> None:
        self._room = at_once
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def enter(self) -> None:
        """Wait for one's turn."""
        if self._room > 0:
            self._room -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()
            raise

    def leave(self) -> None:
        """Let the next one in."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._room += 1


class Prepared(WebSocketsSansIOProtocol):
    """A ``uvicorn.Config(ws=…)``, made with :func:`prepared`. The application finds it with :func:`outlet_of`."""

    porch: Porch
    _inside = False
    on_open: Callable[[], None] = staticmethod(lambda: None)
    on_shut: Callable[[], None] = staticmethod(lambda: None)
    on_gone: Callable[[], None] = staticmethod(lambda: None)

    @property
    def open(self) -> bool:
        """Whether the reader keeps up: what is put now leaves at once."""
        return self.writable.is_set() and not self.close_sent and not self.disconnected

    @property
    def write(self) -> Callable[[bytes], None]:
        """What takes a made frame unasked, until ``on_shut`` or ``on_gone`` says that the reader lags or leaves."""
        return self.transport.write

    def put(self, frame: bytes) -> None:
        """Send a made frame; nothing once the socket is closing."""
        if not (self.close_sent or self.disconnected or self.transport.is_closing()):
            self.transport.write(frame)

    def part(self, code: int, reason: str, wait_s: float) -> None:
        """Close the socket, behind what was put; a reader that has not taken it within ``wait_s`` is cut off."""
        if self.close_sent or self.disconnected or self.transport.is_closing():
            return
        try:
            self.conn.send_close(code, reason)
        except InvalidState:
            return
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.stop_keepalive()
        self.close_sent = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(wait_s, self.transport.abort)

    def _let_in(self) -> None:
        if self._inside:
            self._inside = False
            self.porch.leave()

    # ---- uvicorn's -----------------------------------------------------------------------------------------------

    def connection_made(self, transport: BaseTransport) -> None:
        """Keep little for a slow reader."""
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=_WAITING)
        raw = self.transport.get_extra_info("socket")
        if raw is not None and raw.family in (socket.AF_INET, socket.AF_INET6):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _KERNEL)

    def handle_connect(self, event: Request) -> None:
        """Show itself to the application."""
        super().handle_connect(event)
        if hasattr(self, "scope"):
            self.scope["extensions"][EXTENSION] = self  # type: ignore[assignment]  # uvicorn's alone are declared

    async def run_asgi(self) -> None:
        """Serve the application, once it is this one's turn to be let in."""
        await self.porch.enter()
        self._inside = True
        try:
            await super().run_asgi()
        finally:
            self._let_in()

    async def send(self, message: ASGISendEvent) -> None:
        """Pass on what the application sends; who is let in, or turned away, makes room for the next."""
        await super().send(message)
        if self.handshake_complete:
            self._let_in()

    def pause_writing(self) -> None:
        """The reader is behind."""
        super().pause_writing()
        self.on_shut()

    def resume_writing(self) -> None:
        """The reader has caught up."""
        super().resume_writing()
        self.on_open()

    def handle_close(self, event: Frame) -> None:
        """The reader leaves."""
        self.on_gone()
        super().handle_close(event)

    def handle_parser_exception(self) -> None:
        """What the reader sent is no WebSocket."""
        self.on_gone()
        super().handle_parser_exception()

    def shutdown(self) -> None:
        """The server ends."""
        self.on_gone()
        super().shutdown()

    def connection_lost(self, exc: Exception | None) -> None:
        """The reader is gone."""
        self.on_gone()
        super().connection_lost(exc)

    def send_receive_event_to_app(self) -> None:
        """Close at text that is none, which uvicorn logs as if it were a fault of ours."""
        if self.curr_msg_data_type == "text" and not self.close_sent:
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.frames = []
                self.conn.send_close(1007)
                self.handle_parser_exception()
                return
        super().send_receive_event_to_app()

    def keepalive_timeout(self) -> None:
        """A reader that does not answer pings takes no close either."""
        self.on_gone()
        super().keepalive_timeout()
        self.loop.call_later(1.0, self.transport.abort)


def prepared(at_once: int = 4) -> type[Prepared]:
    """The protocol of one server, which sees to so many handshakes at a time."""
    return type("Prepared", (Prepared,), {"porch": Porch(at_once)})


def outlet_of(scope: Scope) -> Prepared:
    """The socket under an application's scope; it has none under a server that is not set up with :func:`prepared`."""
    found = scope.get("extensions", {}).get(EXTENSION)
    if not isinstance(found, Prepared):
        raise RuntimeError("the streams need uvicorn.Config(ws=prepared())")
    return found
