"""A desk behind a cable that can be cut: what the stream's clients are tried on."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from sidecar.servers import browser, funds, stream
from sidecar.servers.http import create_app
from sidecar.servers.hub import Hub
from sidecar.servers.keys import KeyStore, Role
from sidecar.telemetry.measured import Telemetry
from tests.servers.desk import QUICK, Desk, report, serving
from tests.servers.streaming import SETTINGS, Wire

#: What a browser gets at ``/page``: a document of the cable's origin.
PAGE = b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 15\r\nconnection: close\r\n\r\n<!doctype html>"


class Cable:
    """A port whose connections go on to a server: ``cut`` ends them; ``down`` and ``no_sockets`` end new ones.

    While ``silent`` nothing is carried, though nothing ends either.
    """

    def __init__(self) -> None:
        self.down = self.no_sockets = False
        self.sockets = 0
        self._flowing = threading.Event()
        self._flowing.set()
        self._ends: list[socket.socket] = []
        self._to = ("127.0.0.1", 0)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def lead_to(self, url: str) -> None:
        self._to = ("127.0.0.1", int(urlsplit(url).port or 0))

    @property
    def silent(self) -> bool:
        return not self._flowing.is_set()

    @silent.setter
    def silent(self, silent: bool) -> None:
        (self._flowing.clear if silent else self._flowing.set)()

    def cut(self) -> None:
        """End every connection, as a network does: without a word."""
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._ends.clear()

    def close(self) -> None:
        self.silent = False
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        with near, suppress(OSError):
            head = near.recv(65_536)
            is_socket = b"upgrade: websocket" in head.lower()
            self.sockets += is_socket
            if head.startswith(b"GET /page "):
                near.sendall(PAGE)
                return
            if self.down or (is_socket and self.no_sockets):
                return
            with socket.create_connection(self._to) as far:
                self._ends += [near, far]
                far.sendall(head)
                back = threading.Thread(target=self._pump, args=(far, near), daemon=True)
                back.start()
                self._pump(near, far)
                back.join(5)

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                self._flowing.wait()
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)


@contextmanager
def reached(folder: Path, cable: Cable) -> Iterator[Wire]:
    """A desk at the end of a cable, with sockets, funds and the browsers' client; its pages have the cable's origin."""
    desk, keys, told = Desk(), KeyStore(folder), Telemetry()
    secrets = {role: keys.add(role, f"test-{role}") for role in Role}
    ports, settings = desk.ports(), replace(SETTINGS, allowed_origins=(cable.url,), sockets_per_address=50)
    hub = Hub(ports.version, ports.wall_now, keys.valid, settings, told.on_send)
    routers = [stream.router(hub, ports, keys), funds.router(ports, keys, lambda *_: []), browser.router()]
    wire = Wire(desk, hub, keys, secrets, told)
    with serving(create_app(ports, keys, QUICK, routers)) as url:
        wire.url = url
        wire.offer(report())
        cable.lead_to(url)
        yield wire
