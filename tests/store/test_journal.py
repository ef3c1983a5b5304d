"""The journal as its callers see it: a number is given only for what will be found again."""

import errno
import os
import random
import stat
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.domain.errors import JournalDamaged, JournalFailed
from sidecar.store.disk import Disk
from sidecar.store.frames import MAX_PAYLOAD, SLOT_BYTES, SLOT_STRIDE, Head, decode_slots
from sidecar.store.journal import Journal
from sidecar.store.recovery import head_path, newest, verified

EPOCH = b"0123456789abcdef"


class FailingDisk(Disk):
    """The real disk until its ``nth`` call of the kind ``call``, which fails as ``how`` says; later ones work again."""

    def __init__(self, call: str, nth: int, how: int | str) -> None:
        self.call, self.left, self.how = call, nth, how
        self.calls: list[str] = []

    def hit(self, call: str) -> bool:
        self.calls.append(call)
        self.left -= call == self.call
        return self.left == 0 and call == self.call

    def pwrite(self, fd: int, data: bytes | memoryview, offset: int) -> int:
        if self.hit("pwrite"):
            self.left = -1
            if self.how == "short":
                return super().pwrite(fd, data[: len(data) // 2], offset)
            if self.how == "short, then full":
                self.left, self.how = 1, errno.ENOSPC
                return super().pwrite(fd, data[: len(data) // 2], offset)
            if self.how == "nothing":
                return 0
            raise OSError(self.how, os.strerror(int(self.how)))
        return super().pwrite(fd, data, offset)

    def fdatasync(self, fd: int) -> None:
        if self.hit("fdatasync"):
            raise OSError(self.how, os.strerror(int(self.how)))
        super().fdatasync(fd)


class SlowDisk(Disk):
    """The real disk behind a gate: a sync waits until it is opened."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.waits = threading.Event()
        self.syncs = 0

    def fdatasync(self, fd: int) -> None:
        self.waits.set()
        assert self.gate.wait(30)
        self.syncs += 1
        super().fdatasync(fd)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.log"


def payloads_of(path: Path) -> list[bytes]:
    with Journal.open(path, epoch=EPOCH) as journal:
        return [record.payload for record in journal.recovered]


def outcomes(futures: Sequence[Future[int]]) -> tuple[list[int], int]:
    """The acknowledged numbers and the count of those refused with the typed error; waits for all."""
    errors = [future.exception(timeout=30) for future in futures]
    assert all(error is None or isinstance(error, JournalFailed) for error in errors)
    good = [future.result() for future, error in zip(futures, errors, strict=True) if error is None]
    return good, len(futures) - len(good)


batches = st.lists(st.lists(st.binary(max_size=300), min_size=1, max_size=5), max_size=12)


@settings(max_examples=30, deadline=None)
@given(batches, st.integers(0, 12))
def test_everything_acknowledged_is_there_after_reopening_in_order_and_once(
    tmp_path_factory: pytest.TempPathFactory, groups: list[list[bytes]], split: int
) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.log"
    numbers: list[int] = []
    for part in (groups[:split], groups[split:]):
        with Journal.open(path, epoch=EPOCH) as journal:
            futures = [journal.append_many(group) for group in part]
        numbers += [future.result() for future in futures]
    expected = [payload for group in groups for payload in group]
    assert payloads_of(path) == expected
    assert [b - a for a, b in pairwise([0, *numbers])] == [len(group) for group in groups]
    assert verified(path).scan.head.seq == len(expected)


def test_the_head_moves_with_the_acknowledgement_and_is_found_again(path: Path) -> None:
    with Journal.open(path, epoch=EPOCH) as journal:
        before = journal.head
        assert journal.append(b"one").result() == 1
        after = journal.head
    assert (before.seq, after.seq) == (0, 1)
    with Journal.open(path, epoch=b"ignored when old") as journal:
        assert (journal.head, journal.note) == (after, "")
        assert journal.recovered[-1].digest == after.digest


def test_eight_threads_share_the_syncs_and_each_keeps_its_order(path: Path) -> None:
    groups: list[int] = []
    journal = Journal.open(path, epoch=EPOCH, on_sync=lambda seconds, records: groups.append(records))
    acknowledged: list[list[int]] = [[] for _ in range(8)]

    def work(thread: int) -> None:
        for first in range(0, 100, 10):
            futures = [journal.append(f"{thread}:{n}".encode()) for n in range(first, first + 10)]
            acknowledged[thread] += [future.result() for future in futures]

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.close()
    assert sum(groups) == 800
    assert len(groups) < 400
    found = payloads_of(path)
    for n, numbers in enumerate(acknowledged):
        assert numbers == sorted(numbers)
        assert [found[seq - 1] for seq in numbers] == [f"{n}:{i}".encode() for i in range(100)]


def test_what_waits_during_a_sync_is_synced_together_and_nothing_is_told_before(path: Path) -> None:
    disk = SlowDisk()
    disk.gate.set()
    with Journal.open(path, epoch=EPOCH, io=disk) as journal:
        disk.gate.clear()
        disk.waits.clear()
        first = journal.append(b"first")
        assert disk.waits.wait(30)
        rest = [journal.append(b"%d" % n) for n in range(100)]
        assert not any(future.done() for future in [first, *rest])
        disk.syncs = 0
        disk.gate.set()
        assert rest[-1].result(timeout=30) == 101
    assert disk.syncs == 4  # two groups, journal and head each


def test_a_stuck_disk_refuses_what_exceeds_the_queue_and_recovers(path: Path) -> None:
    disk = SlowDisk()
    disk.gate.set()
    with Journal.open(path, epoch=EPOCH, io=disk, pending_records=5) as journal:
        disk.gate.clear()
        waiting = [journal.append(b"kept") for _ in range(5)]
        with pytest.raises(JournalFailed, match="too many records wait"):
            journal.append(b"too many").result(timeout=0)
        assert journal.waiting == 5
        disk.gate.set()
        assert [future.result(timeout=30) for future in waiting] == [1, 2, 3, 4, 5]
        assert journal.append(b"again").result(timeout=30) == 6
        assert journal.waiting == 0


def test_a_record_is_written_even_if_the_one_who_asked_gives_up(path: Path) -> None:
    with Journal.open(path, epoch=EPOCH) as journal:
        future = journal.append(b"stop")
        assert not future.cancel()
    assert payloads_of(path) == [b"stop"]


FAULTS = [
    *[("pwrite", how) for how in (errno.EIO, errno.ENOSPC, "short, then full", "nothing")],
    *[("fdatasync", how) for how in (errno.EIO, errno.ENOSPC)],
]


@pytest.mark.parametrize("nth", range(1, 13))
@pytest.mark.parametrize(("call", "how"), FAULTS)
def test_after_the_nth_failure_nothing_is_half_acknowledged(path: Path, call: str, how: int | str, nth: int) -> None:
    with Journal.open(path, epoch=EPOCH) as journal:
        journal.append(b"earlier")
    disk = FailingDisk(call, nth, how)
    told: list[bytes] = []
    try:
        with Journal.open(path, epoch=EPOCH, io=disk) as journal:
            for n in range(10):
                future = journal.append(b"event %d" % n)
                if future.exception(timeout=30) is None:
                    told.append(b"event %d" % n)
            good, refused = outcomes([journal.append(b"late")])
            assert (good, refused) == ([], 1)
            assert journal.refusal is not None
        assert len(told) < 10
    except JournalFailed:  # the call that failed was the opening's own, which syncs once and writes nothing here
        assert (call, nth) == ("fdatasync", 1)
    found = payloads_of(path)
    assert found[: len(told) + 1] == [b"earlier", *told]
    # A record whose head could not be written is there though its caller was refused; one at most, as they came singly
    assert found[len(told) + 1 :] in ([], [b"event %d" % len(told)])


def test_a_failed_sync_is_never_tried_again(path: Path) -> None:
    Journal.open(path, epoch=EPOCH).close()
    disk = FailingDisk("fdatasync", 2, errno.EIO)
    with Journal.open(path, epoch=EPOCH, io=disk) as journal:
        assert outcomes([journal.append(b"lost")]) == ([], 1)
        calls = list(disk.calls)
        assert outcomes([journal.append(b"late") for _ in range(3)]) == ([], 3)
    assert disk.calls == calls
    assert payloads_of(path) == []


def test_all_who_wait_for_a_failed_sync_are_told(path: Path) -> None:
    Journal.open(path, epoch=EPOCH).close()
    disk = FailingDisk("fdatasync", 2, errno.EIO)
    with Journal.open(path, epoch=EPOCH, io=disk) as journal:
        futures = [journal.append(b"%d" % n) for n in range(500)]
    assert outcomes(futures) == ([], 500)


def test_who_comes_while_a_sync_is_failing_is_told_too(path: Path) -> None:
    Journal.open(path, epoch=EPOCH).close()
    begun, fail = threading.Event(), threading.Event()

    class Hanging(Disk):
        def fdatasync(self, fd: int) -> None:
            if armed:
                begun.set()
                assert fail.wait(30)
                raise OSError(errno.EIO, "gone")
            super().fdatasync(fd)

    armed = False
    with Journal.open(path, epoch=EPOCH, io=Hanging()) as journal:
        armed = True
        first = journal.append(b"first")
        assert begun.wait(30)
        later = [journal.append(b"later") for _ in range(3)]
        fail.set()
        assert outcomes([first, *later]) == ([], 4)
    assert payloads_of(path) == []


def test_a_short_write_is_continued(path: Path) -> None:
    for nth in range(1, 7):
        disk = FailingDisk("pwrite", nth, "short")
        with Journal.open(path, epoch=EPOCH, io=disk) as journal:
            assert journal.append(b"event %d" % nth).result(timeout=30) == nth
        assert "pwrite" in disk.calls
    assert payloads_of(path) == [b"event %d" % nth for nth in range(1, 7)]


def test_a_listener_that_raises_ends_the_writer_with_the_typed_error(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raised: list[type[BaseException]] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: raised.append(args.exc_type))

    def listener(seconds: float, records: int) -> None:
        raise LookupError("no such metric")

    with Journal.open(path, epoch=EPOCH, on_sync=listener) as journal:
        assert journal.append(b"kept").result(timeout=30) == 1
        journal._thread.join(30)
        assert outcomes([journal.append(b"late")]) == ([], 1)
    assert raised == [LookupError]
    assert payloads_of(path) == [b"kept"]


def test_a_closed_journal_has_written_what_was_queued_and_takes_no_more(path: Path) -> None:
    journal = Journal.open(path, epoch=EPOCH)
    futures = [journal.append(b"%d" % n) for n in range(300)]
    journal.close()
    journal.close()
    assert outcomes(futures) == (list(range(1, 301)), 0)
    with pytest.raises(JournalFailed, match="it is closed"):
        journal.append(b"late").result(timeout=0)


def test_an_oversize_payload_an_empty_batch_and_a_bad_epoch_are_refused_before_anything_is_written(path: Path) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        Journal.open(path, epoch=b"short")
    assert not path.exists()
    with Journal.open(path, epoch=EPOCH) as journal:
        with pytest.raises(ValueError, match="nothing to append"):
            journal.append_many([])
        with pytest.raises(ValueError, match="at most"):
            journal.append_many([b"", bytes(MAX_PAYLOAD + 1)])
        assert journal.append(bytes(MAX_PAYLOAD)).result() == 1
    assert [len(payload) for payload in payloads_of(path)] == [MAX_PAYLOAD]


APPEND = """
import os, sys, threading
from pathlib import Path
from sidecar.store.journal import Journal
turn = sys.argv[2]
journal = Journal.open(Path(sys.argv[1]), epoch=bytes(16))
def tell(future, payload):
    try:
        os.write(1, b"%d %s\\n" % (future.result(), payload))
    except BrokenPipeError:
        os._exit(1)
def work(thread):
    n = 0
    while True:
        futures = []
        for _ in range(5):
            n += 1
            payload = f"{turn}:{thread}:{n}:{'x' * (n * 37 % 400)}".encode()
            futures.append(journal.append(payload))
            futures[-1].add_done_callback(lambda future, payload=payload: tell(future, payload))
        futures[-1].result()
for thread in range(4):
    threading.Thread(target=work, args=(thread,)).start()
"""


def test_every_number_told_before_a_kill_9_is_found_exactly_once(path: Path, repository: Path) -> None:
    chance = random.Random(7)
    told: dict[int, bytes] = {}
    for turn in range(10):
        child = subprocess.Popen(
            [sys.executable, "-c", APPEND, str(path), str(turn)], cwd=repository, stdout=subprocess.PIPE
        )
        assert child.stdout is not None
        output = child.stdout.readline()
        killer = threading.Timer(chance.uniform(0.01, 0.12), child.kill)
        killer.start()
        output += child.stdout.read()
        child.wait()
        child.stdout.close()
        for line in output.splitlines():
            number, payload = line.split(b" ")
            assert told.setdefault(int(number), payload) == payload
        found = payloads_of(path)
        assert len(set(found)) == len(found)
        assert all(found[seq - 1] == payload for seq, payload in told.items())
    assert len(told) > 100


FILL = """
import resource, sys
from pathlib import Path
from sidecar.store.journal import Journal
resource.setrlimit(resource.RLIMIT_FSIZE, (20000, resource.RLIM_INFINITY))
journal = Journal.open(Path(sys.argv[1]), epoch=bytes(16))
told = 0
while (error := journal.append(bytes(100)).exception()) is None:
    told += 1
late = journal.append(b"late").exception()
journal.close()
print(told, type(error).__name__, type(late).__name__)
"""


def test_a_file_that_may_not_grow_fails_typed_and_reopens_with_what_was_told(path: Path, repository: Path) -> None:
    child = subprocess.run(
        [sys.executable, "-c", FILL, str(path)], cwd=repository, capture_output=True, text=True, check=True
    )
    told, first, late = child.stdout.split()
    assert (first, late) == ("JournalFailed", "JournalFailed")
    assert payloads_of(path) == [bytes(100)] * int(told)
    assert int(told) == (20000 - 32) // 148


class FullDisk(Disk):
    """A disk that is really full from the first record on: the writes go to /dev/full."""

    def pwrite(self, fd: int, data: bytes | memoryview, offset: int) -> int:
        with open("/dev/full", "wb", buffering=0) as full:  # noqa: PTH123
            return full.write(data) if data else 0


def test_a_full_disk_is_a_typed_error_and_opening_again_with_space_goes_on(path: Path) -> None:
    with Journal.open(path, epoch=EPOCH) as journal:
        journal.append(b"before")
    with Journal.open(path, epoch=EPOCH, io=FullDisk()) as journal:
        refusal = journal.append(b"refused").exception(timeout=30)
    assert isinstance(refusal, JournalFailed)
    assert "No space left on device" in refusal.problem
    with Journal.open(path, epoch=EPOCH) as journal:
        assert journal.append(b"stop").result() == 2
    assert payloads_of(path) == [b"before", b"stop"]


def test_a_folder_that_is_not_there_is_a_typed_error(path: Path) -> None:
    with pytest.raises(JournalFailed, match="cannot be opened"):
        Journal.open(path.parent / "missing" / "journal.log", epoch=EPOCH)


class Watching(Disk):
    """The real disk; ``heads`` are the places in the head file that were written, by slot."""

    def __init__(self) -> None:
        self.heads: list[int] = []

    def pwrite(self, fd: int, data: bytes | memoryview, offset: int) -> int:
        if len(data) == SLOT_BYTES:
            self.heads.append(offset // SLOT_STRIDE)
        return super().pwrite(fd, data, offset)


def test_a_head_is_never_written_over_the_newest_one(path: Path) -> None:
    for appends in (1, 2, 1, 3, 0, 1):
        before = decode_slots(head_path(path).read_bytes()) if head_path(path).exists() else None
        disk = Watching()
        with Journal.open(path, epoch=EPOCH, io=disk) as journal:
            for number in range(appends):
                journal.append(b"event %d" % number).result(timeout=30)
        assert len(disk.heads) == appends
        assert set(disk.heads) <= {0, 1}
        assert all(one != two for one, two in pairwise(disk.heads))
        if before is not None and appends and before[0] != before[1]:
            assert disk.heads[0] != before.index(newest(before))


def test_the_writer_is_a_daemon_that_says_what_it_is(path: Path) -> None:
    with Journal.open(path, epoch=EPOCH) as journal:
        assert (journal._thread.name, journal._thread.daemon) == ("journal", True)


def test_a_journal_is_its_owners_alone_whatever_the_umask_lets(path: Path) -> None:
    before = os.umask(0)
    try:
        Journal.open(path, epoch=EPOCH).close()
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_witness_that_the_journal_does_not_pass_is_damage(path: Path) -> None:
    with Journal.open(path, epoch=EPOCH) as journal:
        journal.append(b"one").result(timeout=30)
        head = journal.head
    Journal.open(path, epoch=EPOCH, witnesses=[head]).close()
    with pytest.raises(JournalDamaged):
        Journal.open(path, epoch=EPOCH, witnesses=[Head(2, bytes(32))])


def test_each_refusal_says_why(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda args: None)
    with Journal.open(path, epoch=EPOCH, pending_records=2) as journal:
        with pytest.raises(ValueError, match=r"^there is nothing to append$"):
            journal.append_many([])
        assert told(journal.append_many([b"1", b"2", b"3"])).startswith("journal: too many records wait for the disk;")
    assert told(journal.append(b"late")).startswith("journal: it is closed;")

    def listener(seconds: float, records: int) -> None:
        raise LookupError("no such metric")

    with Journal.open(path, epoch=EPOCH, on_sync=listener) as ended:
        ended.append(b"kept").result(timeout=30)
        ended._thread.join(30)
        assert told(ended.append(b"late")).startswith("journal: its writer has ended;")
        ended.close()
        assert told(ended.append(b"later")).startswith("journal: its writer has ended;")


def test_a_group_is_told_with_how_long_it_took(path: Path) -> None:
    seen: list[tuple[float, int]] = []
    with Journal.open(path, epoch=EPOCH, on_sync=lambda *row: seen.append(row)) as journal:
        journal.append_many([b"1", b"2"]).result(timeout=30)
    assert [records for _, records in seen] == [2]
    assert all(0.0 < seconds < 30.0 for seconds, _ in seen)


def test_where_the_cut_fails_too_it_is_the_first_failure_that_is_told(path: Path) -> None:
    Journal.open(path, epoch=EPOCH).close()

    class Bad(Disk):
        bad = False

        def fdatasync(self, fd: int) -> None:
            if self.bad:
                raise OSError(errno.EIO, "the sync")
            super().fdatasync(fd)

        def ftruncate(self, fd: int, length: int) -> None:
            if self.bad:
                raise OSError(errno.EROFS, "the cut")
            super().ftruncate(fd, length)

    disk = Bad()
    with Journal.open(path, epoch=EPOCH, io=disk) as journal:
        disk.bad = True
        assert "the sync" in told(journal.append(b"x"))


def told(future: Future[int]) -> str:
    """What a refused append is told."""
    with pytest.raises(JournalFailed) as refused:
        future.result(timeout=30)
    return str(refused.value)
