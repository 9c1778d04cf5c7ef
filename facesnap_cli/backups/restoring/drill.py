"""Restore the newest backup of each item under a scratch id, verify it, delete it, and record how long it took.

A scratch object is recognized by two things together: the journal recorded its id before it was created, and the id is
drill- with 32 random hex digits, which nothing else has. Nothing else is ever deleted.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta

from facesnap_cli.archives.archive import Archive
from facesnap_cli.archives.archive_parameters import ImportParameters
from facesnap_cli.archives.importing.importer import import_archive
from facesnap_cli.backups.copies.copy import Copy
from facesnap_cli.backups.plans.plan import Plan, PlanItem
from facesnap_cli.backups.plans.plan_runner import plan_lock
from facesnap_cli.backups.restoring.backup_choice import Choice, choose
from facesnap_cli.backups.restoring.rebuilding import copy_back
from facesnap_cli.common.errors import FacesnapError, NotFoundError, VerificationError
from facesnap_cli.common.hints import as_hint, command
from facesnap_cli.common.patterns import pattern
from facesnap_cli.face_api.account import Account
from facesnap_cli.journal.backup_records import backup_by_id, record_backup
from facesnap_cli.journal.drill_records import DrillRecord, record_drill, unfinished_drills
from facesnap_cli.journal.transfer_record import forget_import_state, import_id
from facesnap_cli.models.backups import BackupState
from facesnap_cli.models.objects import ObjectType
from facesnap_cli.operations.batch_errors import combined
from facesnap_cli.operations.dependencies import Dependencies
from facesnap_cli.operations.wait import OperationProgress

SCRATCH_ID = pattern(r"drill-[0-9a-f]{32}")
LATE_FOR = timedelta(hours=48)  # an object that a killed drill began may appear so much later


@dataclass(frozen=True, slots=True)
class DrillResult:
    """The result of one item. `where` is the backup that was restored; empty if there was none."""

    item: PlanItem
    where: str = ""
    profile: str | None = None
    scratch_id: str = ""
    elapsed_s: float | None = None
    failure: FacesnapError | None = None

    def document(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "item": self.item.name,
            "status": "failed" if self.failure else "restored",
            "where": self.where or None,
            "profile": self.profile,
            "objectType": self.item.object_type.value,
            "objectId": self.scratch_id or None,
            "elapsedSeconds": None if self.elapsed_s is None else round(self.elapsed_s, 1),
            "exitCode": self.failure.status if self.failure else 0,
            "message": self.failure.message if self.failure else None,
        }


def run_drill(
    dependencies: Dependencies, plan: Plan, progress_of: Callable[[str], OperationProgress]
) -> list[DrillResult]:
    """Remove what a killed drill of the plan left, then restore the newest backup of each item, one by one."""
    with plan_lock(dependencies.state_directory, plan.path):
        remove_scratch_objects(dependencies, plan, progress_of(plan.items[0].name))
        return [_drilled(dependencies, plan, item, progress_of(item.name)) for item in plan.items]


def failure_of(results: Sequence[DrillResult]) -> FacesnapError | None:
    """Return the error that a drill ends with; None if every backup was restored."""
    return combined([(result.item.name, result.failure) for result in results], "items")


def remove_scratch_objects(dependencies: Dependencies, plan: Plan, progress: OperationProgress) -> None:
    """Delete the scratch objects that earlier drills of the plan left, if they certainly are theirs."""
    for record in unfinished_drills(dependencies.journal, str(plan.path.absolute())):
        try:
            account = dependencies.accounts.usable(record.resource.profile)
            if not record.resource.compare(dependencies.known_resource(account)).is_certain:
                dependencies.reporter.warn(f"{record.scratch_id} of an earlier drill may exist in another account")
                continue
            _delete(dependencies, account, record, progress)
        except FacesnapError as error:
            dependencies.warn_of(error)


def _drilled(dependencies: Dependencies, plan: Plan, item: PlanItem, progress: OperationProgress) -> DrillResult:
    result = DrillResult(item)
    try:
        choice = choose(dependencies, item.name, plan=plan.path, at=None, needs_images=False)
        profile = item.source if choice.archive else choice.copy_profile
        account = dependencies.accounts.usable(profile)
        record = DrillRecord(
            f"drill-{uuid.uuid4().hex}",
            str(plan.path.absolute()),
            item.name,
            dependencies.known_resource(account),
            item.object_type.value,
            dependencies.clock.now(),
            copy=None if choice.archive else choice.where,
        )
        result = DrillResult(item, choice.where, account.profile, record.scratch_id)
        if account.objects.exists(item.object_type, record.scratch_id):
            raise VerificationError(f"the scratch id {record.scratch_id} is taken")
        record_drill(dependencies.journal, record)
        started, failure = dependencies.clock.monotonic(), None
        try:
            _rebuild(dependencies, choice, account, record.scratch_id, progress)
        except FacesnapError as error:
            failure = error
            # How to go on with the scratch object helps nobody, because it is deleted below.
            failure.resume = command("run", plan.path.absolute(), "--drill")
            if isinstance(failure, VerificationError):
                failure.hint = as_hint("")
        elapsed_s = dependencies.clock.monotonic() - started
        record = record._replace(elapsed_s=elapsed_s, failure=failure.message if failure else None)
        record_drill(dependencies.journal, record)
        _delete(dependencies, account, record, progress)
        result = DrillResult(item, choice.where, account.profile, record.scratch_id, elapsed_s, failure)
    except FacesnapError as failure:
        result = DrillResult(item, result.where, result.profile, result.scratch_id, result.elapsed_s, failure)
    progress.end(result.failure.message if result.failure else f"restored {result.where}", ok=result.failure is None)
    return result


def _rebuild(
    dependencies: Dependencies, choice: Choice, account: Account, scratch_id: str, progress: OperationProgress
) -> None:
    """Rebuild a backup under the scratch id and verify it. Raises what it fails with."""
    if choice.archive is None:
        result = Copy(dependencies, copy_back(dependencies, choice, account, scratch_id), progress).run()
        if result.failure:
            raise result.failure
        return
    with Archive.opened(choice.archive) as archive, closing(dependencies.open_transfers()) as transfers:
        counts = archive.counts()
        if counts.faces and not counts.with_image:
            raise VerificationError(
                f"{choice.archive} has no images, so that none of its {counts.faces:,} faces can be rebuilt",
                hint="images in the plan names the originals",
            )
        kind = archive.head.object_type
        parameters = ImportParameters(
            choice.archive, kind, scratch_id, partial=True, schedule=dependencies.schedule, archive_type=kind
        )
        with transfers.running(parameters.transfer(account), progress) as recorded:
            imported = import_archive(
                account, archive, parameters, dependencies.state_directory, dependencies.clock, recorded
            )
        if imported.failure:
            raise imported.failure


def _delete(dependencies: Dependencies, account: Account, record: DrillRecord, progress: OperationProgress) -> None:
    """Delete a scratch object and its snapshot, and forget it unless a late request may still create it."""
    kind = ObjectType(record.object_type)
    if not SCRATCH_ID.fullmatch(record.scratch_id):
        return
    if record.copy:
        _give_up_copy(dependencies, account, record, progress)
    transfer_id = import_id(account.identity_of(kind, record.scratch_id))
    with closing(dependencies.open_transfers()) as transfers:
        if transfer := transfers.find(transfer_id):
            transfers.take_off(transfer)
    try:
        account.objects.delete(kind, record.scratch_id)
    except NotFoundError:
        if record.elapsed_s is None and dependencies.clock.now() - record.started_time < LATE_FOR:
            return
    forget_import_state(dependencies.state_directory, transfer_id)
    record_drill(dependencies.journal, record._replace(is_deleted=True))


def _give_up_copy(
    dependencies: Dependencies, account: Account, record: DrillRecord, progress: OperationProgress
) -> None:
    """Wait until nothing can create the scratch object any more, and delete the snapshot that it was made from."""
    profile, _, copy_id = (record.copy or "").partition(":")
    choice = Choice(None, profile, copy_id, ObjectType(record.object_type), None, None, "")
    Copy(dependencies, copy_back(dependencies, choice, account, record.scratch_id), progress).give_up()
    for apply in dependencies.journal.applies_to(record.resource, record.object_type, record.scratch_id):
        if made := backup_by_id(dependencies.journal, apply.intent):
            record_backup(dependencies.journal, made._replace(state=BackupState.DELETED))
