"""A desk and its journal in memory, with a real notifier beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sidecar.domain.alerts import Finding
from sidecar.domain.records import Entry, NoticeRecorded
from sidecar.notices.channels import loading
from sidecar.notices.notifier import Desk, Notices, Rules
from tests.notices.making import T0, entry

QUICK = Rules(group_s=0.05, retry_s=0.05, retry_most_s=0.2)


class Site:
    """A journal in memory, a desk that keeps into it, and a notifier that can be killed and begun again."""

    def __init__(self, *urls: str, rules: Rules = QUICK) -> None:
        self.urls = urls
        self.rules = rules
        self.journal: list[Entry] = []
        self.found: list[tuple[tuple[Finding, ...], tuple[str, ...]]] = []
        self.wall = T0
        self.losing = False
        self.notices = Notices(None, rules)

    def begin(self) -> None:
        self.notices = Notices(loading(self.urls), self.rules)
        self.notices.fold(list(self.journal))
        self.notices.start(
            Desk(self.keep, lambda *told: self.found.append(told), lambda: T0, lambda: self.wall, "Desk")
        )

    def keep(self, records: Sequence[Any]) -> None:
        if not self.losing:
            self.put(*records)

    def put(self, *records: Any) -> None:
        """Records that are on disk now."""
        made = [entry(record, self.wall) for record in records]
        first = len(self.journal) + 1
        self.journal += made
        self.notices.take(first, made)

    def noticed(self) -> list[tuple[str, int, bool]]:
        records = [one.record for one in self.journal]
        return [(r.alert_id, r.revision, r.delivered) for r in records if isinstance(r, NoticeRecorded) and r.alert_id]
