"""Define the journal's schema, open its file, and set a damaged file aside."""

from __future__ import annotations

import contextlib
import sqlite3
import uuid
from pathlib import Path

from facesnap_cli.common.clock import Clock
from facesnap_cli.common.process_lock import ProcessLock
from facesnap_cli.common.reporter import Reporter
from facesnap_cli.common.sqlite import DamagedError, connect

APPLICATION_ID = 0x46534A4C  # "FSJL"
MIGRATIONS = (
    """
    CREATE TABLE operations (
        intent TEXT PRIMARY KEY,
        kind TEXT NOT NULL,
        state TEXT NOT NULL,
        profile TEXT,
        endpoint TEXT NOT NULL,
        subscription_id TEXT,
        object_type TEXT NOT NULL,
        object_id TEXT NOT NULL,
        snapshot_id TEXT,
        operation_id TEXT,
        tagged INTEGER NOT NULL,
        user_data_digest TEXT,
        owner TEXT NOT NULL,
        intended_time TEXT NOT NULL,
        submitted_time TEXT,
        polled_time TEXT,
        created_time TEXT,
        last_action_time TEXT,
        finished_time TEXT,
        resource_location TEXT,
        message TEXT
    ) STRICT;
    CREATE INDEX operations_by_id ON operations (operation_id);
    CREATE INDEX operations_by_snapshot ON operations (snapshot_id);
    CREATE INDEX operations_by_state ON operations (state);
    CREATE INDEX operations_by_object ON operations (object_type, object_id);
    """,
    """
    ALTER TABLE operations ADD COLUMN job_key TEXT;
    ALTER TABLE operations ADD COLUMN job_time TEXT;
    ALTER TABLE operations ADD COLUMN verified_time TEXT;
    CREATE INDEX operations_by_job ON operations (job_key);
    """,
    """
    CREATE TABLE snapshot_uses (    -- which copies rely on a take's snapshot
        take TEXT NOT NULL,         -- the take's intent
        job_key TEXT NOT NULL,      -- the copy; or 'kept' for one that wants it to stay, '' once it is to be deleted
        job_time TEXT NOT NULL,
        deletes INTEGER NOT NULL,   -- 1: the copy that took it is done, so the last of the others deletes it
        PRIMARY KEY (take, job_key)
    ) STRICT, WITHOUT ROWID;
    """,
    """
    CREATE TABLE account_paths (    -- which Azure Face account a profile leads to, as its own snapshots have shown
        profile TEXT NOT NULL,      -- '' without a profile
        endpoint TEXT NOT NULL,
        account TEXT NOT NULL,      -- the ARM path
        seen_time TEXT NOT NULL,
        PRIMARY KEY (profile, endpoint)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE backups (          -- one row a backup, for as long as it lives, whatever keep_journal says
        id TEXT PRIMARY KEY,        -- a copy: the intent of its apply; an archive: its archive_id
        method TEXT NOT NULL,       -- snapshot, export
        item TEXT,                  -- the plan's item and the plan's path, for people
        plan TEXT,
        endpoint TEXT NOT NULL,     -- the source object: its account …
        profile TEXT,
        subscription_id TEXT,
        account TEXT,
        object_type TEXT NOT NULL,  -- … its type and its id
        object_id TEXT NOT NULL,
        target TEXT NOT NULL,       -- as it is written: dr:employees-{date}, file:backups/{name}-{date}.facesnap
        target_endpoint TEXT,       -- the copy's account; all NULL for an archive
        target_profile TEXT,
        target_subscription_id TEXT,
        target_account TEXT,
        place TEXT NOT NULL,        -- the copy's object id, or the archive's absolute path
        taken_time TEXT NOT NULL,   -- the moment that it shows
        made_time TEXT NOT NULL,
        origin TEXT NOT NULL,       -- made, adopted
        verified TEXT,              -- quick, full; checked for an archive; NULL: not verified
        verified_time TEXT,
        state TEXT NOT NULL,        -- good, bad, deleted
        reason TEXT,                -- why it is bad
        persons INTEGER,
        faces INTEGER,
        faces_with_image INTEGER,
        bytes INTEGER
    ) STRICT;
    CREATE INDEX backups_by_object ON backups (object_type, object_id);
    CREATE INDEX backups_by_place ON backups (place);
    CREATE TABLE runs (             -- every run of a plan
        id TEXT PRIMARY KEY,
        plan TEXT NOT NULL,         -- absolute path
        owner TEXT NOT NULL,        -- the process, whose lock tells whether it lives
        started_time TEXT NOT NULL,
        finished_time TEXT,         -- NULL: under way, or killed
        exit_status INTEGER,
        items INTEGER,
        items_failed INTEGER,
        causes TEXT                 -- JSON: [{message, profile, targets, command}]
    ) STRICT;
    CREATE INDEX runs_by_plan ON runs (plan, started_time);
    """,
    """
    ALTER TABLE operations ADD COLUMN key_digest TEXT;      -- of an account's key, if no profile names the account
    ALTER TABLE backups ADD COLUMN key_digest TEXT;
    ALTER TABLE backups ADD COLUMN target_key_digest TEXT;
    CREATE TABLE paths_by_name (
        profile TEXT NOT NULL,      -- '' without a profile
        endpoint TEXT NOT NULL,
        key_digest TEXT NOT NULL,   -- '' with a profile, or at a host of the account's own
        account TEXT NOT NULL,      -- the ARM path
        seen_time TEXT NOT NULL,
        PRIMARY KEY (profile, endpoint, key_digest)
    ) STRICT, WITHOUT ROWID;
    -- A path without a profile was any account's at a shared host; its next snapshot shows it again.
    INSERT INTO paths_by_name SELECT profile, endpoint, '', account, seen_time FROM account_paths
        WHERE profile <> '' OR endpoint LIKE '%.cognitiveservices.azure.%';
    DROP TABLE account_paths;
    ALTER TABLE paths_by_name RENAME TO account_paths;
    """,
    """
    ALTER TABLE backups ADD COLUMN stamp TEXT;  -- an archive's file when it was checked: size, inode, times of change
    """,
    """
    ALTER TABLE backups ADD COLUMN facts TEXT;  -- JSON: what a few requests showed of a copy when it was recorded
    """,
    """
    CREATE TABLE drills (           -- every restore under a scratch id
        scratch_id TEXT PRIMARY KEY,
        plan TEXT NOT NULL,
        item TEXT NOT NULL,
        endpoint TEXT NOT NULL,     -- the account in which it was restored
        profile TEXT,
        subscription_id TEXT,
        account TEXT,
        key_digest TEXT,
        object_type TEXT NOT NULL,
        started_time TEXT NOT NULL,
        elapsed_s REAL,             -- NULL: under way, or killed
        failure TEXT,
        deleted INTEGER NOT NULL    -- 0: the scratch object may exist
    ) STRICT, WITHOUT ROWID;
    """,
    """
    ALTER TABLE backups ADD COLUMN left_out TEXT NOT NULL DEFAULT '';  -- of an archive: what was not read, as it says
    """,
    """
    ALTER TABLE drills ADD COLUMN copy TEXT;  -- PROFILE:ID of the copy that was restored, of which a snapshot may exist
    """,
)
PATIENCE_S = 5.0  # while another process checks a lock or sets a damaged journal aside


