"""A subscription: which topics, from where on, and what the client is told of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sidecar.servers.channel import Channel, Ready
from sidecar.servers.channels import Channels
from sidecar.servers.messages import Resume, Subscribe
from sidecar.servers.subscriber import Subscriber


class UnknownTopic(Exception):
    """A topic that there is not."""


def subscribe(channels: Channels, subscriber: Subscriber, asked: Subscribe) -> dict[str, Any]:
    """Add topics, all or none; returns what the ``ack`` says. What is told of them leaves with the next flush.

    :raises UnknownTopic: one of them is not a topic.
    :raises ValueError: a ``resume`` that does not say which topic it means.
    :raises PermissionError: a topic that this key may not read.
    """
    known, names = channels.by_name, list(dict.fromkeys(asked.subscriptions))
    for name in names:
        if name not in known:
            raise UnknownTopic(f"there is no topic {name!r}; topics: {', '.join(known)}")
        if not subscriber.key.role.covers(needed := known[name].topic.role):
            raise PermissionError(f"{name} needs the role {needed}; this key is {subscriber.key.role}")
    stands = asked.resume.stands(names) if asked.resume else {}
    told: dict[str, Any] = {}
    for name in names:
        channel = known[name]
        missed, how = _missed(channel, asked.resume, stands.get(name))
        subscriber.follow(channel, asked.filter.wanted() if asked.filter else {}, missed)
        told[name] = {"type": channel.topic.type, "kind": channel.topic.kind, "seq": channel.seq, "start": how}
    return {"to": "subscribe", "topics": told}


def _missed(channel: Channel, resume: Resume | None, seq: int | None) -> tuple[Sequence[Ready] | None, str]:
    if resume is None or seq is None:
        return None, "snapshot"
    missed = channel.since(seq) if resume.epoch == channel.epoch else None
    return missed, "resync" if missed is None else "resumed"
