"""Hold the results of a copy and of its targets."""

from __future__ import annotations

from dataclasses import dataclass

from facesnap_cli.backups.copies.copy_parameters import CopyTarget
from facesnap_cli.common.errors import FacesnapError
from facesnap_cli.models.operations import Operation
from facesnap_cli.operations.batch_errors import combined_by_name


@dataclass(frozen=True, slots=True)
class TargetResult:
    """The result of a target. `operation` is its apply, if any; `done_before` if an earlier run made the copy."""

    target: CopyTarget
    object_id: str
    operation: Operation | None = None
    done_before: bool = False
    failure: FacesnapError | None = None

    @property
    def place(self) -> str:
        """The target with the id of this copy."""
        return self.target.account.place(self.object_id)


@dataclass(frozen=True, slots=True)
class CopyResult:
    """The result of a copy."""

    take: Operation | None
    targets: tuple[TargetResult, ...]

    @property
    def operations(self) -> list[Operation]:
        """The take and the applies."""
        applies = [target.operation for target in self.targets]
        return [operation for operation in (self.take, *applies) if operation]

    @property
    def failure(self) -> FacesnapError | None:
        return combined_by_name([(target.place, target.failure) for target in self.targets], "targets")


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
