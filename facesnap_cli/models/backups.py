"""Backups as the journal records them."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from facesnap_cli.models.identity import ObjectIdentity, Resource

ADOPTED = "adopted"  # the origin of a backup that a user took in; for a copy also the way it was verified


class BackupState(enum.StrEnum):
    """State of a backup: a good one counts and may displace others, a bad one does neither."""

    GOOD = "good"
    BAD = "bad"
    DELETED = "deleted"


class BackupRecord(NamedTuple):
    """One backup of one object in one target. Times are UTC; counts are None if they are not known.

    `id` is the intent of a copy's apply, or an archive's archive_id. `target` is as it is written, with placeholders;
    `place` is the copy's object id in `target_resource`, or an archive's absolute path without one. `taken_time` is
    the moment that the backup shows. `origin` is made or adopted. `verified` is quick or full, checked for an archive,
    adopted for a copy that a user took in, None for neither. `stamp` identifies the archive's file as it was then.
    `facts` are what a few requests showed of a copy, by which it is recognized later. `left_out` names the parts of the
    object that an archive lacks.
    """

    id: str
    method: str
    source: ObjectIdentity
    target: str
    target_resource: Resource | None
    place: str
    taken_time: datetime
    made_time: datetime
    origin: str = "made"
    state: BackupState = BackupState.GOOD
    reason: str | None = None
    verified: str | None = None
    verified_time: datetime | None = None
    item: str | None = None
    plan: str | None = None
    persons: int | None = None
    faces: int | None = None
    faces_with_image: int | None = None
    bytes: int | None = None
    stamp: str | None = None
    facts: Mapping[str, str] | None = None
    left_out: tuple[str, ...] = ()
