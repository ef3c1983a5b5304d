"""Models that are refreshes of one another: the same label, features and parameters, learnt again as sessions pass.

A champion that is refreshed every evening has a record of one day; what it says is believed, or not, by what all of its
kind have said.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sidecar.domain.errors import ModelRejected
from sidecar.domain.models import ModelLine
from sidecar.learning.manifest import Manifest

#: The hash of a model's spec; empty where its files cannot be trusted.
SpecOf = Callable[[ModelLine], str]


def lineage(line: ModelLine, known: Sequence[ModelLine], spec: SpecOf) -> tuple[str, ...]:
    """The ids of the models of ``line``'s family and spec, itself among them, of all that are ``known``."""
    mine = spec(line)
    kin = {one.id for one in known if one.family == line.family and mine and spec(one) == mine}
    return tuple(sorted(kin | {line.id}))


def specs_of(manifest: Callable[[ModelLine], Manifest]) -> SpecOf:
    """The specs by the manifests, each of which is read once: a kept model never changes."""
    found: dict[tuple[str, str], str] = {}

    def spec(line: ModelLine) -> str:
        key = (line.id, line.manifest_hash)
        if key not in found:
            try:
                found[key] = manifest(line).spec_hash
            except ModelRejected:
                return ""
        return found[key]

    return spec
