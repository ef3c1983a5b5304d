"""What is on disk goes on to the database in order, with the chain's value that belongs to the last of it."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from sidecar.domain.records import Audited, Entry
from sidecar.projecting import Projecting
from sidecar.store.frames import Head


def entry(number: int) -> Entry:
    return Entry(number, Audited(number, "ann", "stop", "done"))


class Database:
    def __init__(self, first: int) -> None:
        self.entries: list[Entry] = []
        self.next = first
        self.heads: list[Head] = []

    def take(self, first: int, entries: Sequence[Entry], digest: bytes) -> None:
        assert first == self.next
        self.entries += entries
        self.next += len(entries)
        self.heads.append(Head(self.next - 1, digest))


def test_a_group_whose_head_has_moved_on_waits_for_the_digest_that_fits() -> None:
    head, database = Head(0, b"0"), Database(1)
    projecting = Projecting(lambda: head, database.take)
    head = Head(3, b"3")
    projecting.take(1, [entry(1)])
    assert database.heads == []
    projecting.take(3, [entry(2), entry(3)])
    assert database.heads == [Head(3, b"3")]


@given(sizes=st.lists(st.integers(1, 4), min_size=1, max_size=12), order=st.randoms(use_true_random=False))
def test_groups_told_in_any_order_arrive_once_in_order_and_under_true_heads(sizes: list[int], order: object) -> None:
    already = 7
    ends = [already + sum(sizes[: n + 1]) for n in range(len(sizes))]
    reached = already
    database = Database(already + 1)
    projecting = Projecting(lambda: Head(reached, str(reached).encode()), database.take)
    groups = list(zip(ends, sizes, strict=True))
    order.shuffle(groups)  # type: ignore[attr-defined]
    for end, size in groups:
        reached = max(reached, end)
        projecting.take(end, [entry(number) for number in range(end - size + 1, end + 1)])
    assert [row.wall_at for row in database.entries] == list(range(already + 1, ends[-1] + 1))
    assert all(head.digest == str(head.seq).encode() for head in database.heads)
