"""Record the backups that were made. A record lives as long as its backup, whatever `keep_journal` says."""

from __future__ import annotations

import json
from typing import Any

from facesnap_cli.common.escape import path_for_storage, storable, stored_path
from facesnap_cli.common.time_format import format_time, parse_time
from facesnap_cli.journal.store import Journal
from facesnap_cli.models.backups import BackupRecord, BackupState
from facesnap_cli.models.identity import ObjectIdentity, Resource

_SOURCE = ("endpoint", "profile", "subscription_id", "account", "key_digest")
_PLAIN = ("id", "method", "item", "plan", "target", "place", "origin", "verified", "reason", "stamp")
_PATHS = ("plan", "target", "place")
_COUNTS = ("persons", "faces", "faces_with_image", "bytes")
_TIMES = ("taken_time", "made_time", "verified_time")


def record_backup(journal: Journal, record: BackupRecord) -> None:
    """Commit a backup, or what has become of it. Raises JournalError."""
    row = _row(record)
    names = ", ".join(row)
    values = ", ".join(f":{name}" for name in row)
    with journal.writing() as database:
        database.execute(f"INSERT OR REPLACE INTO backups ({names}) VALUES ({values})", row)  # noqa: S608 - ours


def backups_of(journal: Journal, object_type: str, object_id: str | None = None) -> list[BackupRecord]:
    """Return the records of all objects with this type and id, or of any id, newest first.

    The caller compares their accounts.
    """
    with journal.reading() as database:
        rows = database.execute(
            "SELECT * FROM backups WHERE object_type = ?1 AND (?2 IS NULL OR object_id = ?2) ORDER BY taken_time DESC",
            (object_type, object_id),
        ).fetchall()
    return [_record(dict(row)) for row in rows]


def all_backups(journal: Journal) -> list[BackupRecord]:
    """Return every record, newest first."""
    with journal.reading() as database:
        rows = database.execute("SELECT * FROM backups ORDER BY taken_time DESC").fetchall()
    return [_record(dict(row)) for row in rows]


def backup_by_id(journal: Journal, backup_id: str) -> BackupRecord | None:
    """Return the record of a backup by its id."""
    with journal.reading() as database:
        row = database.execute("SELECT * FROM backups WHERE id = ?", (backup_id,)).fetchone()
    return _record(dict(row)) if row else None


def backup_at(journal: Journal, place: str, target: Resource | None) -> BackupRecord | None:
    """Return the newest record of a place: an archive's absolute path, or a copy's id in the account `target`."""
    with journal.reading() as database:
        rows = database.execute(
            "SELECT * FROM backups WHERE place = ? ORDER BY made_time DESC", (path_for_storage(place),)
        ).fetchall()
    for record in (_record(dict(row)) for row in rows):
        if (record.target_resource is None and target is None) or (
            record.target_resource and target and record.target_resource.compare(target).is_certain
        ):
            return record
    return None


def _row(record: BackupRecord) -> dict[str, Any]:
    target = record.target_resource
    return {
        **{name: getattr(record, name) for name in (*_PLAIN, *_COUNTS)},
        **{name: path and path_for_storage(path) for name in _PATHS for path in [getattr(record, name)]},
        "reason": record.reason and storable(record.reason),
        **{name: format_time(getattr(record, name)) for name in _TIMES},
        **{name: getattr(record.source.resource, name) for name in _SOURCE},
        **{f"target_{name}": getattr(target, name) if target else None for name in _SOURCE},
        "object_type": record.source.object_type,
        "object_id": record.source.object_id,
        "state": record.state.value,
        "left_out": " ".join(record.left_out),
        "facts": json.dumps(record.facts) if record.facts else None,
    }


def _record(row: dict[str, Any]) -> BackupRecord:
    values: dict[str, Any] = {name: row[name] for name in (*_PLAIN, *_COUNTS)}
    values |= {name: row[name] and stored_path(row[name]) for name in _PATHS}
    values |= {name: parse_time(row[name]) for name in _TIMES}
    values["target_resource"] = (
        Resource(*(row[f"target_{name}"] for name in _SOURCE)) if row["target_endpoint"] else None
    )
    resource = Resource(*(row[name] for name in _SOURCE))
    values["source"] = ObjectIdentity(resource, row["object_type"], row["object_id"])
    facts = json.loads(row["facts"]) if row["facts"] else None
    left_out = tuple(row["left_out"].split())
    return BackupRecord(state=BackupState(row["state"]), facts=facts, left_out=left_out, **values)
