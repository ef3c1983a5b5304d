"""``serve`` and ``up``: the sidecar alone, and the sidecar with the app beside it."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import subprocess
import sys
import webbrowser
from collections.abc import Callable
from ipaddress import ip_address
from threading import Thread

import uvicorn
from rich.console import Console

from sidecar import __version__
from sidecar.alarm import Alarm
from sidecar.domain.errors import ConfigurationError
from sidecar.doors import app_of, not_ready
from sidecar.notify_socket import Manager, Supervised
from sidecar.run import Sidecar
from sidecar.servers.keys import UI_FILE, first_start
from sidecar.servers.serving import Server, configuration
from sidecar.settings import REPOSITORY, Settings, load_settings
from sidecar.telemetry.log import install
from sidecar.telemetry.log_lines import Rotating
from sidecar.telemetry.measured import Telemetry
from sidecar.terminal.entering import link, url

#: How long an app may take to end before it is made to.
_GRACE_S = 5.0


def serve(options: argparse.Namespace) -> int:
    """The sidecar until it is told to end; 1 if the desk itself failed."""
    return _run(_settings(options), options, app=False)


def up(options: argparse.Namespace) -> int:
    """Sidecar and app; Ctrl-C ends both."""
    return _run(_settings(options), options, app=True)


def _settings(options: argparse.Namespace) -> Settings:
    flags = ("data_dir", "host", "port", "market", "tape", "speed", "seed", "strategy", "fund", "ui_port", "record")
    settings = load_settings(**{name: getattr(options, name, None) for name in flags})
    _refuse_open_door(settings.host)
    return settings


def _refuse_open_door(host: str) -> None:
    """Only loopback: without TLS in front, keys would cross the network in the clear."""
    try:
        local = host == "localhost" or ip_address(_bare(host)).is_loopback
    except ValueError:
        raise ConfigurationError("host", f"{host!r} is not an address", "use 127.0.0.1") from None
    if not local:
        raise ConfigurationError("host", f"{host} is not loopback", "bind 127.0.0.1 and put a TLS proxy in front")


def _bare(host: str) -> str:
    """The address as a socket takes it: IPv6 without its brackets."""
    return host.strip("[]")


def _refuse_taken(host: str, port: int, field: str) -> None:
    bare = _bare(host)
    with socket.socket(socket.AF_INET6 if ":" in bare else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bare, port))
        except OSError:
            flag = field.replace("_", "-")
            raise ConfigurationError(
                field, f"{host}:{port} is taken", f"stop what runs there, or use --{flag}"
            ) from None


def _run(settings: Settings, options: argparse.Namespace, *, app: bool) -> int:
    os.umask(0o077)  # what a desk writes is its owner's alone: DuckDB's log asks for no more by itself
    telemetry = Telemetry()
    level = logging.getLevelNamesMapping()[settings.log.level.upper()]
    undo = install(sys.stderr, level, telemetry.on_error, file=_log_file(settings))
    try:
        return _serve(settings, options, telemetry, app=app)
    finally:
        undo()


def _log_file(settings: Settings) -> Rotating | None:
    """The file of log lines; relative names are the data directory's."""
    log = settings.log
    return Rotating(settings.data_dir / log.file, log.file_mb * 1_000_000, log.files) if log.file else None


