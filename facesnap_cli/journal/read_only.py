"""Read the journal for TAB and for hints, without creating, changing or waiting for anything."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

from facesnap_cli.models.identity import Resource
from facesnap_cli.models.operations import OPEN_STATES

JOURNAL = "journal.db"
_BUSY_TIMEOUT_S = 0.2
_OPEN = ", ".join(repr(state.value) for state in OPEN_STATES)
_OPERATIONS = f"""
    SELECT coalesce(operation_id, intent), kind || ' ' || object_id || ', ' || state FROM operations
    WHERE state IN ({_OPEN}) OR ?
    ORDER BY intended_time DESC LIMIT 100
"""  # noqa: S608 - ours
_SNAPSHOTS = """
    SELECT snapshot_id, object_type || ' ' || object_id FROM operations
    WHERE kind = 'take' AND snapshot_id IS NOT NULL AND intended_time > ? AND profile IS ?
    AND endpoint = ? AND key_digest IS ?
    ORDER BY intended_time DESC LIMIT 100
"""
_OBJECTS = """
    SELECT object_type, object_id, NULL FROM (
        SELECT object_type, object_id, intended_time AS time, profile, endpoint, key_digest FROM operations
        WHERE state IN ('submitted', 'running', 'succeeded', 'adopted')
        UNION ALL SELECT object_type, object_id, made_time, profile, endpoint, key_digest FROM backups
    ) WHERE profile IS ? AND endpoint = ? AND key_digest IS ?
    GROUP BY object_type, object_id ORDER BY max(time) DESC LIMIT 100
"""
_PLANS = """
    SELECT plan, 'last run ' || substr(max(started_time), 1, 10) FROM runs
    GROUP BY plan ORDER BY max(started_time) DESC LIMIT 20
"""
_ITEMS = """
    SELECT item, object_type || ' ' || object_id || ', last backup ' || substr(max(taken_time), 1, 10) FROM backups
    WHERE item IS NOT NULL AND state = 'good' AND (?1 IS NULL OR plan = ?1)
    GROUP BY item ORDER BY max(taken_time) DESC LIMIT 100
"""
_COPIES = """
    SELECT target_profile || ':' || place, object_type || ' ' || object_id || ', of ' || substr(taken_time, 1, 10)
    FROM backups WHERE method = 'snapshot' AND target_profile IS NOT NULL AND state = 'good'
    ORDER BY taken_time DESC LIMIT 100
"""


def operations(state_directory: Path, *, ended_too: bool) -> list[tuple[str, str]]:
    """Return the ids of open operations with descriptions, newest first; with `ended_too` of all operations."""
    return rows(state_directory / JOURNAL, _OPERATIONS, ended_too)


def snapshots_taken(
    state_directory: Path, *, since: str | None, profile: str | None, resource: Resource
) -> list[tuple[str, str]]:
    """Return the ids of snapshots that a profile took of an account since a time, with descriptions, newest first."""
    return rows(state_directory / JOURNAL, _SNAPSHOTS, since, profile, resource.endpoint, resource.key_digest)


def objects_of(state_directory: Path, *, profile: str | None, resource: Resource) -> list[tuple[str, str, str | None]]:
    """Return the types and ids of an account's objects in takes, applies and backups, without a name, newest first."""
    return rows(state_directory / JOURNAL, _OBJECTS, profile, resource.endpoint, resource.key_digest)


def plans(state_directory: Path) -> list[tuple[str, str]]:
    """Return the paths of the plans that ran, with descriptions, the latest first."""
    return rows(state_directory / JOURNAL, _PLANS)


def items(state_directory: Path, plan: str | None) -> list[tuple[str, str]]:
    """Return the items of a plan, or of all, that have a good backup, with descriptions, the latest first."""
    return rows(state_directory / JOURNAL, _ITEMS, plan)


def copies(state_directory: Path) -> list[tuple[str, str]]:
    """Return the good copies as `PROFILE:ID`, with descriptions, the latest first."""
    return rows(state_directory / JOURNAL, _COPIES)


def rows(path: Path, query: str, *parameters: object) -> list[Any]:
    """Return the rows of a query; none if the database is not there, busy, or of another version of facesnap."""
    try:
        # Not as_uri(): from Python 3.14 on it imports a whole HTTP client.
        uri = f"file:{quote(os.fsencode(path.absolute()))}?mode=ro"
        connection = sqlite3.connect(uri, uri=True, timeout=_BUSY_TIMEOUT_S)
        with contextlib.closing(connection):
            return connection.execute(query, parameters).fetchall()
    except (sqlite3.Error, UnicodeEncodeError):  # what is not Unicode is in no database
        return []
