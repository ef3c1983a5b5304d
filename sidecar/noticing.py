"""The notifier of a running sidecar: where its notices go, and what it is shown of the desk."""

from __future__ import annotations

from sidecar.domain.alerts import AlertLevel, Finding
from sidecar.domain.events import Noticed
from sidecar.live import Live, wall_now
from sidecar.notices.addresses import addresses
from sidecar.notices.channels import loading
from sidecar.notices.notifier import Desk, Notices, Rules
from sidecar.settings import Settings


def notices_of(settings: Settings) -> Notices:
    """The notifier by the settings, its channels still loading.

    :raises ConfigurationError: the file of addresses cannot be read, or others may read it.
    """
    asked = settings.notices
    found = addresses(settings.data_dir, [secret.get_secret_value() for secret in asked.urls])
    rules = Rules(AlertLevel(asked.least), asked.group_s, asked.retry_s, give_up_s=asked.give_up_s)
    return Notices(loading(found), rules)


def begin(notices: Notices, live: Live, *, simulated: bool) -> None:
    """Let it send; what it finds of itself goes to the desk, and what it did into the journal."""

    def found(findings: tuple[Finding, ...], cleared: tuple[str, ...]) -> None:
        live.inbox.put(Noticed(live.now(), findings, cleared))

    name = "Deskwatch, simulated" if simulated else "Deskwatch"
    notices.start(Desk(live.remember, found, live.now, wall_now, name))
