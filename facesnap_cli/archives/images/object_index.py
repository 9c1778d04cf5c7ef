"""Index the persons and faces of an object by the names that their images may have."""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from facesnap_cli.archives.images import names
from facesnap_cli.common.escape import storable
from facesnap_cli.models.objects import Face, Person

FACE_ID, PERSON_ID, NAME, USER_DATA = "face-id", "person-id", "name", "user-data"
_JSON = "user-data-key "  # a key in the JSON object of user data follows
# A text that more persons than this have identifies nobody: it is a department, not a person.
_MOST_OWNERS = 1000
_SCHEMA = """
    CREATE TABLE owners (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT, user_data TEXT);
    CREATE TABLE owner_names (loose TEXT, exact TEXT, rule TEXT, owner INTEGER,
        PRIMARY KEY (loose, exact, rule, owner)) WITHOUT ROWID;
    CREATE TABLE faces (face_id TEXT PRIMARY KEY, owner INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX faces_by_owner ON faces (owner, face_id);
    CREATE TABLE face_names (loose TEXT, exact TEXT, owner INTEGER, face_id TEXT,
        PRIMARY KEY (loose, exact, owner, face_id)) WITHOUT ROWID;
    CREATE INDEX face_names_by_owner ON face_names (owner, loose, exact);
"""


_OwnerRow = tuple[int, str, str | None, str | None]


class Named(NamedTuple):
    """The owners that a text names, and the rule by which. Several owners are namesakes.

    `keys` are those of JSON objects in user data by which they are named.
    """

    owners: frozenset[int]
    rule: str
    keys: frozenset[str]


