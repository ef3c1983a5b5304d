"""The models on disk: ``<folder>/<id>/model.json`` and ``manifest.json``, whole or not at all.

A model is written beside its place and renamed into it when every byte is on the disk, so a kill leaves the old models
and at most a folder ``<id>.unfinished`` that the next start removes. What a model is worth stands in the desk's journal
(:class:`ModelLine`) with the SHA-256 of both files: bytes that do not match are never parsed. No other file of a
model's folder is ever read, and nothing here can run code from one.
"""

from __future__ import annotations

import os
import re
import shutil
from contextlib import suppress
from pathlib import Path

import msgspec

from sidecar.domain.errors import (
    ModelDamaged,
    ModelMissing,
    ModelNotKept,
    ModelOfOtherFeatures,
    ModelUnreadable,
)
from sidecar.domain.models import ModelLine
from sidecar.features.matrix import FEATURE_HASH, NAMES
from sidecar.learning.manifest import CLASS_NAMES, Manifest, Origin, decode, digest, encode, line_of, manifest_of
from sidecar.learning.model import Model, opened
from sidecar.learning.trained import Trained

MODEL_FILE = "model.json"
MANIFEST_FILE = "manifest.json"
#: No model of this desk is near this size: a file beyond it is not read into memory.
MOST_BYTES = 256 * 1024 * 1024
_UNFINISHED = ".unfinished"
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


class Registry:
    """The models of ``folder``, for a program whose features are ``names`` in that order, of ``feature_hash``."""

    def __init__(self, folder: Path, *, names: tuple[str, ...] = NAMES, feature_hash: str = FEATURE_HASH) -> None:
        self.folder = folder
        self._names = names
        self._feature_hash = feature_hash

    def keep(self, trained: Trained, origin: Origin) -> ModelLine:
        """Write the model; on return both files are on the disk under their name. Its role is ``candidate``.

        :raises ModelNotKept: the disk refuses or is full, or a model of that id is there; nothing is left of this one.
        :raises ModelUnreadable: what was trained could not be read back, so it is not kept.
        """
        manifest = manifest_of(trained, origin)
        written = encode(manifest)
        line = line_of(manifest, digest(written))
        self._parsed(line, trained.model, written)
        place = self._place(origin.id)
        unfinished = place.with_name(place.name + _UNFINISHED)
        try:
            if place.exists():
                raise FileExistsError(f"{place.name} is there already")
            _removed(unfinished)
            unfinished.mkdir(parents=True)
            for name, data in ((MODEL_FILE, trained.model), (MANIFEST_FILE, written)):
                _write(unfinished / name, data)
            _sync(unfinished)
            unfinished.rename(place)
            _sync(self.folder)
        except OSError as error:
            with suppress(OSError):
                _removed(unfinished)
            raise ModelNotKept(str(self.folder), str(error)) from error
        return line

    def load(self, line: ModelLine) -> Model:
        """The model that ``line`` names, checked against its hashes and this program's features, then parsed.

        :raises ModelMissing: a file is not there. :raises ModelDamaged: a file is not what was written.
        :raises ModelOfOtherFeatures: it was trained on others. :raises ModelUnreadable: it is no model of this program.
        """
        data = self._bytes(line, MODEL_FILE, line.model_hash)
        written = self._bytes(line, MANIFEST_FILE, line.manifest_hash)
        return self._parsed(line, data, written)

    def manifest(self, line: ModelLine) -> Manifest:
        """The manifest of a model, whatever its features are; its bytes are checked first.

        :raises ModelMissing: it is not there. :raises ModelDamaged: it is not what was written.
        :raises ModelUnreadable: another version's.
        """
        return _manifest(line, self._bytes(line, MANIFEST_FILE, line.manifest_hash))

    def found(self, model_id: str) -> ModelLine:
        """The line of a model that lies here, for who has no record of it: its hash is that of what is there.

        :raises ModelMissing: none does. :raises ModelUnreadable: it is another version's.
        """
        try:
            written = (self._place(model_id) / MANIFEST_FILE).read_bytes()
            return line_of(decode(written), digest(written))
        except OSError as error:
            raise ModelMissing(model_id, f"{MANIFEST_FILE} cannot be read ({error.strerror})") from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ModelUnreadable(model_id, f"{MANIFEST_FILE} is not this version's ({error})") from error

    def tidy(self) -> tuple[str, ...]:
        """Remove what an interrupted training left, and name it; for a start, when nothing is being written."""
        left = sorted(self.folder.glob("*" + _UNFINISHED)) if self.folder.is_dir() else []
        for folder in left:
            _removed(folder)
        return tuple(folder.name for folder in left)

    def _parsed(self, line: ModelLine, data: bytes, written: bytes) -> Model:
        if line.feature_hash != self._feature_hash:
            raise ModelOfOtherFeatures(
                line.id, f"its features are {line.feature_hash[:12]}, this program's {self._feature_hash[:12]}"
            )
        manifest = _manifest(line, written)
        if manifest.features != self._names or manifest.feature_hash != self._feature_hash:
            raise ModelOfOtherFeatures(line.id, "its manifest names other features, or in another order")
        if (manifest.id, manifest.model_hash) != (line.id, line.model_hash):
            raise ModelUnreadable(line.id, f"its manifest is that of {manifest.id[:80]}")
        if manifest.classes != CLASS_NAMES or manifest.dtype != "float32":
            raise ModelUnreadable(line.id, "its classes or its number type are not this program's")
        return opened(line, manifest, data)

    def _bytes(self, line: ModelLine, name: str, expected: str) -> bytes:
        path = self._place(line.id) / name
        try:
            if not path.is_file():
                raise FileNotFoundError(f"{path} is not there")
            if path.stat().st_size > MOST_BYTES:
                raise ModelDamaged(line.id, f"{name} is larger than a model can be")
            data = path.read_bytes()
        except OSError as error:
            raise ModelMissing(line.id, f"{name} cannot be read ({error})") from error
        if digest(data) != expected:
            raise ModelDamaged(line.id, f"{name} is not what was written (its SHA-256 differs from the record's)")
        return data

    def _place(self, model_id: str) -> Path:
        if not _ID.fullmatch(model_id):
            raise ModelMissing(model_id[:80], "that is no model's id")
        return self.folder / model_id


def _manifest(line: ModelLine, written: bytes) -> Manifest:
    try:
        return decode(written)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ModelUnreadable(line.id, f"manifest.json is not this version's ({error})") from error


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _removed(folder: Path) -> None:
    if folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder)
    else:
        folder.unlink(missing_ok=True)
