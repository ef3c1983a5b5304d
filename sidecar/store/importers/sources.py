"""Files as tables: what is in a file, at a glance and whole. The only place of this room that reads import files."""

from __future__ import annotations

import gzip
import json
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sidecar.domain.errors import FileRefused
from sidecar.store.importers.delimited import BROKEN, delimited

_GLANCE = 4096
_BROKEN = (
    OSError,
    EOFError,
    ValueError,
    KeyError,
    zlib.error,
    tarfile.TarError,
    zipfile.BadZipFile,
    pa.ArrowException,
)
"""What the readers below raise on a file that is cut off, garbled or of another kind; bad UTF-8 is a ``ValueError``."""


@dataclass(frozen=True)
class Glance:
    """What tells a file's format: Parquet ``columns``, archive ``members``, the first ``text`` of it or of a member."""

    path: Path
    columns: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    text: str = ""

    @property
    def head(self) -> str:
        """The first line of the text."""
        return self.text.partition("\n")[0].strip("\ufeff\r ")


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turns what a reader raises on a bad file into one :class:`FileRefused`."""
    try:
        yield
    except FileRefused:
        raise
    except _BROKEN as problem:
        said = str(problem).partition("\n")[0][:100] or type(problem).__name__
        raise FileRefused(str(path), f"cannot be read whole ({said})", "fetch the file again") from None


def glance(path: Path) -> Glance:
    """Looks at a file. :raises FileRefused: it is missing, empty or cannot be read."""
    with readable(path):
        if not path.is_file():
            raise FileRefused(str(path), "is not a file")
        with path.open("rb") as file:
            start = file.read(_GLANCE)
        if not start:
            raise FileRefused(str(path), "is empty")
        if start.startswith(b"PAR1"):
            return Glance(path, columns=tuple(pq.read_schema(path).names))
        if start.startswith(b"PK"):
            with zipfile.ZipFile(path) as archive:
                names = tuple(sorted(name for name in archive.namelist() if not name.endswith("/")))
            return Glance(path, members=names, text=_text_start(dict(archive_files(path, names[:1]))))
        if start.startswith(b"\x1f\x8b"):
            with gzip.open(path) as file:
                inner = file.read(_GLANCE)
            if inner[257:262] == b"ustar":
                return Glance(path, members=_tar_names(path))
            start = inner
        return Glance(path, text=start.decode("utf-8", errors="replace"))


def archive_files(path: Path, only: tuple[str, ...] | None = None) -> Iterator[tuple[str, bytes]]:
    """The files of a zip or tar archive by name, in the order of their names."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in only if only is not None else sorted(archive.namelist()):
                if not name.endswith("/"):
                    yield name, archive.read(name)
        return
    with tarfile.open(path) as archive:  # nothing is unpacked to disk: names cannot lead anywhere
        found = {member.name: member for member in archive.getmembers() if member.isfile()}
        for name in sorted(found) if only is None else only:
            content = archive.extractfile(found[name])
            if content is not None:
                yield name, content.read()


def text_table(path: Path, names: Sequence[Any] | None = None, skip: int = 0) -> pd.DataFrame:
    """A CSV file (plain, gzip, or the one member of a zip) as texts, with ``file`` and ``row`` (1 is the first).

    ``names`` for a file without a header, after ``skip`` lines. A row that has not a field for each is ``broken``.
    """
    with readable(path):
        return located(delimited(_content(path), names, skip), path.name)


def texts(content: bytes, name: str) -> pd.DataFrame:
    """The CSV ``content`` of an archive's member as texts, with ``file`` and ``row``."""
    return located(delimited(content), name)


def parquet_table(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    """``columns`` of a Parquet file, with ``file`` and ``row``. :raises FileRefused: one is missing."""
    with readable(path):
        held = pq.read_schema(path).names
        missing = [name for name in columns if name not in held]
        if missing:
            raise FileRefused(str(path), f"has no column {', '.join(missing)}", "force another format with --format")
        return located(pq.read_table(path, columns=list(columns)).to_pandas(), path.name)


def required(table: pd.DataFrame, columns: tuple[str, ...], path: Path) -> pd.DataFrame:
    """The table, if it has ``columns``. :raises FileRefused: one is missing."""
    missing = [name for name in columns if name not in table]
    if missing:
        raise FileRefused(str(path), f"has no column {', '.join(missing)}", "force another format with --format")
    return table


def parquet_columns(path: Path) -> tuple[str, ...]:
    """The columns of a Parquet file; none if it is another kind of file."""
    with readable(path):
        with path.open("rb") as file:
            if file.read(4) != b"PAR1":
                return ()
        return tuple(pq.read_schema(path).names)


def json_document(content: bytes) -> Any:
    """A JSON document. :raises ValueError: it is none."""
    return json.loads(content)


def located(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """The table with where each row stands; none is broken unless the reader said so."""
    table = table.reset_index(drop=True)
    if BROKEN not in table:
        table = table.assign(**{BROKEN: False})
    placed: pd.DataFrame = table.assign(file=pd.Categorical([name] * len(table)), row=table.index + 1)
    return placed


def joined(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Tables of one layout under each other; ``file`` stays a category."""
    if len(tables) == 1:
        return tables[0]
    plain = [table.assign(file=table["file"].astype("str")) for table in tables]
    return pd.concat(plain, ignore_index=True).astype({"file": "category"})


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    if content.startswith(b"\x1f\x8b"):
        return gzip.decompress(content)
    if content.startswith(b"PK"):
        ((_, member),) = archive_files(path)
        return member
    return content


def _tar_names(path: Path) -> tuple[str, ...]:
    with tarfile.open(path) as archive:
        return tuple(sorted(member.name for member in archive.getmembers() if member.isfile()))


def _text_start(files: dict[str, bytes]) -> str:
    return "".join(content[:_GLANCE].decode("utf-8", errors="replace") for content in files.values())
