"""Decide whether an archive may replace what is at its path already."""

from __future__ import annotations

import enum
import os
from pathlib import Path

from facesnap_cli.archives.archive import Archive
from facesnap_cli.archives.archive_schema import APPLICATION_ID
from facesnap_cli.common.errors import ConflictError, FacesnapError
from facesnap_cli.common.files import open_regular
from facesnap_cli.common.sqlite import DamagedError
from facesnap_cli.journal.transfer_record import FINISHED_BEFORE, partial_of
from facesnap_cli.models.identity import ObjectIdentity, Sameness

_SQLITE_MAGIC = b"SQLite format 3\0"
_APPLICATION_ID_AT = 68  # in the header of a SQLite file, four bytes


class Replacement(enum.Enum):
    """The files that an archive may replace."""

    NOTHING = "nothing"
    WHOLE = "a whole archive of the same object"
    OWN = "an archive of the same object"
    ANY = "any archive"  # also a damaged one, and one of another object


def check_replaceable(target: Path, replacement: Replacement, identity: ObjectIdentity) -> None:
    """Raise ConflictError unless the archive of this object may be written to `target`."""
    if not os.path.lexists(target):
        return
    if replacement is Replacement.NOTHING:
        raise ConflictError(
            f"{target} exists already",
            hint="choose another --to, or --force replaces it",
            code="" if partial_of(target).exists() else FINISHED_BEFORE,
        )
    if replacement is Replacement.ANY:
        reason = "" if _is_archive(target) else "it is not a facesnap archive"
    else:
        reason = _not_own(target, identity, whole=replacement is Replacement.WHOLE)
    if reason:
        raise ConflictError(
            f"{target} is not replaced: {reason}",
            hint="move or delete it, or write to another path",
            details={"archive": str(target)},
        )


def another_object(sameness: Sameness, found: ObjectIdentity) -> str:
    """Return that an archive is, or may be, of another object: the predicate of a sentence; empty if it is not."""
    if sameness.is_certain:
        return ""
    is_of = "is" if sameness is Sameness.DIFFERENT else "may be"
    return f"{is_of} an archive of another object: {found}"


def _not_own(target: Path, identity: ObjectIdentity, *, whole: bool) -> str:
    """Return why a file is not an archive of the object; empty if it is one."""
    try:
        with Archive.opened(target) as archive:
            if other := another_object(archive.head.compare(identity), archive.head.identity):
                return f"it {other}"
            if whole:
                archive.check()
    except DamagedError:
        return "it is damaged"
    except FacesnapError:
        return "it cannot be read as an archive"
    return ""


def _is_archive(target: Path) -> bool:
    """Return whether a file is an archive, even a damaged one, or an empty file, which is nobody's loss."""
    try:
        with open_regular(target) as file:
            beginning = file.read(_APPLICATION_ID_AT + 4)
    except OSError:
        return False
    ours = APPLICATION_ID.to_bytes(4, "big")
    return not beginning or (beginning.startswith(_SQLITE_MAGIC) and beginning[_APPLICATION_ID_AT:] == ours)
