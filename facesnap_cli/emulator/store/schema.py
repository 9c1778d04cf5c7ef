"""Define the database's tables.

An *object* is the content of a container or of a snapshot, which only point to it. Takes and applies copy objects.
Ids are 16-byte blobs, times are ticks of 100 ns since 1970. The person of a face in a list is the empty blob.
"""

from __future__ import annotations

APPLICATION_ID = 0x46534E45  # "FSNE"

MIGRATIONS = (
    """
    CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

    CREATE TABLE objects (
        object INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL,
        user_data TEXT,
        recognition_model TEXT NOT NULL,
        persons INTEGER NOT NULL DEFAULT 0,
        faces INTEGER NOT NULL DEFAULT 0,
        training_started INTEGER,
        training_ends INTEGER,
        training_failure TEXT,
        last_trained INTEGER
    );

    CREATE TABLE containers (
        account TEXT NOT NULL,
        kind TEXT NOT NULL,
        id TEXT NOT NULL,
        object INTEGER NOT NULL UNIQUE REFERENCES objects,
        PRIMARY KEY (account, kind, id)
    ) WITHOUT ROWID;

    CREATE TABLE persons (
        object INTEGER NOT NULL,
        person BLOB NOT NULL,
        name TEXT NOT NULL,
        user_data TEXT,
        faces INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (object, person)
    ) WITHOUT ROWID;

    CREATE TABLE faces (
        object INTEGER NOT NULL,
        person BLOB NOT NULL,
        face BLOB NOT NULL,
        image BLOB NOT NULL,
        user_data TEXT,
        added INTEGER NOT NULL,
        PRIMARY KEY (object, person, face)
    ) WITHOUT ROWID;

    CREATE INDEX faces_by_image ON faces (image, object);

    CREATE TABLE detections (
        face BLOB PRIMARY KEY,
        account TEXT NOT NULL,
        image BLOB NOT NULL,
        recognition_model TEXT NOT NULL,
        expires INTEGER NOT NULL
    ) WITHOUT ROWID;

    CREATE TABLE snapshots (
        snapshot BLOB PRIMARY KEY,
        account TEXT NOT NULL,
        subscription TEXT NOT NULL,
        kind TEXT NOT NULL,
        object INTEGER NOT NULL REFERENCES objects,
        apply_scope TEXT NOT NULL,
        user_data TEXT,
        created INTEGER NOT NULL,
        updated INTEGER,
        expires INTEGER NOT NULL
    ) WITHOUT ROWID;

    CREATE TABLE operations (
        operation BLOB PRIMARY KEY,
        account TEXT NOT NULL,
        action TEXT NOT NULL,
        kind TEXT NOT NULL,
        snapshot BLOB NOT NULL,
        source INTEGER,
        target_id TEXT,
        object INTEGER NOT NULL,
        created INTEGER NOT NULL,
        ends INTEGER NOT NULL,
        copied INTEGER,
        fate TEXT, -- the message that a fault wants the operation to fail with
        state TEXT NOT NULL DEFAULT 'pending',
        finished INTEGER,
        message TEXT
    ) WITHOUT ROWID;

    CREATE INDEX operations_pending ON operations (ends) WHERE state = 'pending';

    CREATE TABLE copies (
        target INTEGER PRIMARY KEY,
        source INTEGER NOT NULL,
        operation BLOB NOT NULL,
        stage TEXT NOT NULL DEFAULT 'persons',
        person BLOB NOT NULL DEFAULT x'',
        face BLOB NOT NULL DEFAULT x''
    );

    CREATE TABLE garbage (object INTEGER PRIMARY KEY);

    CREATE TABLE quotas (
        subscription TEXT NOT NULL,
        action TEXT NOT NULL,
        period TEXT NOT NULL,
        used INTEGER NOT NULL,
        PRIMARY KEY (subscription, action)
    ) WITHOUT ROWID;
    """,
    """
    CREATE TABLE pictures (image BLOB PRIMARY KEY, faces TEXT NOT NULL) WITHOUT ROWID;
    """,
)

TABLES = (
    "operations",
    "copies",
    "garbage",
    "snapshots",
    "containers",
    "persons",
    "faces",
    "detections",
    "quotas",
    "pictures",
    "facts",
    "objects",
)