def _serve(settings: Settings, options: argparse.Namespace, telemetry: Telemetry, *, app: bool) -> int:
    console = Console(stderr=True)
    manager = Manager(os.environ)
    _refuse_taken(settings.host, settings.port, "port")
    if app:
        _refuse_taken(settings.host, settings.ui_port, "ui_port")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with Alarm() as alarm, Sidecar(settings, telemetry) as sidecar:
        made = first_start(settings.data_dir, settings.bootstrap_keys)
        server = Server(_configuration(settings, sidecar))
        sidecar.start()
        alarm.watch(lambda: sidecar.live.halt("signal", "SIGUSR1"))
        address = url(settings.host, settings.port)
        console.print(f"Deskwatch {__version__}, data in {settings.data_dir}", highlight=False)
        console.print(f"  sidecar  {address}  (described at {address}/docs)", highlight=False, soft_wrap=True)
        for role, secret in made.items():
            console.print(f"  {role} key, shown once: {secret}", highlight=False, soft_wrap=True)
        child = _start_app(settings) if app else None
        try:
            if child is not None:
                _announce(settings, options, console)
            _watch(sidecar, server, child)
            # Until uvicorn takes the signals, and again when it hands them on: end the server, then let us close.
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: setattr(server, "should_exit", True))
            with _supervised(manager, sidecar, server):
                server.run()
        finally:
            if child is not None:
                _end(child)
        if sidecar.live.failure:
            console.print(f"the desk failed: {sidecar.live.failure}; it is stopped, and stays so", highlight=False)
            return 1
    return 0


def _supervised(manager: Manager, sidecar: Sidecar, server: Server) -> Supervised:
    """The service manager hears of the desk while it serves."""
    live = sidecar.live

    def status() -> str:
        return f"breaker {live.latest.report.breaker.status}" if live.latest else "no report yet"

    return Supervised(manager, lambda: live.beats, lambda: server.started and not not_ready(sidecar), status)


def _configuration(settings: Settings, sidecar: Sidecar) -> uvicorn.Config:
    host = _bare(settings.host)
    return configuration(app_of(sidecar), host=host, port=settings.port, timeout_graceful_shutdown=3)


#: What only the sidecar may know.
_SECRETS = frozenset({"DESK_BOOTSTRAP_KEYS", "DESK_NOTICES__URLS", "DESK_NOTICES"})


def _start_app(settings: Settings) -> subprocess.Popen[bytes]:
    """The app in a process of its own. It gets the address and where its key lies, never the key itself."""
    environment = {
        **{name: value for name, value in os.environ.items() if name not in _SECRETS},
        "DESK_URL": url(settings.host, settings.port),
        "DESK_UI_KEY_FILE": str(settings.data_dir / UI_FILE),
        "PYTHONPATH": str(REPOSITORY),
    }
    where = ["--host", _bare(settings.host), "--port", str(settings.ui_port)]
    command = [sys.executable, "-m", "pages.parts.server", *where]
    return subprocess.Popen(command, cwd=REPOSITORY, env=environment, start_new_session=True)  # noqa: S603  our own program


def _announce(settings: Settings, options: argparse.Namespace, console: Console) -> None:
    address = url(settings.host, settings.ui_port)
    entrance = link(settings.data_dir, address)
    console.print(f"  app      {address}", highlight=False)
    console.print(f"  sign in  {entrance}", highlight=False, soft_wrap=True)
    console.print("           once, within ten minutes; another: python -m sidecar login", highlight=False)
    console.print("  Ctrl-C stops both", highlight=False)
    if not options.no_browser and sys.stdout.isatty():
        webbrowser.open(entrance)


def _watch(sidecar: Sidecar, server: Server, child: subprocess.Popen[bytes] | None) -> None:
    """End the server when the desk has ended; say so when the app has ended by itself."""

    def wait_for_desk() -> None:
        sidecar.live.ended.wait()
        server.should_exit = True

    def wait_for_app(app: subprocess.Popen[bytes]) -> None:
        status = app.wait()
        if not server.should_exit:
            Console(stderr=True).print(f"the app ended with status {status}; the sidecar goes on", highlight=False)

    waits: list[Callable[[], None]] = [wait_for_desk]
    if child is not None:
        waits.append(lambda: wait_for_app(child))
    for wait in waits:
        Thread(target=wait, daemon=True).start()


def _end(child: subprocess.Popen[bytes]) -> None:
    child.send_signal(signal.SIGTERM)
    try:
        child.wait(timeout=_GRACE_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
