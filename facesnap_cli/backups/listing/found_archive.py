"""Describe an archive that was found on a disk, by its head and its record."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from facesnap_cli.archives.archive import Archive
from facesnap_cli.backups.archive_records import stamp_of
from facesnap_cli.backups.listing.listed_backup import ListedBackup, Standing, listed_from
from facesnap_cli.common.errors import FacesnapError
from facesnap_cli.models.backups import BackupRecord, BackupState
from facesnap_cli.models.identity import ObjectIdentity, Resource

_UNREADABLE = ObjectIdentity(Resource(""), "", "")


def found_archive(path: Path, records: Mapping[str, BackupRecord]) -> ListedBackup:
    """Return the archive in a file; its whole content is not read."""
    place = str(path.absolute())
    try:
        with Archive.opened(path) as archive:
            head, counts, size = archive.head, archive.counts(), archive.size
    except FacesnapError as error:
        return ListedBackup(
            None, "export", _UNREADABLE, f"file:{place}", None, place, Standing.BAD, None, error.message
        )
    record = records.get(head.archive_id)
    if record and record.state is not BackupState.DELETED and record.stamp and record.stamp == stamp_of(path):
        return listed_from(record)
    maker = head.maker
    return ListedBackup(
        maker.item if maker else record.item if record else None,
        "export",
        head.identity,
        maker.target if maker else f"file:{place}",
        None,
        place,
        Standing.UNVERIFIED if record or maker else Standing.UNKNOWN_ORIGIN,
        head.started_time,
        "was not read whole on this machine",
        record.origin if record else "another machine" if maker else "unknown",
        record.plan if record else None,
        None,
        None,
        head.persons,
        counts.faces,
        counts.with_image,
        size,
        record,
        head.left_out,
    )
