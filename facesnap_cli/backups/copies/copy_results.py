"""Hold the results of a copy and of its targets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from facesnap_cli.backups.copies.copy_parameters import CopyTarget
from facesnap_cli.common.errors import ConflictError, FacesnapError
from facesnap_cli.models.backups import BackupRecord
from facesnap_cli.models.operations import Operation
from facesnap_cli.operations.batch_errors import combined
from facesnap_cli.operations.batch_totals import total_of


@dataclass(frozen=True, slots=True)
class TargetResult:
    """The result of a target. `operation` is its apply, if any; `done_before` if an earlier run made the copy.

    `record` is what the journal keeps of a copy.
    """

    target: CopyTarget
    object_id: str
    operation: Operation | None = None
    done_before: bool = False
    failure: FacesnapError | None = None
    record: BackupRecord | None = None

    @property
    def place(self) -> str:
        """The target with the id of this copy."""
        return self.target.account.place(self.object_id)

    @property
    def outcome(self) -> str:
        """The result in a word: copied, current (an earlier run made the copy) or failed."""
        return "failed" if self.failure else "current" if self.done_before else "copied"

    @property
    def verified(self) -> str | None:
        """The extent to which the copy was compared with its source."""
        return self.record.verified if self.record else None

    def row(self, object_type: str, now: datetime) -> dict[str, object]:
        """Return the apply's JSON form with what became of the target, for a table.

        A target without an apply has its row too.
        """
        if self.operation:
            document = self.operation.document(now)
        else:
            document = {
                **dict.fromkeys(("operationId", "intent", "createdTime", "finishedTime", "snapshotId")),
                "kind": "apply",
                "status": "conflict" if isinstance(self.failure, ConflictError) else "notSent",
                "message": self.failure.message if self.failure else None,
                "profile": self.target.account.profile,
                "objectType": object_type,
                "objectId": self.object_id,
                "elapsedSeconds": None,
            }
        record = self.record
        return {
            **document,
            "outcome": self.outcome,
            "method": "snapshot",
            "verified": self.verified,
            "persons": record.persons if record else None,
            "faces": record.faces if record else None,
        }


@dataclass(frozen=True, slots=True)
class CopyResult:
    """The result of a copy. `snapshot_end` is what became of its snapshot: deleted, kept, or empty if it stays."""

    object_type: str
    take: Operation | None
    targets: tuple[TargetResult, ...]
    snapshot_end: str = ""
    elapsed_s: float = 0.0

    @property
    def operations(self) -> list[Operation]:
        """The take and the applies."""
        applies = [target.operation for target in self.targets]
        return [operation for operation in (self.take, *applies) if operation]

    def rows(self, now: datetime) -> list[dict[str, object]]:
        """Return the rows of a table: the take, which is `current` if nothing had to be copied, and each target."""
        outcome = "current" if all(target.outcome == "current" for target in self.targets) else "taken"
        more = {"outcome": outcome, "snapshotEnd": self.snapshot_end}
        take = [{**self.take.document(now), **more}] if self.take else []
        return [*take, *(target.row(self.object_type, now) for target in self.targets)]

    @property
    def total(self) -> str:
        """The result in numbers: `3 copied, 1 failed in 12s`."""
        return total_of([target.outcome for target in self.targets], self.elapsed_s)

    @property
    def failure(self) -> FacesnapError | None:
        return combined([(target.place, target.failure) for target in self.targets], "targets")


@dataclass(frozen=True, slots=True)
class TargetState:
    """The state of a target before a request is sent: copied already, failed, or open."""

    target: CopyTarget
    object_id: str
    operation: Operation | None = None
    failure: FacesnapError | None = None

    @property
    def is_open(self) -> bool:
        return self.failure is None and self.operation is None

    @property
    def result(self) -> TargetResult:
        return TargetResult(self.target, self.object_id, self.operation, self.operation is not None, self.failure)
