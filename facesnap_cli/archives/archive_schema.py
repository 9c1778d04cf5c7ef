"""Define the archive's schema, its head and its checksums.

The schema is a promise, because others read archives with nothing but SQLite. `sqlite3 FILE .schema` shows the
comments in the statements. A file whose statements differ in more than comments is refused. Never edit anything else
in them: add a migration.
"""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Self

from facesnap_cli.common.sqlite import DatabaseError
from facesnap_cli.common.time_format import format_time, parse_time
from facesnap_cli.models.identity import ObjectIdentity, Resource, Sameness
from facesnap_cli.models.ids import OBJECT_ID
from facesnap_cli.models.objects import ObjectType

APPLICATION_ID = 0x46534152  # "FSAR"
MIGRATIONS = (
    """
    CREATE TABLE object (                 -- one row: the group or list, and this file
        one INTEGER PRIMARY KEY CHECK (one = 1),               -- always 1: there is no second row
        archive_id TEXT NOT NULL,         -- 32 hex digits that no other archive has
        type TEXT NOT NULL,               -- PersonGroup, LargePersonGroup, FaceList, LargeFaceList
        object_id TEXT NOT NULL,          -- its id in the service
        name TEXT,                        -- its name there
        user_data TEXT,                   -- its userData, text of whoever uses it
        recognition_model TEXT,           -- recognition_01 to recognition_04
        training_status TEXT,             -- notstarted, running, succeeded, failed; NULL: never trained
        last_trained_time TEXT,           -- times: RFC 3339, UTC
        endpoint TEXT NOT NULL,           -- where it was read
        subscription_id TEXT,             -- of the Azure subscription, where it is known
        started_time TEXT NOT NULL,       -- when the export began
        finished_time TEXT,               -- NULL: the export has not ended
        written_by TEXT NOT NULL,         -- facesnap and its version
        persons INTEGER,                  -- number of rows in persons
        faces INTEGER,                    -- number of rows in faces
        images INTEGER,                   -- number of rows in images
        contents TEXT,                    -- SHA-256 over the checksums of persons, faces, images, each by its id
        checksum TEXT                     -- here and below: the first 16 hex digits of the SHA-256 over the netstrings
    ) STRICT;                             -- (LENGTH:BYTES,) of all columns before it, a NULL being "-,"
    CREATE TABLE persons (                -- empty for a list
        person_id TEXT PRIMARY KEY,       -- the personId
        name TEXT,                        -- the person's name
        user_data TEXT,                   -- the person's userData
        checksum TEXT                     -- of the columns before it
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX persons_by_name ON persons (name);
    CREATE TABLE faces (
        face_id TEXT PRIMARY KEY,         -- the persistedFaceId
        person_id TEXT REFERENCES persons ON DELETE CASCADE,   -- NULL in a list
        user_data TEXT,                   -- the face's userData
        image TEXT REFERENCES images,     -- the sha256 of its image; NULL: no image, so the face cannot be rebuilt
        target_face TEXT,                 -- left,top,width,height of the face in its image, in pixels
        detection_model TEXT,             -- detection_01 to detection_03, to use with this image
        checksum TEXT                     -- of the columns before it
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX faces_by_person ON faces (person_id);
    CREATE TABLE images (
        sha256 TEXT PRIMARY KEY,          -- of the content, 64 hex digits
        format TEXT NOT NULL,             -- JPEG, PNG, GIF, BMP
        content BLOB NOT NULL             -- the image file, byte by byte
    ) STRICT;
    """,
    """
    CREATE TABLE export (                 -- since version 2; one row: how the archive came about
        one INTEGER PRIMARY KEY CHECK (one = 1),               -- always 1
        profile TEXT,                     -- the profile that read the object, a name on the machine that wrote the file
        account TEXT,                     -- ARM path of the Azure Face account; NULL: not known when it was read
        key_digest TEXT,                  -- 16 hex digits that recognize the account's key if no profile named it
        consistent INTEGER NOT NULL CHECK (consistent IN (0, 1)),  -- 0: the object was written to while it was read
        left_out TEXT NOT NULL,           -- what was not read, separated by spaces: face-user-data; empty: nothing
        base_id TEXT,                     -- archive_id of the archive that unchanged data came from
        item TEXT,                        -- the plan's item that made it; NULL: exported by hand
        target TEXT,                      -- the item's target, as the plan writes it
        place TEXT,                       -- the file's name, with the folders above it that have a date in their name
        sources TEXT,                     -- SHA-256 over the checksums of image_sources, each by its face
        checksum TEXT                     -- of the columns before it
    ) STRICT;
    CREATE TABLE image_sources (          -- since version 2: where a face's image came from
        face_id TEXT PRIMARY KEY REFERENCES faces ON DELETE CASCADE,
        path TEXT NOT NULL,               -- the file, as the manifest names it or from the image directory
        rule TEXT NOT NULL,               -- what matched it: manifest, face-id, person-id, name, user-data
        matched_time TEXT NOT NULL,       -- when it was matched with this face
        carried_from TEXT,                -- archive_id of the base that it was carried on from; NULL: the file was read
        checksum TEXT                     -- of the columns before it
    ) STRICT, WITHOUT ROWID;
    """,
)
OBJECT_COLUMNS = (
    "one",
    "archive_id",
    "type",
    "object_id",
    "name",
    "user_data",
    "recognition_model",
    "training_status",
    "last_trained_time",
    "endpoint",
    "subscription_id",
    "started_time",
    "finished_time",
    "written_by",
    "persons",
    "faces",
    "images",
    "contents",
)
FACE_USER_DATA = "face-user-data"  # in `left_out`: the user data of persons' faces was not read
NUMBERS = ("one", "persons", "faces", "images", "consistent")
_REQUIRED = (
    "one",
    "archive_id",
    "type",
    "object_id",
    "endpoint",
    "started_time",
    "written_by",
    "consistent",
    "left_out",
)
PERSON_COLUMNS = ("person_id", "name", "user_data")
FACE_COLUMNS = ("face_id", "person_id", "user_data", "image", "target_face", "detection_model")
_MAKER = ("item", "target", "place")
EXPORT_COLUMNS = ("one", "profile", "account", "key_digest", "consistent", "left_out", "base_id", *_MAKER, "sources")
SOURCE_COLUMNS = ("face_id", "path", "rule", "matched_time", "carried_from")
_HEADS = (
    # A version 1 archive says no more. Its object was read until it stayed the same.
    "SELECT *, NULL AS profile, NULL AS account, NULL AS key_digest, 1 AS consistent, '' AS left_out, NULL AS base_id,"
    " NULL AS item, NULL AS target, NULL AS place FROM object",
    "SELECT object.*, profile, account, key_digest, consistent, left_out, base_id, item, target, place"
    " FROM object LEFT JOIN export USING (one)",
)


