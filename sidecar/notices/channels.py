"""Channels: Apprise behind the least that the desk needs of it, a message that is taken or is not."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

from sidecar.domain.errors import ConfigurationError
from sidecar.notices.addresses import FILE, digest
from sidecar.notices.wording import Message

#: These write addresses, with the secrets in them, into their log lines.
_TALKERS = ("apprise", "urllib3", "requests_oauthlib", "oauthlib")


class Channel(NamedTuple):
    """A way out. ``digest`` stands for its address; ``send`` is true when the service has taken the message."""

    digest: str
    service: str
    send: Callable[[Message], bool]

    @property
    def name(self) -> str:
        """What people are told of it."""
        return f"{self.service} {self.digest[:6]}"


def loading(found: Sequence[str]) -> Future[tuple[Channel, ...]] | None:
    """The channels of some addresses, from a thread: Apprise takes a second to load. None for none."""
    if not found:
        return None
    pool = ThreadPoolExecutor(1, "notices")
    made = pool.submit(load, found)
    pool.shutdown(wait=False)
    return made


def load(found: Sequence[str]) -> tuple[Channel, ...]:
    """A channel an address. :raises ConfigurationError: one is no Apprise URL; it is named by its place alone."""
    from apprise import Apprise, AppriseAsset  # a second, and a hundred modules: only where there are channels

    for name in _TALKERS:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    # Without a time of its own for a service it sends in the caller's thread, which is a daemon: nothing is waited for
    # when the process ends. Connecting and reading have their times all the same (4 s each, ?cto= and ?rto=).
    asset = AppriseAsset(app_id="Deskwatch", async_mode=False, service_timeout=0, pgp_autogen=False, pem_autogen=False)
    channels = []
    for place, address in enumerate(found, 1):
        service = Apprise.instantiate(address, asset=asset)
        if service is None:
            problem = f"address {place} of {len(found)} is no Apprise URL"
            raise ConfigurationError(FILE, problem, "mend it there or in notices.urls; apprise's README lists them")
        one = Apprise(service, asset=asset)
        channels.append(Channel(digest(address), str(service.service_name), _sender(one.notify)))
    return tuple(channels)


def _sender(notify: Callable[..., object]) -> Callable[[Message], bool]:
    def send(message: Message) -> bool:
        title, body, mark = message
        return bool(notify(body=body, title=title, notify_type=mark, body_format="text"))

    return send
