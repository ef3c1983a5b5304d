"""The chain of the record, as a client checks it."""

from hashlib import sha256
from typing import Any

import pytest

from sidecar.client import broken_link


def chain(payloads: list[str]) -> list[dict[str, Any]]:
    """Newest first, as ``Desk.audit`` tells it."""
    digest, rows = b"\x07" * 32, []
    for seq, payload in enumerate(payloads, 5):
        digest = sha256(digest + payload.encode()).digest()
        rows.append({"seq": seq, "payload": payload, "digest": digest.hex()})
    return rows[::-1]


def test_a_whole_chain_has_no_broken_link() -> None:
    assert broken_link(chain(["a", "é", '{"n":1}', ""])) is None
    assert broken_link([]) is None
    assert broken_link(chain(["alone"])) is None


@pytest.mark.parametrize("field", ["payload", "digest"])
@pytest.mark.parametrize("at", [6, 7])
def test_a_changed_line_is_named(field: str, at: int) -> None:
    rows = chain(["a", "b", "c", "d"])
    row = next(row for row in rows if row["seq"] == at)
    row[field] = "x" if field == "payload" else "00" * 32
    assert broken_link(rows) == at


def test_a_line_left_out_swapped_or_without_its_digest_is_named() -> None:
    rows = chain(["a", "b", "c", "d"])
    assert broken_link([row for row in rows if row["seq"] != 6]) == 7
    assert broken_link([rows[1], rows[0], *rows[2:]]) == 8
    assert broken_link([rows[0] | {"digest": None}, *rows[1:]]) == 8
