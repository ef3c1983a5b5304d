"""Real servers that take notices, well or badly."""

from __future__ import annotations

import json
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Hook:
    """What a webhook server was sent; ``answers`` are the statuses of its next answers, then 200."""

    def __init__(self) -> None:
        self.port = 0
        self.got: list[dict[str, Any]] = []
        self.answers: list[int] = []
        self.slow_s = 0.0
        self.attempts = 0

    @property
    def url(self) -> str:
        """Its address, with a secret in it."""
        return f"json://127.0.0.1:{self.port}/hush-secret-token?rto=0.3&cto=0.3"

    @property
    def bodies(self) -> list[str]:
        """The texts that were taken."""
        return [row["message"] for row in self.got]

    def take(self, payload: dict[str, Any]) -> int:
        """Take one; the status to answer."""
        self.attempts += 1
        if self.slow_s:
            time.sleep(self.slow_s)
        status = self.answers.pop(0) if self.answers else 200
        if status == 200:
            self.got.append(payload)
        return status


@contextmanager
def hook(port: int = 0) -> Iterator[Hook]:
    """A webhook server on this machine."""
    made = Hook()

    class Taker(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            payload = json.loads(self.rfile.read(int(self.headers["content-length"])))
            status = made.take(payload)
            try:
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()
            except OSError:
                pass  # whoever asked has gone

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Taker)
    server.daemon_threads = True
    made.port = server.server_address[1]
    with _running(server):
        yield made


@contextmanager
def mail() -> Iterator[tuple[int, list[str]]]:
    """An SMTP server; yields its port and the messages that it took."""
    took: list[str] = []

    class Postbox(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            while line := self.rfile.readline().decode().strip():
                word = line.split()[0].upper()
                if word == "DATA":
                    self.wfile.write(b"354 go on\r\n")
                    text = b"".join(iter(self.rfile.readline, b".\r\n"))
                    took.append(text.decode())
                self.wfile.write(b"221 bye\r\n" if word == "QUIT" else b"250 ok\r\n")
                if word == "QUIT":
                    return

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Postbox)
    server.daemon_threads = True
    with _running(server):
        yield server.server_address[1], took


@contextmanager
def _running(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=lambda: server.serve_forever(0.02))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def until(true: Callable[[], Any], seconds: float = 10.0) -> Any:
    """Wait for something to come true, and return it."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.01)
    return found
