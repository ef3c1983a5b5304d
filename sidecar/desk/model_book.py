"""The models that the desk knows of, and the newest runs of the training."""

from __future__ import annotations

from collections import deque

from sidecar.domain.models import ModelLine, ModelRole, TrainingRun

#: How many runs of the training a report carries, and how many models that are retired or refused.
NEWEST = 20
_GONE = (ModelRole.RETIRED, ModelRole.REFUSED)


class ModelBook:
    """``by_id`` is every model in its newest role, what changed last at the end; ``runs`` are newest first."""

    def __init__(self) -> None:
        self.by_id: dict[str, ModelLine] = {}
        self.runs: deque[TrainingRun] = deque(maxlen=NEWEST)
        self.run_lines: tuple[TrainingRun, ...] = ()
        self.lines: tuple[ModelLine, ...] = ()

    def keep(self, model: ModelLine) -> None:
        """Take a model in its new role."""
        self.by_id.pop(model.id, None)
        self.by_id[model.id] = model
        newest = tuple(reversed(self.by_id.values()))
        gone = tuple(one for one in newest if one.role in _GONE)
        self.lines = (*(one for one in newest if one.role not in _GONE), *gone[:NEWEST])

    def champion(self, family: str) -> ModelLine | None:
        """The champion of a family; None where there is none."""
        found = (one for one in self.by_id.values() if (one.family, one.role) == (family, ModelRole.CHAMPION))
        return next(found, None)

    def before(self, model: ModelLine, *roles: ModelRole) -> ModelLine | None:
        """The newest champion before a model that has one of ``roles`` now; None where there is none."""
        seen = {model.id}
        while (found := self.by_id.get(model.before)) is not None and found.id not in seen:
            if found.role in roles:
                return found
            seen.add(found.id)
            model = found
        return None

    def ended(self, run: TrainingRun) -> bool:
        """Take a run that has ended; False where it is known already."""
        if any(one.id == run.id for one in self.runs):
            return False
        self.runs.appendleft(run)
        self.run_lines = tuple(self.runs)
        return True
