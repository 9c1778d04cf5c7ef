"""Rebuild a copy in another place by snapshot, and say what a restore will do."""

from __future__ import annotations

from facesnap_cli.archives.archive import Archive
from facesnap_cli.archives.archive_parameters import ImportParameters
from facesnap_cli.archives.importing.import_schema import recorded_import
from facesnap_cli.backups.copies.copy import Copy
from facesnap_cli.backups.copies.copy_parameters import CopyParameters, TargetName, copy_between
from facesnap_cli.backups.copies.copy_results import CopyResult
from facesnap_cli.backups.plans.preview import Step
from facesnap_cli.backups.restoring.backup_choice import Choice
from facesnap_cli.backups.templates import Template
from facesnap_cli.common.errors import ConflictError, UsageError
from facesnap_cli.common.escape import counted
from facesnap_cli.common.time_format import format_duration
from facesnap_cli.face_api.account import Account
from facesnap_cli.journal.durations import estimate_s
from facesnap_cli.journal.transfer_record import import_state_path
from facesnap_cli.models.operations import OperationKind
from facesnap_cli.operations.dependencies import Dependencies
from facesnap_cli.operations.parameters import VerifyLevel
from facesnap_cli.operations.take_and_apply import intended
from facesnap_cli.operations.wait import OperationProgress


def copy_back(dependencies: Dependencies, choice: Choice, account: Account, object_id: str) -> CopyParameters:
    """Return the parameters of a copy of a copy to the place where it is restored. Raises UsageError."""
    if account.profile is None:
        raise UsageError("a copy is restored into the account of a profile", hint="name it with --to PROFILE:ID")
    assert choice.object_type
    return copy_between(
        dependencies,
        dependencies.accounts.usable(choice.copy_profile),
        choice.object_type,
        choice.copy_id,
        [TargetName(account.profile, Template(object_id))],
        verify=VerifyLevel.QUICK,
        keep_snapshot=False,
        max_age_s=None,
    )


def run_copy_back(dependencies: Dependencies, parameters: CopyParameters, progress: OperationProgress) -> CopyResult:
    """Take a snapshot of the copy, apply it, verify, and delete the snapshot."""
    result = Copy(dependencies, parameters, progress).run()
    dependencies.forget_old_operations()
    return result


def check_free(dependencies: Dependencies, account: Account, parameters: ImportParameters) -> None:
    """Raise ConflictError if the object to build exists and no import of this machine has begun it."""
    begun = recorded_import(import_state_path(dependencies.state_directory, parameters.transfer(account).id))
    if begun is None and account.objects.exists(parameters.object_type, parameters.object_id):
        raise ConflictError(
            f"{parameters.object_type.value} {account.place(parameters.object_id)} exists already,"
            " and a restore overwrites nothing",
            hint="restore it under another id with --to PROFILE:ID, or add what it lacks with --into",
            details={"objectId": parameters.object_id},
        )


def import_step(archive: Archive, parameters: ImportParameters, account: Account) -> Step:
    """Return what an import of an archive will do, and how long it takes."""
    kind = parameters.object_type.value
    place = f"{kind} {account.place(parameters.object_id)}"
    if parameters.additions:
        who = counted(len(parameters.persons), "person") if parameters.persons else "everything"
        said = f"add {who} that {place} lacks, train it and compare; nothing else in it changes"
        return Step(str(archive.path), "import", account.profile, kind, parameters.object_id, said)
    account.begin_bulk_work()  # at the account's rate
    persons = len(parameters.persons) or archive.head.persons
    faces = archive.count("image IS NOT NULL")
    what = [counted(persons, "person")] if archive.head.object_type.has_persons else []
    without = " without user data" if faces and not archive.head.has_face_user_data else ""
    what.append(counted(faces, "face") + without)
    said = f"build {place} from {' and '.join(what)}, train it and compare; {account.estimate(persons + faces)}"
    return Step(str(archive.path), "import", account.profile, kind, parameters.object_id, said)


def copy_step(dependencies: Dependencies, parameters: CopyParameters, object_id: str) -> Step:
    """Return what restoring a copy will do, and how long it takes if that is known."""
    [target], take = parameters.targets, parameters.take
    kind = take.object_type
    expected = [
        estimate_s(dependencies.journal, intended(dependencies, account, step, kind, name, owner=""))
        for account, step, name in (
            (parameters.source, OperationKind.TAKE, take.object_id),
            (target.account, OperationKind.APPLY, object_id),
        )
    ]
    known = [seconds for seconds in expected if seconds is not None]
    usual = f"about {format_duration(sum(known))}" if known else "how long it takes is not known yet"
    said = (
        f"take a snapshot of {parameters.source.place(take.object_id)}, apply it as {kind.value}"
        f" {target.account.place(object_id)}, compare both, delete the snapshot; {usual}"
    )
    return Step(parameters.source.place(take.object_id), "copy", target.account.profile, kind.value, object_id, said)
