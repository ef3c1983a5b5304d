"""The desk's record as a client sees it: whether each line continues the hash chain of the one before it."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from itertools import pairwise
from typing import Any


def broken_link(records: Sequence[dict[str, Any]]) -> int | None:
    """The ``seq`` of the first record, oldest first, that does not continue the chain; None where all of them do.

    ``records`` are those of ``Desk.audit``, newest first and without a gap, over as many pages as you like. The first
    record of all cannot be checked without the one before it. A digest is SHA-256 over the digest before it (its 32
    bytes) and the ``payload``'s UTF-8; a record without one, of an older program, counts as broken.
    """
    for before, row in pairwise(reversed(records)):
        if row["seq"] != before["seq"] + 1 or row["digest"] is None or before["digest"] is None:
            return int(row["seq"])
        if sha256(bytes.fromhex(before["digest"]) + row["payload"].encode()).hexdigest() != row["digest"]:
            return int(row["seq"])
    return None
