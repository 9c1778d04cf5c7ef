"""Run the items of a plan side by side, each by its method, and gather what came of them."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from facesnap_cli.archives.face_counts import FaceCounts, counts_document
from facesnap_cli.backups.plans.coverage import Cover
from facesnap_cli.backups.plans.plan import PlanItem
from facesnap_cli.backups.plans.preview import Preview
from facesnap_cli.common.clock import Clock
from facesnap_cli.common.errors import ConfigurationError, ConflictError, FacesnapError
from facesnap_cli.common.files import make_private_directory
from facesnap_cli.common.hints import Hint, command
from facesnap_cli.common.process_lock import LockHeldError, ProcessLock
from facesnap_cli.common.threads import ThreadPool
from facesnap_cli.face_api.account import Account
from facesnap_cli.models.operations import Operation, OperationKind
from facesnap_cli.operations.batch_errors import combined_by_name, told_of
from facesnap_cli.operations.wait import OperationProgress


@dataclass(frozen=True, slots=True)
class TargetOutcome:
    """What came of one target of an item. `status`: copied, current (an earlier run had done it) or failed.

    `label` is the target as the plan writes it. `counts` are an archive's; `warnings` do not make it a failure.
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

    @property
    def message(self) -> str | None:
        """Why it failed, or what a good archive lacks."""
        if self.failure:
            return self.failure.message
        return str(self.counts) if self.counts and self.counts.lacking else None

    @property
    def place(self) -> str:
        """The target with the id of this run's copy."""
        return f"{self.profile}:{self.object_id}" if self.profile else self.object_id


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What came of one item. `elapsed_s` is this run's share of it."""

    item: PlanItem
    take: Operation | None
    targets: tuple[TargetOutcome, ...]
    elapsed_s: float = 0.0

    @property
    def failure(self) -> FacesnapError | None:
        return combined_by_name([(one.place, one.failure) for one in self.targets], "targets")

    @property
    def summary(self) -> str:
        """The result in a line."""
        said = []
        for status, words in (("copied", "copied to"), ("current", "copied already to")):
            places = [
                f"{one.place} ({one.counts})" if one.counts else one.place
                for one in self.targets
                if one.status == status
            ]
            said += [f"{words} {', '.join(places)}"] if places else []
        said += [str(told_of(one.place, one.failure)) for one in self.targets if one.failure]
        return "; ".join(said)

    def documents(self) -> list[dict[str, object]]:
        """Return the JSON form: one document for each target."""
        return [
            {
                "item": self.item.name,
                "status": one.status,
                "target": one.label,
                "profile": one.profile,
                "objectType": self.item.object_type.value,
                "objectId": one.object_id,
                "method": self.item.method,
                "snapshotId": self.take.snapshot_id if self.take else None,
                "takeOperationId": self.take.operation_id if self.take else None,
                "applyOperationId": one.operation.operation_id if one.operation else None,
                "deleted": list(one.deleted),
                "elapsedSeconds": round(self.elapsed_s, 1),
                "exitCode": one.failure.status if one.failure else 0,
                "message": one.message,
                **counts_document(one.counts),
            }
            for one in self.targets
        ]


@dataclass(frozen=True, slots=True)
class RunResult:
    """What came of a run. Times in UTC."""

    items: tuple[ItemResult, ...]
    started_time: datetime
    elapsed_s: float

    @property
    def failure(self) -> FacesnapError | None:
        """The error that the run ends with: the one that all items share, or a partial failure."""
        return combined_by_name([(one.item.name, one.failure) for one in self.items], "items")

    @property
    def warnings(self) -> list[str]:
        """What is to be said of what succeeded."""
        return [f"{item.item.name}: {text}" for item in self.items for one in item.targets for text in one.warnings]

    def documents(self) -> list[dict[str, object]]:
        return [document for item in self.items for document in item.documents()]


class Method(Protocol):
    """How one item of a plan is backed up."""

    @property
    def item(self) -> PlanItem: ...

    def preview(self) -> Preview:
        """Return what `run` would do. Only reads. Raises what reading raises."""
        ...

    def run(self, progress: OperationProgress) -> ItemResult:
        """Back the item up. A failure stands in the result."""
        ...

    def charges(self) -> Iterable[tuple[Account, OperationKind]]:
        """Return each take and apply that `run` will ask for, as far as is known before the first request."""
        ...

    def covers(self) -> list[Cover]:
        """Look how each target is covered. What reading a target raises stands in its result."""
        ...


def run_items(
    methods: Sequence[Method],
    progress_of: Callable[[str], OperationProgress],
    *,
    jobs: int,
    clock: Clock,
) -> RunResult:
    """Run all items, `jobs` at once."""
    started_time, started = clock.now(), clock.monotonic()

    def run(method: Method) -> ItemResult:
        progress, begun = progress_of(method.item.name), clock.monotonic()
        try:
            result = method.run(progress)
        except Exception as bug:  # noqa: BLE001 (one item's bug must not end the others' night)
            result = _broken(method.item, bug)
        progress.end(result.summary, ok=result.failure is None)
        return ItemResult(result.item, result.take, result.targets, clock.monotonic() - begun)

    results = tuple(item.result() for item in ThreadPool(jobs).run(run, methods))
    return RunResult(results, started_time, clock.monotonic() - started)


def _broken(item: PlanItem, bug: Exception) -> ItemResult:
    if isinstance(bug, OSError):
        failure = FacesnapError(f"the system refused: {bug}", code="System")
    else:
        failure = FacesnapError(f"a bug in facesnap: {type(bug).__name__}: {bug}", hint="please report it")
    targets = tuple(TargetOutcome(one.text, one.profile, "", "failed", failure=failure) for one in item.targets)
    return ItemResult(item, None, targets)


@contextmanager
def plan_lock(directory: Path, plan: Path) -> Iterator[None]:
    """Hold the plan's lock while the block runs. Raises ConflictError where another run holds it."""
    name = hashlib.sha256(str(plan.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    path = directory / "locks" / f"plan-{name}.lock"
    try:
        make_private_directory(path.parent, inside=directory)
        lock = ProcessLock.acquire(path)
    except LockHeldError:
        raise ConflictError(
            f"another run of {plan} is under way",
            hint=Hint("this one did nothing; ", command("status"), " shows what is open"),
        ) from None
    except (OSError, sqlite3.Error) as error:
        raise ConfigurationError(f"the lock {path} cannot be taken ({error})") from error
    try:
        yield
    finally:
        lock.release(remove=False)