class ArchiveError(DatabaseError):
    """The archive cannot be used as it is."""

    default_code = "Archive"


class Maker(NamedTuple):
    """The item of a plan that an archive is made by, and the target as the plan writes it.

    `place` is the file's name, with the folders above it whose names have a date.
    """

    item: str
    target: str
    place: str

    def made(self, other: Maker) -> bool:
        """Return whether it is the same target with the same file: the name of an item may change."""
        return (self._filled, self.place) == (other._filled, other.place)

    @property
    def _filled(self) -> str:
        return self.target.replace("{name}", self.item)


@dataclass(frozen=True, slots=True)
class Head:
    """An archive's description of its object and of itself. Times are UTC; `last_trained_time` None: never trained."""

    archive_id: str
    object_type: ObjectType
    object_id: str
    name: str | None
    user_data: str | None
    recognition_model: str | None
    training_status: str | None
    last_trained_time: datetime | None
    endpoint: str
    subscription_id: str | None
    started_time: datetime | None
    finished_time: datetime | None
    written_by: str
    persons: int
    faces: int
    images: int
    profile: str | None
    account: str | None
    key_digest: str | None
    is_consistent: bool
    left_out: tuple[str, ...]
    base_id: str | None
    maker: Maker | None
    version: int

    @classmethod
    def from_row(cls, row: sqlite3.Row, version: int) -> Self:
        """Read what `read_head_row` returned. Raises ValueError if a value has the wrong type or cannot be an id."""
        for name in row.keys():  # noqa: SIM118 - a row's own iterator gives values
            expected = int if name in NUMBERS else str
            if not isinstance(row[name], expected) and not (row[name] is None and name not in _REQUIRED):
                raise ValueError(f"its {name} is of another type")
        if not OBJECT_ID.fullmatch(row["object_id"]):
            raise ValueError("its object_id cannot be one")
        maker = tuple(row[name] for name in _MAKER)
        return cls(
            archive_id=row["archive_id"],
            object_type=ObjectType(row["type"]),
            object_id=row["object_id"],
            name=row["name"],
            user_data=row["user_data"],
            recognition_model=row["recognition_model"],
            training_status=row["training_status"],
            last_trained_time=parse_time(row["last_trained_time"]),
            endpoint=row["endpoint"],
            subscription_id=row["subscription_id"],
            started_time=parse_time(row["started_time"]),
            finished_time=parse_time(row["finished_time"]),
            written_by=row["written_by"],
            persons=row["persons"] or 0,
            faces=row["faces"] or 0,
            images=row["images"] or 0,
            profile=row["profile"],
            account=row["account"],
            key_digest=row["key_digest"],
            is_consistent=bool(row["consistent"]),
            left_out=tuple(row["left_out"].split()),
            base_id=row["base_id"],
            maker=Maker(row["item"], row["target"], row["place"]) if None not in maker else None,
            version=version,
        )

    @property
    def title(self) -> str:
        return f"{self.object_type.value} {self.object_id}"

    @property
    def has_face_user_data(self) -> bool:
        """Whether the user data of persons' faces was read, so that a face without any has none."""
        return FACE_USER_DATA not in self.left_out

    @property
    def identity(self) -> ObjectIdentity:
        """The object that it was read from."""
        resource = Resource(self.endpoint, self.profile, self.subscription_id, self.account, self.key_digest)
        return ObjectIdentity(resource, self.object_type.value, self.object_id)

    def compare(self, other: ObjectIdentity) -> Sameness:
        """Return whether it is an archive of this object.

        Version 1 recorded no profile, so that of two accounts at a shared host the subscription has to decide.
        """
        own = self.identity
        if self.version > 1 or other.resource.subscription_id is None or self.subscription_id is None:
            return own.compare(other)
        named = own.resource._replace(profile=other.resource.profile, key_digest=other.resource.key_digest)
        return own._replace(resource=named).compare(other)

    def document(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "formatVersion": self.version,
            "archiveId": self.archive_id,
            "type": self.object_type.value,
            "objectId": self.object_id,
            "name": self.name,
            "userData": self.user_data,
            "recognitionModel": self.recognition_model,
            "trainingStatus": self.training_status,
            "lastTrainedTime": format_time(self.last_trained_time),
            "endpoint": self.endpoint,
            "subscriptionId": self.subscription_id,
            "account": self.account,
            "profile": self.profile,
            "startedTime": format_time(self.started_time),
            "finishedTime": format_time(self.finished_time),
            "writtenBy": self.written_by,
            "persons": self.persons,
            "faces": self.faces,
            "images": self.images,
            "consistent": self.is_consistent,
            "leftOut": list(self.left_out),
            "baseId": self.base_id,
            "item": self.maker.item if self.maker else None,
            "target": self.maker.target if self.maker else None,
        }


