"""A crowd of connections: taken a few at a time, none refused."""

from __future__ import annotations

import socket
import threading
import time

import pytest
from fastapi import FastAPI

from sidecar.servers.serving import ACCEPTED, Server, configuration


@pytest.mark.parametrize("crowd", [200])
def test_a_crowd_that_connects_at_once_waits_in_the_kernel_and_is_answered_to_the_last(crowd: int) -> None:
    app = FastAPI()
    app.add_api_route("/", lambda: "here")
    server = Server(configuration(app, port=0, lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        assert crowd > 10 * ACCEPTED
        sockets = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(crowd)]
        for one in sockets:
            one.sendall(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        answers = [one.recv(64) for one in sockets]
        assert all(answer.startswith(b"HTTP/1.1 200") for answer in answers)
        for one in sockets:
            one.close()
    finally:
        server.should_exit = True
        thread.join(10)


def test_the_loop_accepts_only_a_few_connections_in_one_turn() -> None:
    assert configuration(FastAPI(), port=0).backlog == ACCEPTED < 10
