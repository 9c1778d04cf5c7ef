"""The journal's tables, and how an older journal comes to have them."""

from __future__ import annotations

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
)
