"""What the client asks of models: their places, their predictions, how right these were, and drift."""

from __future__ import annotations

from datetime import datetime

from sidecar.client.following import Json
from sidecar.client.questions import Questions, segment

_ML = "/api/v1/ml"


class Models(Questions):
    """Models of :class:`sidecar.client.Desk`."""

    def models(self, family: str = "", role: str = "", limit: int = 100, cursor: str = "") -> Json:
        """``models``, the one trained last first; ``role`` is candidate, champion, challenger, retired or refused."""
        return self._read(f"{_ML}/models", family=family, role=role, limit=limit, cursor=cursor)

    def model(self, model_id: str) -> Json:
        """The ``model``, its ``manifest`` with the whole scorecard, and the ``problem`` of its files, None for none."""
        return self._read(f"{_ML}/models/{segment(model_id)}")

    def place(self, model_id: str, action: str, reason: str) -> Json:
        """Give a model another place: ``action`` is promote, challenge, roll-back or retire. For admins."""
        return self._command("POST", f"{_ML}/models/{segment(model_id)}/{segment(action)}", {"reason": reason})

    def predictions(
        self,
        limit: int = 100,
        cursor: str = "",
        model_id: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Json:
        """``predictions``, newest first, each with its ``outcome`` or None while it waits. Times are aware."""
        times = {"from": since.isoformat() if since else "", "to": until.isoformat() if until else ""}
        return self._read(f"{_ML}/predictions", limit=limit, cursor=cursor, model_id=model_id, **times)

    def prediction(self, prediction_id: str) -> Json:
        """One prediction with its greatest contributions (``explained``) and all its ``features`` by name."""
        return self._read(f"{_ML}/predictions/{segment(prediction_id)}")

    def accuracy(self, family: str = "", by: str = "", since: datetime | None = None) -> Json:
        """The live record of each of the ``families``, beside what was promised; ``by`` hour, model or regime."""
        return self._read(f"{_ML}/accuracy", family=family, by=by, **({"from": since.isoformat()} if since else {}))

    def drift(self) -> Json:
        """Whether the ``models`` in use see what they learnt from."""
        return self._read(f"{_ML}/drift")

    def features(self) -> Json:
        """What models look at: the ``features`` in the order of their vector."""
        return self._read(f"{_ML}/features")
