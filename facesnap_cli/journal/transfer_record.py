"""Describe an export or import as the list of transfers records it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple

from facesnap_cli.common.errors import FacesnapError, NotFoundError, StillRunningError
from facesnap_cli.common.hints import Command, Hint, command, command_line
from facesnap_cli.common.time_format import format_time
from facesnap_cli.models.identity import ObjectIdentity

# The code of the error for a transfer that has already finished.
FINISHED_BEFORE = "AlreadyFinished"
PARTIAL = ".partial"  # ends the name of an archive until it is complete
_BESIDE = ("", "-wal", "-shm", "-journal")  # the ends of the files that SQLite keeps for one that it writes
_IMPORTS = "imports"  # the folder of the import states


class Transfer(NamedTuple):
    """An export or import. `command` resumes it; times are UTC; `archive_id` is that of a completed export.

    An `interrupted` transfer has not finished and no process works on it. A user took a `forgotten` one off the list.
    """

    id: str
    kind: Literal["export", "import"]
    profile: str | None
    object_type: str
    object_id: str
    archive: str
    command: Command
    state: Literal["running", "interrupted", "succeeded", "forgotten"] = "running"
    message: str | None = None
    started_time: datetime | None = None
    changed_time: datetime | None = None
    archive_id: str | None = None

    @property
    def title(self) -> str:
        return f"{self.kind} {self.object_type} {self.object_id}"

    @property
    def is_open(self) -> bool:
        """Whether it runs or can be resumed: an export without a partial archive cannot."""
        return self.state in ("running", "interrupted") and not self.is_draft_lost

    @property
    def is_draft_lost(self) -> bool:
        """Whether it is an interrupted export whose partial archive is not there: renamed at the end, or deleted."""
        return self.state == "interrupted" and self.has_no_draft

    @property
    def has_no_draft(self) -> bool:
        """Whether it is an export whose partial archive is not there."""
        return self.kind == "export" and not os.path.exists(partial_of(Path(self.archive)))

    def row(self) -> dict[str, object]:
        """Return the JSON form with the words of the command that resumes it, for a table."""
        return {**self.document(), "resume": self.command if self.state == "interrupted" else None}

    def document(self) -> dict[str, object]:
        """Return the JSON form, which has an operation's keys."""
        elapsed = (
            (self.changed_time - self.started_time).total_seconds() if self.changed_time and self.started_time else 0.0
        )
        return {
            "operationId": None,
            "kind": self.kind,
            "status": self.state,
            "createdTime": format_time(self.started_time),
            "lastActionTime": format_time(self.changed_time),
            "finishedTime": format_time(self.changed_time) if self.state == "succeeded" else None,
            "resourceLocation": None,
            "message": self.message,
            "profile": self.profile,
            "objectType": self.object_type,
            "objectId": self.object_id,
            "snapshotId": None,
            "elapsedSeconds": round(elapsed, 1),
            "intent": self.id,
            "archive": self.archive,
            "resume": command_line(self.command) if self.state == "interrupted" else None,
        }


def export_id(archive: Path) -> str:
    """Return the id of the export that writes this file."""
    return _id("export", str(archive))


def import_id(target: ObjectIdentity) -> str:
    """Return the id of the import that builds this object."""
    account = target.resource
    keyed = [account.key_digest] if account.key_digest else []
    return _id("import", account.profile or "", account.endpoint, target.object_type, target.object_id, *keyed)


def additions_id(target: str, archive_id: str) -> str:
    """Return the id of the import that adds to an object what the archive of it has; `target` is `import_id` of it."""
    return _id("additions", target, archive_id)


def unfinished(transfer: Transfer) -> FacesnapError | None:
    """Return the error for a transfer that has not finished; None if it has."""
    if transfer.state == "succeeded":
        return None
    said = f" ({transfer.message})" if transfer.message else ""
    details: dict[str, object] = {"objectId": transfer.object_id, "archive": transfer.archive}
    if transfer.state == "running":
        return StillRunningError(
            f"{transfer.title} still runs, in another process{said}",
            resume=command("wait", transfer.id),
            details=details,
            reference=transfer.id,
        )
    if transfer.state == "forgotten":
        return NotFoundError(f"{transfer.title} was forgotten{said}", resume=transfer.command, details=details)
    if transfer.is_draft_lost:
        return NotFoundError(
            f"{transfer.title} was interrupted{said}, and what it had written is gone: {transfer.archive} is missing,"
            " or is not the archive that it was writing",
            resume=transfer.command,
            details=details,
        )
    return StillRunningError(
        f"{transfer.title} was interrupted{said}",
        hint=Hint("to give it up: ", command("status", "--forget", transfer.id)),
        resume=transfer.command,
        details=details,
    )


def import_state_path(state: Path, transfer_id: str) -> Path:
    """Return the file that keeps the state of an import."""
    return state / _IMPORTS / f"{transfer_id}.db"


def import_states(state: Path) -> Sequence[Path]:
    """Return the files that keep states of imports, each named by its import's id."""
    return sorted((state / _IMPORTS).glob("*.db"))


def forget_import_state(state: Path, transfer_id: str) -> None:
    """Delete the state of an import, if there is one. No process may work on it."""
    path = import_state_path(state, transfer_id)
    for suffix in reversed(_BESIDE):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def partial_of(target: Path) -> Path:
    """Return the file in which the archive `target` is written until it is complete."""
    return target.with_name(f"{target.name}{PARTIAL}")


def files_of_partial(target: Path) -> list[Path]:
    """Return the partial archive of `target`, and the files that SQLite keeps beside it while it is written."""
    partial = partial_of(target)
    return [partial.with_name(partial.name + suffix) for suffix in _BESIDE]


def is_name_of_partial(path: Path) -> bool:
    """Return whether a file's name is one that a partial archive, or a file beside it, has."""
    return path.name.lower().endswith(tuple(PARTIAL + suffix for suffix in _BESIDE))


def _id(*parts: str) -> str:
    import hashlib

    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:16]