def owners_of(path: Path) -> Path:
    """Return the directory of the locks that running processes hold."""
    return path.with_name("owners")


def open_journal(path: Path, clock: Clock, reporter: Reporter) -> tuple[sqlite3.Connection, Path | None]:
    """Open or create the journal. Return also the new path of a damaged journal, if this process set one aside.

    Raises DatabaseError for a journal of a newer facesnap, sqlite3.Error or OSError if the system refuses.
    """
    try:
        return _connected(path), None
    except DamagedError as damage:
        return _replaced(path, damage, clock, reporter)


def _connected(path: Path) -> sqlite3.Connection:
    if owners_of(path).is_dir() and path.is_file() and path.stat().st_size == 0:
        raise DamagedError(f"{path} is damaged: it is empty")
    return connect(path, application_id=APPLICATION_ID, migrations=MIGRATIONS)


def _replaced(
    path: Path, damage: DamagedError, clock: Clock, reporter: Reporter
) -> tuple[sqlite3.Connection, Path | None]:
    """Set the damaged journal aside and create a new one; of several processes only one does."""
    lock = ProcessLock.acquire(path.with_name("damaged.lock"), timeout_s=PATIENCE_S)
    try:
        with contextlib.suppress(DamagedError):
            return _connected(path), None  # another process has done it in the meantime
        kept = path.with_name(f"journal.damaged-{clock.now():%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:8]}.db")
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                path.with_name(path.name + suffix).rename(kept.with_name(kept.name + suffix))
        reporter.warn(f"{damage.message}; it is kept as {kept}, and a new journal begins")
        return _connected(path), kept
    finally:
        lock.release(remove=False)
