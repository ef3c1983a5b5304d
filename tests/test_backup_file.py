"""The file of a backup: a sealed manifest at its end, and nothing that leads elsewhere."""

from io import BytesIO
from pathlib import Path

import pytest

from sidecar.backup import checked
from sidecar.backup_file import MANIFEST, Manifest, Packing, manifest_of, members, refuse_name
from sidecar.domain.errors import StoreError

PLAIN = Manifest(1, "0.1.0", "2026-08-18T03:45:00+00:00", 4, "ab" * 32, 6, 4)


def packed(path: Path, **files: bytes) -> Path:
    packing = Packing(path)
    for name, data in files.items():
        packing.add(name, BytesIO(data), len(data))
    packing.finish(PLAIN)
    return path


def test_what_is_packed_comes_out_with_a_manifest_of_it_at_the_end(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.tar.zst", a=b"1" * 3_000_000, b=b"")
    found = {
        one.name: manifest_of(path, one) if one.name == MANIFEST else b"".join(one.pieces) for one in members(path)
    }
    assert found["a"] == b"1" * 3_000_000
    assert found["b"] == b""
    manifest = found[MANIFEST]
    assert isinstance(manifest, Manifest)
    assert [(one.name, one.bytes) for one in manifest.members] == [("a", 3_000_000), ("b", 0)]
    assert manifest.bytes == 3_000_000
    assert path.stat().st_size < 10_000


def test_a_member_that_has_become_shorter_is_no_backup(tmp_path: Path) -> None:
    packing = Packing(tmp_path / "a.tar.zst")
    with pytest.raises(OSError, match="unexpected end of data"):
        packing.add("a", BytesIO(b"short"), 10)
    packing.abandon()
    with pytest.raises(StoreError, match=r"it breaks off|it is torn"):
        checked(tmp_path / "a.tar.zst")


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "a.tar.zst").write_text("mine")
    with pytest.raises(FileExistsError):
        Packing(tmp_path / "a.tar.zst")
    assert (tmp_path / "a.tar.zst").read_text() == "mine"


@pytest.mark.parametrize("name", ["a", "models/m1/model.json", "archive/x/NIFTY/date=2026-08-18/quotes.parquet"])
def test_a_plain_name_passes(name: str) -> None:
    refuse_name(Path("b"), name)


@pytest.mark.parametrize(
    "name", ["", "/a", "../a", "a/../b", "a/./b", "a//b", ".a", "a/.b", "a\\b", "a\nb", "a\0b", "a/", "~/\x7f"]
)
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(StoreError, match="is no name of a data directory"):
        refuse_name(Path("b"), name)
