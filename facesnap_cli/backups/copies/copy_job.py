"""Decide whether a copy resumes an earlier run of the same copy or begins anew."""

from __future__ import annotations

from datetime import datetime

from facesnap_cli.backups.copies.copy_parameters import CopyParameters
from facesnap_cli.common.clock import is_of_the_future
from facesnap_cli.journal.snapshot_uses import take_in_use
from facesnap_cli.journal.store import Journal
from facesnap_cli.models.operations import Job, Operation, OperationKind
from facesnap_cli.operations.parameters import VerifyLevel

UNFINISHED_S = 20 * 3600.0  # how long an unfinished copy is resumed if no max_age says it


def current_job(journal: Journal, parameters: CopyParameters, now: datetime) -> Job:
    """Return the copy to resume: the last copy if it is young enough, otherwise a new one.

    With a `max_age_s` that is the limit. Without one, only an unfinished copy is resumed, for 20 hours.
    """
    steps, used = (
        [operation for operation in journal.of_job(parameters.key) if operation.job],
        take_in_use(journal, parameters.key),
    )
    times = [step.job_time for step in steps if step.job_time] + ([used[1]] if used else [])
    if times:
        max_age_s, last = parameters.take.max_age_s, max(times)
        limit_s = UNFINISHED_S if max_age_s is None else max_age_s
        young = (now - last).total_seconds() <= limit_s and not is_of_the_future(last, now)
        job, left = Job(parameters.key, last), used is None or used[1] != last
        if young and (max_age_s is not None or not (left and _is_finished(parameters, job, steps))):
            return job
    return Job(parameters.key, now.replace(microsecond=0))


def _is_finished(parameters: CopyParameters, job: Job, steps: list[Operation]) -> bool:
    """Return whether every target has its copy, and the snapshot of the copy's own take was deleted."""
    own = [step for step in steps if step.job == job and step.has_succeeded]
    made = {
        (step.profile, step.object_id)
        for step in own
        if step.kind is OperationKind.APPLY and (step.verified_time or parameters.verify is VerifyLevel.NONE)
    }
    cleaned = all(step.verified_time for step in own if step.kind is OperationKind.TAKE)
    return cleaned and made >= {
        (target.account.profile, target.template.render(job.time)) for target in parameters.targets
    }
