"""What the client asks about trainings: one now, how far it is, and what came of those before."""

from __future__ import annotations

from sidecar.client.following import Json
from sidecar.client.questions import Questions, segment

_JOBS = "/api/v1/ml/jobs"


class Training(Questions):
    """Trainings of :class:`sidecar.client.Desk`."""

    def train(self, *, search: int | None = None, seed: int | None = None, strategy: str = "") -> Json:
        """Train now: ``job_id``, and the ``job`` as it stands. While one is queued or running it is that one.

        ``search`` parameter sets are tried, each of which counts against the result; what is left out is as set. With a
        ``strategy`` it learns whether that one's trades win, from what was known when each was entered.
        """
        asked = {"search": search, "seed": seed, "strategy": strategy or None}
        return self._command("POST", "/api/v1/ml/train", {name: one for name, one in asked.items() if one is not None})

    def job(self, job_id: str) -> Json:
        """One training: ``state`` queued, running, done, failed or skipped, its step, and what came of it."""
        return self._read(f"{_JOBS}/{segment(job_id)}")

    def jobs(self, *, limit: int = 100, cursor: str = "") -> Json:
        """Trainings, newest first: ``jobs``, and ``next_cursor`` for the page after."""
        return self._read(_JOBS, limit=limit, cursor=cursor)
