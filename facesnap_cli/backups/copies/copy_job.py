"""Decide whether a copy resumes an unfinished run or begins anew, and find what earlier runs made of each target.

Each target has a key of its own, so an unfinished run is recognized although targets were added, removed or reordered.
What is finished is recognized by the journal's facts, whichever plan made it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cached_property

from facesnap_cli.backups.copies.copy_parameters import CopyParameters, CopyTarget
from facesnap_cli.common.clock import is_of_the_future
from facesnap_cli.journal.account_paths import source_of_take, with_account
from facesnap_cli.journal.backup_records import backup_by_id
from facesnap_cli.journal.snapshot_uses import take_in_use
from facesnap_cli.journal.store import Journal
from facesnap_cli.models.backups import BackupState
from facesnap_cli.models.identity import ObjectIdentity
from facesnap_cli.models.operations import Job, Operation, OperationKind
from facesnap_cli.models.snapshots import Snapshot
from facesnap_cli.operations.parameters import VerifyLevel

UNFINISHED_S = 20 * 3600.0  # how long an unfinished copy is resumed if no max_age says it


class CopyJob:
    """One run of a copy, or the unfinished run that it resumes.

    `service_now` returns the service's time, by which ages are measured. It is asked when an age is first needed.
    """

    def __init__(
        self, journal: Journal, parameters: CopyParameters, now: datetime, service_now: Callable[[], datetime]
    ):
        self._journal = journal
        self._parameters = parameters
        self._now = now
        self._service_now = service_now
        self._keys = [*(parameters.key_of(target) for target in parameters.targets), parameters.former_key]
        self.source = ObjectIdentity(
            with_account(journal, parameters.source.resource),
            parameters.take.object_type.value,
            parameters.take.object_id,
        )

    @cached_property
    def time(self) -> datetime:
        """The moment when the run, or the one that it resumes, began (UTC, whole seconds)."""
        young = [time for time in self._unfinished_times() if self._is_young_run(time)]
        return max(young, default=self._now.replace(microsecond=0))

    def of_target(self, target: CopyTarget) -> Job:
        """Return the name under which the steps of a target are recorded."""
        return Job(self._parameters.key_of(target), self.time)

    def used_take(self) -> Operation | None:
        """Return the take whose snapshot this run still uses, if it certainly is of the source."""
        uses = [used for key in self._keys if (used := take_in_use(self._journal, key))]
        return next((take for take, began in uses if began == self.time and self._is_of_this_source(take)), None)

    def own_take(self) -> Operation | None:
        """Return the newest take of the source that this run has sent."""
        takes = [step for step in self._steps() if step.kind is OperationKind.TAKE and step.job_time == self.time]
        own = [take for take in takes if self._is_of_this_source(take)]
        return max(own, key=lambda take: take.intended_time, default=None)

    def may_be_of_source(self, snapshot: Snapshot) -> bool:
        """Return False if a snapshot shows another account than the one that the source's profile leads to now."""
        shown = self.source.resource._replace(account=snapshot.account or None)
        return self.source.resource.compare(shown).is_possible

    def apply_to(self, target: CopyTarget) -> Operation | None:
        """Return the apply that makes or made the copy in a target: this run's, or one within `max_age_s`.

        Ages are those of the takes, by the service's clock. The apply must have gone certainly to this account, for a
        copy of certainly this object, under the template's name of the moment when its run began. One that did not fail
        is returned before a newer one that did.
        """
        template = target.template
        applies = self._journal.applies_to(
            target.account.resource,
            self.source.object_type,
            template.glob,
            job_since=min(self.time, self._now - self._limit, self._service_now() - self._limit),
        )
        found = [
            apply
            for apply in applies
            if apply.job_time
            and (apply.job_time == self.time or (self._counts_finished and self.is_young(self.taken_time(apply))))
            and template.render(apply.job_time) == apply.object_id
            and self._is_of_source(apply, target)
        ]
        return next((apply for apply in found if not apply.failed_or_abandoned), found[0] if found else None)

    def name_in(self, target: CopyTarget) -> str:
        """Return the id of the copy in a target: of the one that is there or under way, or of the one to make."""
        apply = self.apply_to(target)
        return apply.object_id if apply and not apply.failed_or_abandoned else target.template.render(self.time)

    @property
    def _limit(self) -> timedelta:
        max_age_s = self._parameters.take.max_age_s
        return timedelta(seconds=UNFINISHED_S if max_age_s is None else max_age_s)

    @property
    def _counts_finished(self) -> bool:
        """Whether a finished copy counts. Without `max_age_s`, another one is wanted."""
        return self._parameters.take.max_age_s is not None

    def taken_time(self, apply: Operation) -> datetime:
        """Return the moment that an apply's copy shows."""
        take = self._journal.take_of(apply.snapshot_id or "")
        return (take or apply).started_time

    def is_young(self, moment: datetime) -> bool:
        """Return whether a moment of the service's clock is not longer ago than `max_age_s`."""
        return _is_within(self._limit, moment, self._service_now())

    def _is_young_run(self, time: datetime) -> bool:
        """Return whether a run is young enough to be resumed, by its take, or without one by this machine's clock."""
        takes = [step for step in self._steps() if step.kind is OperationKind.TAKE and step.job_time == time]
        known = [take.started_time for take in takes if take.created_time]
        return self.is_young(max(known)) if known else _is_within(self._limit, time, self._now)

    def _is_of_source(self, apply: Operation, target: CopyTarget) -> bool:
        if record := backup_by_id(self._journal, apply.intent):
            return record.source.compare(self.source).is_certain
        take = self._journal.take_of(apply.snapshot_id or "")
        # Earlier versions ascribed snapshots of other accounts to the profile that found them.
        is_known = take is not None and (bool(take.owner) or apply.job_key == self._parameters.key_of(target))
        return is_known and take is not None and source_of_take(self._journal, take).compare(self.source).is_certain

    def _is_of_this_source(self, take: Operation) -> bool:
        """Return whether a take was certainly of the source: its profile may lead to another account now."""
        return ObjectIdentity(take.resource, take.object_type, take.object_id).compare(self.source).is_certain

    def _steps(self) -> list[Operation]:
        return [step for key in self._keys for step in self._journal.of_job(key) if step.job_time]

    def _unfinished_times(self) -> set[datetime]:
        """Return when the runs began that left something to do for a target: a step, or a snapshot to delete."""
        uses = [used for key in self._keys if (used := take_in_use(self._journal, key))]
        steps = self._steps()
        bad = {step.job_time for step in steps if self.is_finally_bad(step)}
        begun = {began for _, began in uses} | {step.job_time for step in steps if self._is_unfinished(step)}
        return {time for time in begun - bad if time}

    def is_finally_bad(self, apply: Operation) -> bool:
        """Return whether a copy is known to be bad and is not to be verified again."""
        record = backup_by_id(self._journal, apply.intent) if self._parameters.verify is VerifyLevel.NONE else None
        return record is not None and record.state is BackupState.BAD

    def made_bad_copies(self, take: Operation) -> bool:
        """Return whether a copy from a take's snapshot is known to be bad and is not to be verified again."""
        return any(step.snapshot_id == take.snapshot_id and self.is_finally_bad(step) for step in self._steps())

    def _is_unfinished(self, step: Operation) -> bool:
        if step.failed_or_abandoned or step.verified_time:
            return False
        return step.state.is_open or step.kind is OperationKind.TAKE or self._parameters.verify is not VerifyLevel.NONE


def _is_within(limit: timedelta, moment: datetime, now: datetime) -> bool:
    return now - moment <= limit and not is_of_the_future(moment, now)
