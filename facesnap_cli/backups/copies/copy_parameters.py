"""A copy as it is asked for, which of its runs goes on, and what comes of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from facesnap_cli.backups.retention import Template
from facesnap_cli.common.clock import is_of_the_future
from facesnap_cli.common.errors import FacesnapError, UsageError
from facesnap_cli.common.escape import harmless
from facesnap_cli.face_api.account import Account
from facesnap_cli.journal.snapshot_uses import used_take
from facesnap_cli.journal.store import Journal
from facesnap_cli.models.operations import Job, Operation, OperationKind
from facesnap_cli.operations.batch_errors import combined_by_name
from facesnap_cli.operations.parameters import VerifyLevel, WantedTake

UNFINISHED_S = 20 * 3600.0  # how long an unfinished copy is gone on with where no max_age says it


@dataclass(frozen=True, slots=True)
class TargetName:
    """A target as it is written: `PROFILE` or `PROFILE:OBJECT_ID`, where the id may be a template."""

    profile: str
    template: Template | None

    @property
    def text(self) -> str:
        """The target as it is written."""
        return f"{self.profile}:{self.template.text}" if self.template else self.profile

    @classmethod
    def parse(cls, text: str, name: str = "") -> TargetName:
        """Read one. `name` is what `{name}` stands for. Raises UsageError."""
        profile, colon, object_id = text.strip().partition(":")
        if not profile or (colon and not object_id):
            raise UsageError(f"{harmless(text)!r} is not a target", hint="write PROFILE or PROFILE:OBJECT_ID")
        return cls(profile, Template(object_id, name) if colon else None)


@dataclass(frozen=True, slots=True)
class CopyTarget:
    """Where a copy goes: an account, and the template of the id that it gets there."""

    account: Account
    template: Template

    @property
    def label(self) -> str:
        """The target as a plan writes it, the same on every day."""
        return f"{self.account.profile}:{self.template.text}" if self.account.profile else self.template.text


@dataclass(frozen=True, slots=True)
class WantedCopy:
    """A copy, checked. `take.max_age_s`: how old a finished copy or a snapshot may be to count."""

    source: Account
    take: WantedTake
    targets: tuple[CopyTarget, ...]
    verify: VerifyLevel = VerifyLevel.QUICK
    keep_snapshot: bool = False

    @property
    def key(self) -> str:
        """The same for every run of the same copy: its source and its targets, as they were asked for."""
        take = [self.source.profile, self.source.endpoint, self.take.object_type, self.take.object_id]
        targets = [
            [one.account.profile, one.account.endpoint, one.template.text, one.template.name] for one in self.targets
        ]
        return hashlib.sha256(json.dumps([take, targets]).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class TargetResult:
    """What came of one target. `operation` is its apply, where there is one; `done_before` by an earlier run."""

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
    """What came of a copy."""

    job: Job
    take: Operation | None
    targets: tuple[TargetResult, ...]

    @property
    def operations(self) -> list[Operation]:
        """The take and the applies."""
        applies = [one.operation for one in self.targets]
        return [operation for operation in (self.take, *applies) if operation]

    @property
    def failure(self) -> FacesnapError | None:
        return combined_by_name([(one.place, one.failure) for one in self.targets], "targets")


@dataclass(frozen=True, slots=True)
class Prospect:
    """What is known of a target before anything is sent: done already, in the way, or to be applied to."""

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


def current_job(journal: Journal, wanted: WantedCopy, now: datetime) -> Job:
    """Return the copy to go on with: the last one if it is unfinished, or finished and young enough; else a new one.

    A finished one counts only under a `max_age_s`; an unfinished one for 20 hours where there is none.
    """
    steps, used = (
        [operation for operation in journal.of_job(wanted.key) if operation.job],
        used_take(journal, wanted.key),
    )
    times = [one.job_time for one in steps if one.job_time] + ([used[1]] if used else [])
    if times:
        max_age_s, last = wanted.take.max_age_s, max(times)
        limit_s = UNFINISHED_S if max_age_s is None else max_age_s
        young = (now - last).total_seconds() <= limit_s and not is_of_the_future(last, now)
        job, left = Job(wanted.key, last), used is None or used[1] != last
        if young and (max_age_s is not None or not (left and _is_finished(wanted, job, steps))):
            return job
    return Job(wanted.key, now.replace(microsecond=0))


def _is_finished(wanted: WantedCopy, job: Job, steps: list[Operation]) -> bool:
    """Tell whether every target has its copy, and the copy's own take has had its snapshot deleted."""
    own = [one for one in steps if one.job == job and one.has_succeeded]
    made = {
        (one.profile, one.object_id)
        for one in own
        if one.kind is OperationKind.APPLY and (one.verified_time or wanted.verify is VerifyLevel.NONE)
    }
    cleaned = all(one.verified_time for one in own if one.kind is OperationKind.TAKE)
    return cleaned and made >= {(one.account.profile, one.template.render(job.time)) for one in wanted.targets}
