"""What the database is owed: journal records in order, each with its place in the chain, until a commit has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sidecar.domain.records import Entry, encode
from sidecar.store.frames import Head, link
from sidecar.store.projection import Line


class Group(NamedTuple):
    """Entries numbered from ``first``, and the chain's value after the last of them."""

    first: int
    entries: Sequence[Entry]
    digest: bytes


class Owed:
    """Takes groups that follow on ``reached``, the last record that was taken; one thread at a time.

    ``gap`` says why nothing more can be taken, if so: a record was not offered, or the chain computed here is not the
    journal's. The next start catches up.
    """

    def __init__(self, reached: Head) -> None:
        self.reached = reached
        self.gap: str | None = None
        self._groups: list[list[Line]] = []

    def __len__(self) -> int:
        return len(self._groups)

    def begin(self, lines: list[Line], head: Head) -> None:
        """Owe ``lines``, the last of which is the journal's ``head``, and nothing else."""
        self._groups, self.reached = [lines] if lines else [], head

    def take(self, group: Group) -> None:
        """Owe what of a group was not taken before."""
        reached, lines = self.reached, list[Line]()
        for seq, entry in enumerate(group.entries, group.first):
            if seq > reached.seq + 1:
                self.gap = f"journal record {reached.seq + 1} was not offered; the next start catches up"
                return
            if seq == reached.seq + 1:
                payload = encode(entry)
                reached = Head(seq, link(reached.digest, payload))
                lines.append(Line(seq, entry, payload, reached.digest))
        if lines and reached.digest != group.digest:
            self.gap = f"the chain here is not the journal's at record {reached.seq}; the next start catches up"
        elif lines:
            self._groups.append(lines)
            self.reached = reached

    def past(self, seq: int) -> list[Line]:
        """What is owed past record ``seq``: a commit that was reported as failed may be there all the same."""
        return [line for group in self._groups for line in group if line.seq > seq]

    def paid(self) -> None:
        """All of it is in the database."""
        self._groups = []
