"""Checks of the desk itself: its settings, its doors, its calendar and tables, and who is told."""

from __future__ import annotations

import socket

from sidecar import __version__
from sidecar.client import Desk
from sidecar.doctor.findings import Found, doubtful, faulty, well
from sidecar.doctor.scene import Scene
from sidecar.domain.errors import DeskRefused, DeskUnreachable
from sidecar.loading import strategies_of
from sidecar.notices.addresses import FILE, addresses
from sidecar.notices.channels import load
from sidecar.reference import load_stresses
from sidecar.settings import Settings, desk_config

#: Days of the sessions table ahead: less wants a look.
_AHEAD_DAYS = 45


def settings(scene: Scene) -> Found:
    """Every setting can be used, and the strategy that trades is there."""
    found = scene.settings
    config = desk_config(found)
    strategies_of(found.strategy, found.fund, found.simulation.underlyings[0])
    funds = ", ".join(config.capital)
    return well(f"{Settings.toml_path()}: {len(config.limits)} limits, funds {funds}, market {found.market}")


def reference(scene: Scene) -> Found:
    """The exchange's tables can be read."""
    found = scene.reference
    load_stresses()
    return well(f"{', '.join(found.exchanges)}; lots, fees, margins, rules and stresses are read")


def calendar(scene: Scene) -> Found:
    """The sessions table reaches far enough: beyond it nothing trades."""
    found = scene.calendar
    left = found.days_left(scene.now)
    says = f"{found.exchange} until {found.last}, {left} days ahead"
    remedy = "add the exchange's published sessions to data/reference/sessions.csv"
    if scene.settings.market == "sim":
        return well(f"{says} (a simulated market has its own days)")
    if left < 0:
        return faulty(says, remedy)
    return doubtful(says, remedy) if left < _AHEAD_DAYS else well(says)


def ports(scene: Scene) -> Found:
    """Its own desk answers there, or nobody does."""
    asked = scene.settings
    if scene.pid is not None:
        return _answering(scene)
    named = {"--port": asked.port, "--ui-port": asked.ui_port}
    taken = [f"{flag} {port}" for flag, port in named.items() if _taken(asked.host, port)]
    if taken:
        return faulty(f"{' and '.join(taken)} taken by another program", "stop what runs there, or name another port")
    return well(f"{asked.port} and {asked.ui_port} of {asked.host} are free")


def _answering(scene: Scene) -> Found:
    with Desk(scene.url) as desk:
        try:
            version = desk.health()["version"]
            desk.ready()
        except DeskUnreachable:
            problem = f"process {scene.pid} holds the data directory, and nothing answers at {scene.url}"
            return faulty(problem, "see its log, or name its --port")
        except DeskRefused as refusal:
            return faulty(f"the desk at {scene.url} is not ready: {refusal.detail}", "see its log and the System page")
    if version != __version__:
        return doubtful(f"Deskwatch {version} runs, and {__version__} is installed", "restart it")
    return well(f"the desk answers at {scene.url} and is ready")


def _taken(host: str, port: int) -> bool:
    bare = host.strip("[]")
    with socket.socket(socket.AF_INET6 if ":" in bare else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bare, port))
        except OSError:
            return True
    return False


def notices(scene: Scene) -> Found:
    """Somebody is told, by addresses that can be used; none of them is shown."""
    found = addresses(scene.folder, [secret.get_secret_value() for secret in scene.settings.notices.urls])
    if not found:
        remedy = f"write Apprise URLs, one a line, into {scene.folder / FILE} (0600)"
        return doubtful("nobody is told of alerts but who looks at the app", remedy)
    services = ", ".join(channel.service for channel in load(found))
    return well(f"{len(found)} addresses ({services}), from {scene.settings.notices.least} on")
