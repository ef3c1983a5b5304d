"""``serve`` and ``up`` before they serve: addresses, ports, signals' groundwork. The rest is in ``test_process.py``."""

import argparse
import socket
from pathlib import Path

import pytest

from sidecar.domain.errors import ConfigurationError
from sidecar.terminal import entering, running
from sidecar.terminal.parser import build, main
from tests.wiring import free_port


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]", "127.0.0.2"])
def test_loopback_addresses_are_taken(host: str) -> None:
    assert running._settings(build().parse_args(["serve", "--host", host])).host == host


@pytest.mark.parametrize(
    ("host", "url"),
    [("127.0.0.1", "http://127.0.0.1:8000"), ("::1", "http://[::1]:8000"), ("[::1]", "http://[::1]:8000")],
)
def test_an_address_is_written_as_a_browser_takes_it(host: str, url: str) -> None:
    assert entering.url(host, 8000) == url


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "example.org", ""])
def test_an_open_door_is_refused(host: str) -> None:
    with pytest.raises(ConfigurationError, match="host"):
        running._settings(build().parse_args(["serve", "--host", host]))


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_a_taken_port_is_named_before_anything_is_opened(family: int, host: str, tmp_path: Path) -> None:
    with socket.socket(family) as taken:
        try:
            taken.bind((host, 0))
        except OSError:
            pytest.skip(f"this machine has no {host}")
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=rf"port: {host}:{port} is taken"):
            running._refuse_taken(host, port, "port")
        data = tmp_path / "data"
        assert main(["serve", "--host", host, "--port", str(port), "--data-dir", str(data)]) == 2
        assert not data.exists()
    running._refuse_taken(host, port, "port")


def test_the_apps_port_is_checked_before_the_sidecar_opens(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        data = tmp_path / "data"
        assert main(["up", "--port", str(free_port()), "--ui-port", port, "--data-dir", str(data)]) == 2
        assert "use --ui-port" in capsys.readouterr().err
        assert not data.exists()


def test_flags_that_were_not_given_leave_the_settings_alone() -> None:
    settings = running._settings(argparse.Namespace(speed=3.0))
    assert (settings.speed, settings.port, settings.market) == (3.0, 8000, "sim")
