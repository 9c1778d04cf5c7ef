"""Read the journal for TAB and for hints, without creating, changing or waiting for anything."""

from __future__ import annotations

import contextlib
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


def operations(state_directory: Path, *, ended_too: bool) -> list[tuple[str, str]]:
    """Return the ids of open operations with descriptions, newest first; with `ended_too` of all operations."""
    return rows(state_directory / JOURNAL, _OPERATIONS, ended_too)


def snapshots_taken(
    state_directory: Path, *, since: str | None, profile: str | None, resource: Resource
) -> list[tuple[str, str]]:
    """Return the ids of snapshots that a profile took of an account since a time, with descriptions, newest first."""
    return rows(state_directory / JOURNAL, _SNAPSHOTS, since, profile, resource.endpoint, resource.key_digest)


def rows(path: Path, query: str, *parameters: object) -> list[Any]:
    """Return the rows of a query; none if the database is not there, busy, or of another version of facesnap."""
    try:
        # Not as_uri(): from Python 3.14 on it imports a whole HTTP client.
        connection = sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True, timeout=_BUSY_TIMEOUT_S)
        with contextlib.closing(connection):
            return connection.execute(query, parameters).fetchall()
    except sqlite3.Error:
        return []