def checksum(*columns: Any) -> str:
    """Return the checksum of a row's columns. SQL gives texts as bytes."""
    return hashlib.sha256(b"".join(map(_netstring, columns))).hexdigest()[:16]


def with_checksum(*columns: str | None) -> tuple[str | None, ...]:
    """Return the values of a row's columns, and their checksum."""
    return *columns, checksum(*columns)


def checksum_of(columns: tuple[str, ...], **new: str) -> str:
    """Return the SQL expression of the checksum over columns, for a connection with the functions of archives.

    `new` has SQL expressions of columns that the same statement changes.
    """
    return f"row_checksum({', '.join(f'CAST({new.get(name, name)} AS BLOB)' for name in columns)})"


def sha256(content: bytes) -> str:
    """Return the digest of an image."""
    return hashlib.sha256(content).hexdigest()


def contents_of(connection: sqlite3.Connection) -> str:
    """Return the digest over all rows' checksums, which changes with every added or deleted row."""
    digest = hashlib.sha256()
    for query in (
        "SELECT checksum FROM persons ORDER BY person_id",
        "SELECT checksum FROM faces ORDER BY face_id",
        "SELECT sha256 FROM images ORDER BY sha256",
    ):
        for (entry,) in connection.execute(query):
            digest.update(f"{entry}\n".encode())
    return digest.hexdigest()


