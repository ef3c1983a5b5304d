"""Every error the desk raises on purpose, in one tree.

An error holds data; ``__str__`` makes one sentence that names the cause and, where there is one, the remedy.

    DeskError
    ├── InputError                a person's or program's input cannot be used
    │   ├── UnknownContract       no such contract; candidates, if any
    │   ├── FileRefused           a whole file cannot be read (format, truncation)
    │   └── NotTrainable          these bars cannot teach a model: too few, broken or all of one class
    ├── ConfigurationError        a setting is missing, wrong or unsafe
    ├── CalendarBeyond            the sessions table does not reach that day: the desk fails closed
    ├── NotReported               the desk has not reported yet
    ├── NotKnown                  reference data has no row for that underlying and day
    ├── AlreadyRunning            another sidecar owns the data directory
    ├── StoreError
    │   ├── JournalDamaged        a record of the journal is not what was written
    │   ├── JournalFailed         the journal can no longer promise durability
    │   ├── SchemaTooNew          the database was written by a newer program
    │   └── ModelNotKept          a trained model could not be written; the old one stays
    ├── ModelRejected             a model cannot be used; the old one stays
    │   └── ModelMissing, ModelDamaged, ModelUnreadable, ModelOfOtherFeatures
    ├── BacktestFailed            a backtest could not go through to its end
    └── ClientError               the desk could not be asked (DeskUnreachable), or answered no (DeskRefused)
"""

from __future__ import annotations

from datetime import date


class DeskError(Exception):
    """The root of the tree."""


class InputError(DeskError):
    """Input that cannot be used: ``field`` names it, ``problem`` says what is wrong, ``remedy`` what to do."""

    def __init__(self, field: str, problem: str, remedy: str = "") -> None:
        super().__init__(field, problem, remedy)
        self.field = field
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.field}: {self.problem}" + (f"; {self.remedy}" if self.remedy else "")


class UnknownContract(InputError):
    """No listed contract answers to ``symbol``, or several do (``candidates``)."""

    def __init__(self, symbol: str, candidates: tuple[str, ...] = ()) -> None:
        remedy = "use one of " + ", ".join(candidates) if candidates else "see the chain for the listed contracts"
        super().__init__("symbol", f"{symbol[:80]!r} is not one listed contract", remedy)
        self.symbol = symbol
        self.candidates = candidates


class FileRefused(InputError):
    """A whole file cannot be read; ``row`` is where it broke, if that is known."""

    def __init__(self, path: str, problem: str, remedy: str = "", row: int | None = None) -> None:
        super().__init__(path, problem + (f" at row {row}" if row is not None else ""), remedy)
        self.path = path
        self.row = row


class NotTrainable(InputError):
    """Bars that no model can be trained on; the model that is in place stays."""

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__("bars", problem, remedy)


class ConfigurationError(InputError):
    """A setting that is missing, wrong or unsafe: the desk does not start with it."""


class BacktestFailed(DeskError):
    """A backtest could not go through to its end; the text is one line that says why and, if it can, where."""


class CalendarBeyond(DeskError):
    """The sessions table does not reach ``day``; nothing trades on a guessed calendar."""

    def __init__(self, day: date, first: date, last: date) -> None:
        super().__init__(day, first, last)
        self.day = day
        self.first = first
        self.last = last

    def __str__(self) -> str:
        return (
            f"{self.day}: outside the sessions table, which covers {self.first} to {self.last}; "
            "add the exchange's published sessions to data/reference/sessions.csv"
        )


class NotReported(DeskError):
    """The desk has not reported yet, so nothing can be said of it."""

    def __str__(self) -> str:
        return "the desk has not reported yet; ask again in a second"


class NotKnown(DeskError):
    """Reference data has no row of ``table`` for ``subject`` on ``day``."""

    def __init__(self, table: str, subject: str, day: date | None = None) -> None:
        super().__init__(table, subject, day)
        self.table = table
        self.subject = subject
        self.day = day

    def __str__(self) -> str:
        when = f" on {self.day}" if self.day else ""
        return f"{self.subject}: no row in data/reference/{self.table}.csv{when}; add one with its source"


class AlreadyRunning(DeskError):
    """Another sidecar owns the data directory."""

    def __init__(self, folder: str, pid: int) -> None:
        super().__init__(folder, pid)
        self.folder = folder
        self.pid = pid

    def __str__(self) -> str:
        return (
            f"{self.folder}: a sidecar (process {self.pid}) already owns this data directory; stop it or use --data-dir"
        )


class StoreError(DeskError):
    """What is on disk is not what it should be, or cannot be written."""


class JournalDamaged(StoreError):
    """The journal breaks at ``offset``, in the record that should be number ``seq``."""

    def __init__(self, path: str, offset: int, seq: int, problem: str) -> None:
        super().__init__(path, offset, seq, problem)
        self.path = path
        self.offset = offset
        self.seq = seq
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.path}: {self.problem} at byte {self.offset}, record {self.seq}"


class JournalFailed(StoreError):
    """The journal can no longer promise that what it takes is kept."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem

    def __str__(self) -> str:
        return (
            f"journal: {self.problem}; no order that adds risk can leave until the sidecar is restarted on a good disk"
        )


class SchemaTooNew(StoreError):
    """The database was written by a newer program; it is left untouched."""

    def __init__(self, path: str, found: int, known: int) -> None:
        super().__init__(path, found, known)
        self.path = path
        self.found = found
        self.known = known

    def __str__(self) -> str:
        return f"{self.path}: schema {self.found} is newer than this program's {self.known}; upgrade, or use --data-dir"


class ModelNotKept(StoreError):
    """A trained model could not be written to ``folder``; nothing of it is left there."""

    def __init__(self, folder: str, problem: str) -> None:
        super().__init__(folder, problem)
        self.folder = folder
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.folder}: the model was not kept ({self.problem}); make room on that disk and train again"


class ModelRejected(DeskError):
    """Model ``model_id`` cannot be used: ``problem`` says why, ``remedy`` what to do."""

    remedy = "roll back to the model before, or train again"

    def __init__(self, model_id: str, problem: str) -> None:
        super().__init__(model_id, problem)
        self.model_id = model_id
        self.problem = problem

    def __str__(self) -> str:
        return f"model {self.model_id}: {self.problem}; {self.remedy}"


class ModelMissing(ModelRejected):
    """A file of the model is not there or cannot be read."""


class ModelDamaged(ModelRejected):
    """A file of the model has not the SHA-256 that is on record."""


class ModelUnreadable(ModelRejected):
    """The model's files are what was written, yet they are no model that this program can score with."""

    remedy = "train again with this version of the program"


class ModelOfOtherFeatures(ModelRejected):
    """The model was trained on another set, order or version of the features."""

    remedy = "train again on the features of this version"


class ClientError(DeskError):
    """The desk could not be asked, or answered no."""


class DeskUnreachable(ClientError):
    """Nothing answers at ``url``."""

    def __init__(self, url: str, problem: str) -> None:
        super().__init__(url, problem)
        self.url = url
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.url}: the sidecar does not answer ({self.problem}); start it with: python -m sidecar up"


class DeskRefused(ClientError):
    """The desk answered with a problem document (RFC 9457)."""

    def __init__(self, status: int, title: str, detail: str, document: dict[str, object] | None = None) -> None:
        super().__init__(status, title, detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.document = document or {}

    def __str__(self) -> str:
        return f"{self.status} {self.title}: {self.detail}"
