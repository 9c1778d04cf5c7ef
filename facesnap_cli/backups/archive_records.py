"""Record archives in the journal, so that it is known which item of a plan made them."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from facesnap_cli.archives.archive import Archive
from facesnap_cli.archives.archive_parameters import ExportParameters
from facesnap_cli.archives.export import ExportResult, export_object
from facesnap_cli.common.sqlite import DatabaseError
from facesnap_cli.face_api.account import Account
from facesnap_cli.journal.backup_records import backup_at, record_backup
from facesnap_cli.journal.store import JournalError
from facesnap_cli.journal.transfers import RunningTransfer
from facesnap_cli.models.backups import BackupRecord, BackupState
from facesnap_cli.models.identity import ObjectIdentity
from facesnap_cli.operations.dependencies import Dependencies

CHECK_COUNTS_FOR = timedelta(days=7)


def export_by_hand(
    dependencies: Dependencies, account: Account, parameters: ExportParameters, progress: RunningTransfer
) -> ExportResult:
    """Export an object as a user asked, and record it, so that no plan takes the archive for one of its own."""
    exported = export_object(account, parameters, dependencies.clock, progress)
    with Archive.opened(parameters.target) as archive:
        maker = archive.head.maker  # not None if the user resumed what an item of a plan had begun
        record_archive(
            dependencies,
            archive,
            parameters.identity(account),
            target=maker.target if maker else "",
            item=maker.item if maker else None,
        )
    return exported


def record_archive(
    dependencies: Dependencies,
    archive: Archive,
    source: ObjectIdentity,
    *,
    target: str = "",
    item: str | None = None,
    plan: Path | None = None,
    flaw: str = "",
    is_checked: bool = False,
    origin: str = "made",
) -> BackupRecord:
    """Record a finished archive: one of a plan's item, or one that a user exported. Return the record.

    `target` is as the plan writes it, `flaw` why it is not good; `is_checked`: the whole archive was read. The archive
    is what counts, so a journal that cannot be written is only a warning.
    """
    path, counts, now = archive.path.absolute(), archive.counts(), dependencies.clock.now()
    record = BackupRecord(
        id=archive.head.archive_id,
        method="export",
        source=source,
        target=target or f"file:{path}",
        target_resource=None,
        place=str(path),
        taken_time=archive.head.started_time or now,
        made_time=now,
        origin=origin,
        state=BackupState.BAD if flaw else BackupState.GOOD,
        reason=flaw or None,
        verified="checked" if is_checked else None,
        verified_time=now if is_checked else None,
        item=item,
        plan=str(plan.absolute()) if plan else None,
        persons=archive.head.persons,
        faces=counts.faces,
        faces_with_image=counts.with_image,
        bytes=archive.size,
        stamp=stamp_of(path) if is_checked else None,
        left_out=archive.head.left_out,
    )
    try:
        record_deletion(dependencies, path, replaced_by=record.id)
        record_backup(dependencies.journal, record)
    except (DatabaseError, JournalError) as error:
        dependencies.warn_of(error)
    return record


def is_proven(record: BackupRecord, path: Path, now: datetime) -> bool:
    """Return whether an archive was read whole not long ago, and its file has not been changed since.

    A disk may lose bits without a change of the file, so a check does not count for ever.
    """
    if record.state is not BackupState.GOOD or record.stamp is None or record.verified_time is None:
        return False
    return timedelta() <= now - record.verified_time < CHECK_COUNTS_FOR and record.stamp == stamp_of(path)


def stamp_of(path: Path) -> str | None:
    """Return what changes if a file is written to or replaced; None if it cannot be asked for."""
    try:
        status = path.stat()
    except OSError:
        return None
    return f"{status.st_size} {status.st_ino} {status.st_mtime_ns} {status.st_ctime_ns}"


def record_deletion(dependencies: Dependencies, path: Path, *, replaced_by: str = "") -> None:
    """Record that the archive at a path is gone, deleted or replaced. Raises JournalError."""
    known = backup_at(dependencies.journal, str(path), None)
    if known and known.id != replaced_by and known.state is not BackupState.DELETED:
        record_backup(dependencies.journal, known._replace(state=BackupState.DELETED))
