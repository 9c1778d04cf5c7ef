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
from facesnap_cli.journal.transfer_record import Transfer
from facesnap_cli.models.identity import ObjectIdentity, Sameness

_SQLITE_MAGIC = b"SQLite format 3\0"
_APPLICATION_ID_AT = 68  # in the header of a SQLite file, four bytes


class Replacement(enum.Enum):
    """The files that an archive may replace."""

    NOTHING = "nothing"
    WHOLE = "a whole archive of the same object, made by the same item of a plan"
    OWN = "an archive of the same object, made by the same item of a plan"
    ANY = "any archive"  # also a damaged one, and one of another object


def check_replaceable(target: Path, replacement: Replacement, identity: ObjectIdentity, replaced_id: str = "") -> None:
    """Raise ConflictError unless the archive of this object may be written to `target`.

    A plan may only replace the archive with the id `replaced_id`, which its own item made.
    """
    if not os.path.lexists(target):
        return
    if replacement is Replacement.NOTHING:
        raise ConflictError(
            f"{target} exists already", hint="choose another --to, or --force replaces it", subject=str(target)
        )
    if replacement is Replacement.ANY:
        reason = "" if _is_archive(target) else "it is not a facesnap archive"
    else:
        reason = _not_own(target, identity, replaced_id, whole=replacement is Replacement.WHOLE)
    if reason:
        raise ConflictError(
            f"{target} is not replaced: {reason}",
            hint="move or delete it, or write to another path",
            details={"archive": str(target)},
            subject=str(target),
        )


def settled(transfer: Transfer) -> Transfer:
    """Return a transfer with its present state: an export that was killed after it had renamed its archive succeeded.

    Any other file at the path of its archive does not show that.
    """
    if not (transfer.is_draft_lost and transfer.archive_id):
        return transfer
    try:
        with Archive.opened(Path(transfer.archive)) as archive:
            is_its_own = archive.head.archive_id == transfer.archive_id
    except FacesnapError:
        return transfer
    return transfer._replace(state="succeeded") if is_its_own else transfer


def another_object(sameness: Sameness, found: ObjectIdentity) -> str:
    """Return that an archive is, or may be, of another object: the predicate of a sentence; empty if it is not."""
    if sameness.is_certain:
        return ""
    is_of = "is" if sameness is Sameness.DIFFERENT else "may be"
    return f"{is_of} an archive of another object: {found}"


def _not_own(target: Path, identity: ObjectIdentity, replaced_id: str, *, whole: bool) -> str:
    """Return why a file is not the archive of the object that may be replaced; empty if it is."""
    try:
        with Archive.opened(target) as archive:
            if other := another_object(archive.head.compare(identity), archive.head.identity):
                return f"it {other}"
            if archive.head.archive_id != replaced_id:
                return "nothing here shows that this item of the plan made it"
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