class ObjectIndex:
    """The owners of an object's faces: its persons; in a list, each face by itself.

    A temporary SQLite file holds them, not memory. SQLite removes it when the connection is closed.
    """

    def __init__(self) -> None:
        self.connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self.connection.row_factory = sqlite3.Row
        self.connection.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {_SCHEMA} BEGIN;")
        weakref.finalize(self, self.connection.close)
        self._next_number = 0
        self._has_file_names = False
        self._keys: frozenset[str] | None = None
        self.has_keys = False

    def choose_keys(self, keys: Iterable[str]) -> None:
        """Use only these keys in the JSON objects of user data to name persons."""
        self._keys = frozenset(keys)

    def identifying_keys(self) -> list[str]:
        """Return the keys in the JSON objects of user data by which at least half of their persons differ from all."""
        query = (
            "SELECT rule FROM (SELECT rule, loose, count(*) AS owners FROM owner_names WHERE substr(rule, 1, ?) = ?"
            " GROUP BY rule, loose) GROUP BY rule HAVING 2 * sum(owners = 1) >= sum(owners)"
        )
        rows = self.connection.execute(query, (len(_JSON), _JSON))
        return [row["rule"].removeprefix(_JSON) for row in rows]

    def add_persons(self, persons: Sequence[Person]) -> None:
        """Add persons, with the ids of their faces."""
        owners: list[_OwnerRow] = []
        owner_names, faces = [], []
        for number, person in enumerate(persons, self._next_number):
            owners.append((number, person.person_id, person.name, person.user_data))
            faces += [(face_id, number) for face_id in person.face_ids]
            texts = [(person.person_id, PERSON_ID), *_user_data_names(person.user_data)]
            if person.name and person.name.strip():
                texts.append((person.name, NAME))
            owner_names += [(names.loose(text), names.exact(text), rule, number) for text, rule in texts]
        self._insert(owners, owner_names, faces)

    def add_list_faces(self, listed: Sequence[Face]) -> None:
        """Add faces of a list. Each is an owner by itself, which its own user data may name."""
        owners: list[_OwnerRow] = []
        owner_names, faces = [], []
        for number, face in enumerate(listed, self._next_number):
            owners.append((number, face.face_id, None, face.user_data))
            faces.append((face.face_id, number))
            texts = _user_data_names(face.user_data)
            owner_names += [(names.loose(text), names.exact(text), rule, number) for text, rule in texts]
        self._insert(owners, owner_names, faces)
        self.add_user_data(listed)

    def add_user_data(self, faces: Iterable[Face]) -> None:
        """Add what faces' user data says about their files."""
        file_names = [
            (names.loose(name), names.exact(name), face.face_id)
            for face in faces
            if (name := names.file_name_in(face.user_data))
        ]
        self._has_file_names = self._has_file_names or bool(file_names)
        query = "INSERT OR IGNORE INTO face_names SELECT ?, ?, owner, face_id FROM faces WHERE face_id = ?"
        self.connection.executemany(query, file_names)

    def named(self, text: str, *, is_folder: bool = False) -> Named | None:
        """Return the owners that the name of a file or folder may mean; None if it means nobody.

        An exact name wins. Case, surrounding blanks and a counter are ignored otherwise.
        """
        found = self._owners(text, is_exact=True)
        if not found:
            found = self._owners(text)
            if (shorter := names.without_counter(text)) != text:
                found += self._owners(shorter)
        if is_folder:
            found = [entry for entry in found if not entry[0].startswith(_JSON) or names.has_digit(text)]
        return self._as_named(found)

    def named_by(self, text: str, rule: str) -> Named | None:
        """Return the owners whose name or user data is a text, as a column of a manifest has it."""
        for is_exact in (True, False):
            if found := [entry for entry in self._owners(text, is_exact=is_exact) if _shown_rule(entry[0]) == rule]:
                return self._as_named(found)
        return None

    def is_named(self, owner: int, name: str) -> bool:
        """Return whether an owner has a name, whatever its case and surrounding blanks."""
        row = self.connection.execute("SELECT name FROM owners WHERE number = ?", (owner,)).fetchone()
        return names.loose(row["name"] or "") == names.loose(name)

    def without_other_user_data(self, owners: Iterable[int], user_data: str) -> frozenset[int]:
        """Return those of some owners that have no user data, or exactly this."""
        query = "SELECT user_data FROM owners WHERE number = ?"
        found = {owner: self.connection.execute(query, (owner,)).fetchone()[0] for owner in owners}
        return frozenset(
            owner for owner, text in found.items() if names.loose(text or "") in ("", names.loose(user_data))
        )

    def owner_of_id(self, person_id: str) -> int | None:
        """Return the owner with a person's id."""
        row = self.connection.execute("SELECT number FROM owners WHERE id = ?", (person_id.lower(),)).fetchone()
        return row and int(row[0])

    def owner_of_face(self, face_id: str) -> int | None:
        """Return the owner of a face."""
        row = self.connection.execute("SELECT owner FROM faces WHERE face_id = ?", (face_id.lower(),)).fetchone()
        return row and int(row[0])

    def face_named(self, text: str) -> str | None:
        """Return the id of the face that the name of a file or folder is, with or without a counter."""
        for name in dict.fromkeys((names.loose(text), names.loose(names.without_counter(text)))):
            if self.owner_of_face(name) is not None:
                return name
        return None

    def faces_with_file(self, file_names: Sequence[str], owner: int | None) -> list[tuple[str, int]]:
        """Return faces, with their owners, whose user data is one of a file's names; two at most.

        An exact name wins over one that differs in case or surrounding blanks.
        """
        if not self._has_file_names:
            return []
        whose = "" if owner is None else f" AND owner = {owner:d}"
        for is_exact in (True, False):
            found: dict[str, int] = {}
            for name in file_names:
                condition, values = _condition(name, is_exact=is_exact)
                query = f"SELECT face_id, owner FROM face_names WHERE {condition}{whose} LIMIT 2"  # noqa: S608 - ours
                found |= dict(self.connection.execute(query, values).fetchall())
            if found:
                return list(found.items())[:2]
        return []

    def faces_of(self, owner: int) -> list[str]:
        """Return the ids of an owner's faces, in their order."""
        rows = self.connection.execute("SELECT face_id FROM faces WHERE owner = ? ORDER BY face_id", (owner,))
        return [row[0] for row in rows]

    def title(self, owner: int) -> str:
        """Return an owner's name and id for a message."""
        row = self.connection.execute("SELECT id, name FROM owners WHERE number = ?", (owner,)).fetchone()
        return f"{row['name']} ({row['id']})" if row["name"] else str(row["id"])

    def id_of(self, owner: int) -> str:
        """Return the id of a person, or of a list's face."""
        return str(self.connection.execute("SELECT id FROM owners WHERE number = ?", (owner,)).fetchone()[0])

    def face_count(self) -> int:
        """Return the number of faces."""
        return int(self.connection.execute("SELECT count(*) FROM faces").fetchone()[0])

    def owner_count(self) -> int:
        """Return the number of owners."""
        return self._next_number

    def _insert(
        self,
        owners: list[_OwnerRow],
        owner_names: list[tuple[str, str, str, int]],
        faces: list[tuple[str, int]],
    ) -> None:
        self._next_number += len(owners)
        self.has_keys = self.has_keys or any(rule.startswith(_JSON) for _, _, rule, _ in owner_names)
        self.connection.executemany("INSERT INTO owners VALUES (?, ?, ?, ?)", owners)
        self.connection.executemany("INSERT OR IGNORE INTO owner_names VALUES (?, ?, ?, ?)", owner_names)
        self.connection.executemany("INSERT OR IGNORE INTO faces VALUES (?, ?)", faces)

    def _owners(self, text: str, *, is_exact: bool = False) -> list[tuple[str, int]]:
        condition, values = _condition(text, is_exact=is_exact)
        query = f"SELECT rule, owner FROM owner_names WHERE {condition} LIMIT {_MOST_OWNERS + 1}"  # noqa: S608 - ours
        found = [(row["rule"], row["owner"]) for row in self.connection.execute(query, values)]
        if len(found) > _MOST_OWNERS:
            return []
        return [entry for entry in found if self._counts(entry[0])]

    def _counts(self, rule: str) -> bool:
        return self._keys is None or not rule.startswith(_JSON) or rule.removeprefix(_JSON) in self._keys

    def _as_named(self, found: Sequence[tuple[str, int]]) -> Named | None:
        by_owner = {owner: rule for rule, owner in found}
        if not by_owner:
            return None
        rule = next(iter(by_owner.values()))
        keys = frozenset(rule.removeprefix(_JSON) for rule, _ in found if rule.startswith(_JSON))
        return Named(frozenset(by_owner), _shown_rule(rule), keys)


def _shown_rule(rule: str) -> str:
    return USER_DATA if rule.startswith(_JSON) else rule


def _condition(text: str, *, is_exact: bool) -> tuple[str, tuple[str, ...]]:
    if is_exact:
        return "loose = ? AND exact = ?", (names.loose(text), names.exact(text))
    return "loose = ?", (names.loose(text),)


def _user_data_names(user_data: str | None) -> Iterator[tuple[str, str]]:
    for text, key in names.values_in(user_data):
        yield text, USER_DATA if key is None else _JSON + storable(key)