def sources_of(connection: sqlite3.Connection) -> str:
    """Return the digest over the checksums of all image sources."""
    rows = connection.execute("SELECT checksum FROM image_sources ORDER BY face_id")
    return sha256("".join(f"{checksum}\n" for (checksum,) in rows).encode())


def format_version(connection: sqlite3.Connection) -> int:
    """Return the version of the format that an open archive has, from 1 on."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def read_head_row(connection: sqlite3.Connection) -> sqlite3.Row | None:
    """Return the row for `Head.from_row`, whatever the archive's version; None if it has none."""
    row: sqlite3.Row | None = connection.execute(_HEADS[format_version(connection) - 1]).fetchone()
    return row


def _netstring(value: Any) -> bytes:
    if value is None:
        return b"-,"
    content = value if isinstance(value, bytes) else str(value).encode()
    return b"%d:%b," % (len(content), content)


def seal(connection: sqlite3.Connection, finished_time: datetime, *, is_consistent: bool) -> None:
    """Complete a partial archive: drop images of no face, count, and write the checksums of the whole.

    Each row has had its own checksum since it was written, so that no damage becomes valid here.
    """
    connection.execute("DELETE FROM images WHERE sha256 NOT IN (SELECT image FROM faces WHERE image > '')")
    connection.execute(
        "UPDATE object SET finished_time = ?, contents = ?, persons = (SELECT count(*) FROM persons),"
        " faces = (SELECT count(*) FROM faces), images = (SELECT count(*) FROM images)",
        (format_time(finished_time), contents_of(connection)),
    )
    connection.execute("UPDATE export SET sources = ?, consistent = ?", (sources_of(connection), is_consistent))
    seal_head(connection)


def seal_head(connection: sqlite3.Connection) -> None:
    """Write the checksums of the rows that describe the object and the export."""
    connection.execute(f"UPDATE object SET checksum = {checksum_of(OBJECT_COLUMNS)}")  # noqa: S608 - ours
    connection.execute(f"UPDATE export SET checksum = {checksum_of(EXPORT_COLUMNS)}")  # noqa: S608 - ours


def is_head_whole(connection: sqlite3.Connection) -> bool:
    """Return whether the rows of a partial archive that describe the object and the export fit their checksums.

    A row without one was written by an older version.
    """
    return not connection.execute(
        f"SELECT (SELECT coalesce(checksum != {checksum_of(OBJECT_COLUMNS)}, 0) FROM object)"  # noqa: S608 - ours
        f" OR (SELECT coalesce(checksum != {checksum_of(EXPORT_COLUMNS)}, 0) FROM export)"
    ).fetchone()[0]
