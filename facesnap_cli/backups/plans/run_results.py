"""Hold the results of a run, of its items, and of their targets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from facesnap_cli.archives.face_counts import FaceCounts, counts_document
from facesnap_cli.backups.plans.plan import PlanItem
from facesnap_cli.common.errors import FacesnapError, OutputError
from facesnap_cli.models.operations import Operation
from facesnap_cli.operations.batch_errors import Cause, causes_of, combined
from facesnap_cli.operations.batch_totals import total_of


@dataclass(frozen=True, slots=True)
class TargetOutcome:
    """The result of one target. `status`: copied, current (an earlier run made the copy) or failed.

    `label` is the target as the plan writes it. `verified` is how far a copy was compared with its source. `counts`
    are an archive's; `warnings` do not make it a failure.
    """

    label: str
    profile: str | None
    object_id: str
    status: str
    operation: Operation | None = None
    deleted: tuple[str, ...] = ()
    failure: FacesnapError | None = None
    counts: FaceCounts | None = None
    warnings: tuple[str, ...] = ()
    verified: str | None = None

    @property
    def message(self) -> str | None:
        """Why it failed, or what a good archive lacks."""
        if self.failure:
            return self.failure.message
        return self.counts.remark if self.counts else None

    @property
    def place(self) -> str:
        """The target with the id of this run's copy, or as the plan writes it before that is known."""
        if not self.object_id:
            return self.label
        return f"{self.profile}:{self.object_id}" if self.profile else self.object_id


@dataclass(frozen=True, slots=True)
class ItemResult:
    """The result of one item. `elapsed_s` is the time that this run spent on it."""

    item: PlanItem
    take: Operation | None
    targets: tuple[TargetOutcome, ...]
    elapsed_s: float = 0.0

    @classmethod
    def failed(cls, item: PlanItem, failure: FacesnapError) -> Self:
        """Return the result of an item of which no target could even be begun."""
        targets = (TargetOutcome(each.text, each.profile, "", "failed", failure=failure) for each in item.targets)
        return cls(item, None, tuple(targets))

    @property
    def failure(self) -> FacesnapError | None:
        return combined([(target.place, target.failure) for target in self.targets], "targets")

    @property
    def summary(self) -> str:
        """The result in a line."""
        said = []
        for status, words in (("copied", "copied to"), ("current", "copied already to")):
            places = [
                f"{target.place} ({target.counts})" if target.counts else target.place
                for target in self.targets
                if target.status == status
            ]
            said += [f"{words} {', '.join(places)}"] if places else []
        causes = causes_of((target.place, target.failure) for target in self.targets if target.failure)
        return "; ".join([*said, *map(_failed, causes)])

    def documents(self) -> list[dict[str, object]]:
        """Return the JSON form: one document for each target."""
        return [
            {
                "item": self.item.name,
                "status": target.status,
                "target": target.label,
                "profile": target.profile,
                "objectType": self.item.object_type.value,
                "objectId": target.object_id,
                "method": self.item.method,
                "snapshotId": self.take.snapshot_id if self.take else None,
                "takeOperationId": self.take.operation_id if self.take else None,
                "applyOperationId": target.operation.operation_id if target.operation else None,
                "verified": target.verified,
                "deleted": list(target.deleted),
                "elapsedSeconds": round(self.elapsed_s, 1),
                "exitCode": target.failure.status if target.failure else 0,
                "message": target.message,
                **counts_document(target.counts),
            }
            for target in self.targets
        ]


def _failed(cause: Cause) -> str:
    """Return the result of targets that failed for one cause. It names neither them nor the item twice."""
    failure = cause.failures[0]
    if failure.subject in cause.names:
        return str(failure.in_a_line)
    return f"failed for {', '.join(cause.names)}: {failure.cause or failure.reason or failure.in_a_line}"


@dataclass(frozen=True, slots=True)
class RunResult:
    """The result of a run. Times are UTC. `unwritten`: the summary of the run could not be written."""

    items: tuple[ItemResult, ...]
    started_time: datetime
    elapsed_s: float
    unwritten: OutputError | None = None

    @property
    def failure(self) -> FacesnapError | None:
        """The error that the run ends with: of all items, a partial failure, or an unwritten summary."""
        return combined([(item.item.name, item.failure) for item in self.items], "items") or self.unwritten

    @property
    def warnings(self) -> list[str]:
        """The warnings about targets that succeeded."""
        return [
            f"{item.item.name}: {text}" for item in self.items for target in item.targets for text in target.warnings
        ]

    @property
    def total(self) -> str:
        """The result in numbers: `24 copied, 1 failed, 3 deleted in 1m02s`."""
        targets = [target for item in self.items for target in item.targets]
        deleted = sum(len(target.deleted) for target in targets)
        return total_of([target.status for target in targets], self.elapsed_s, deleted=deleted)

    def documents(self) -> list[dict[str, object]]:
        return [document for item in self.items for document in item.documents()]
