"""One backup as it is listed: where it is, when it was taken, and whether it is good."""

from __future__ import annotations

import enum
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from facesnap_cli.common.time_format import format_time
from facesnap_cli.models.backups import BackupRecord, BackupState
from facesnap_cli.models.identity import ObjectIdentity

GONE = "is gone"  # the reason of a backup that is no longer at its place


class Standing(enum.StrEnum):
    """Whether a backup counts. Only a good one is known to be one that can be restored."""

    GOOD = "good"
    UNVERIFIED = "unverified"
    BAD = "bad"
    UNKNOWN_ORIGIN = "unknownOrigin"
    GONE = "gone"


class ListedBackup(NamedTuple):
    """A backup of `source`. Times are UTC; a value is None if it is not known without reading the whole backup.

    `place` is a copy's object id in the account of `profile`, or an archive's absolute path; `target` is as the plan
    writes it. `verified` is quick, full, or checked for an archive. `reason` is why it does not count, the predicate of
    a sentence. `origin` is made, adopted, another machine or unknown. `left_out` names what an archive lacks.
    """

    item: str | None
    method: str
    source: ObjectIdentity
    target: str = ""
    profile: str | None = None
    place: str = ""
    standing: Standing = Standing.UNVERIFIED
    taken_time: datetime | None = None
    reason: str = ""
    origin: str = "made"
    plan: str | None = None
    verified: str | None = None
    verified_time: datetime | None = None
    persons: int | None = None
    faces: int | None = None
    faces_with_image: int | None = None
    bytes: int | None = None
    record: BackupRecord | None = None
    left_out: tuple[str, ...] = ()

    @property
    def is_archive(self) -> bool:
        return self.method == "export"

    @property
    def path(self) -> Path:
        """The archive's file."""
        return Path(self.place)

    @property
    def where(self) -> str:
        """Its place as commands take it: `dr:employees-2026-11-24`, or an archive's path."""
        return f"{self.profile}:{self.place}" if self.profile and not self.is_archive else self.place

    def document(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "item": self.item,
            "objectType": self.source.object_type,
            "objectId": self.source.object_id,
            "method": self.method,
            "target": self.target,
            "profile": self.profile,
            "where": self.where,
            "standing": self.standing.value,
            "reason": self.reason or None,
            "origin": self.origin,
            "takenTime": format_time(self.taken_time),
            "verified": self.verified,
            "verifiedTime": format_time(self.verified_time),
            "persons": self.persons,
            "faces": self.faces,
            "facesWithImage": self.faces_with_image,
            "bytes": self.bytes,
            "plan": self.plan,
            "leftOut": list(self.left_out) if self.is_archive else None,
        }


def listed_from(record: BackupRecord, item: str | None = None, *, is_gone: bool = False) -> ListedBackup:
    """Return a backup as the journal knows it."""
    return ListedBackup(
        item or record.item,
        record.method,
        record.source,
        record.target,
        record.target_resource.profile if record.target_resource else None,
        record.place,
        Standing.GONE if is_gone else standing_of(record),
        record.taken_time,
        GONE if is_gone else record.reason or "",
        record.origin,
        record.plan,
        record.verified,
        record.verified_time,
        record.persons,
        record.faces,
        record.faces_with_image,
        record.bytes,
        record,
        record.left_out,
    )


def standing_of(record: BackupRecord) -> Standing:
    """Return whether a backup counts, as it was recorded."""
    if record.state is BackupState.DELETED:
        return Standing.GONE
    if record.state is BackupState.BAD:
        return Standing.BAD
    return Standing.GOOD if record.verified else Standing.UNVERIFIED


def newest_first(backups: list[ListedBackup]) -> list[ListedBackup]:
    """Return the backups in the order in which they are listed; those without a time come last."""
    return sorted(backups, key=lambda backup: (format_time(backup.taken_time) or "", backup.where), reverse=True)
