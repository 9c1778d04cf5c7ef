"""Copy and delete objects inside the database, in steps so short that no request waits for them."""

from __future__ import annotations

import sqlite3

from facesnap_cli.common.sqlite import transaction
from facesnap_cli.emulator.store.state import State

# Other requests wait about ten milliseconds for a step of this many rows.
ROWS_A_STEP = 4000

_DELETE_FACES = """
    DELETE FROM faces WHERE object = :object AND (person, face) IN
    (SELECT person, face FROM faces WHERE object = :object ORDER BY person, face LIMIT :rows)
"""
_DELETE_PERSONS = """
    DELETE FROM persons WHERE object = :object AND person IN
    (SELECT person FROM persons WHERE object = :object ORDER BY person LIMIT :rows)
"""


class Copies:
    """Objects that are being copied (copies) or deleted (garbage). Both go on after a restart."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._db = state.connection

    def begin(self, source: int, operation: bytes) -> int:
        """Start to copy object `source` for `operation`, in the caller's transaction. Return the new object.

        `copy_if_small` copies the rows of a small object, `work` those of a large one.
        """
        target = self._db.execute(
            "INSERT INTO objects (name, user_data, recognition_model, persons, faces,"
            " training_started, training_ends, training_failure, last_trained)"
            " SELECT name, user_data, recognition_model, persons, faces,"
            " training_started, training_ends, training_failure, last_trained FROM objects WHERE object = ?",
            (source,),
        ).lastrowid
        assert target is not None
        self._db.execute("INSERT INTO copies (target, source, operation) VALUES (?, ?, ?)", (target, source, operation))
        return target

    def discard(self, target: int) -> None:
        """Mark object `target` as garbage, in the caller's transaction. `work` deletes its rows."""
        self._db.execute("DELETE FROM copies WHERE target = ?", (target,))
        self._db.execute("INSERT OR IGNORE INTO garbage VALUES (?)", (target,))

    def work(self) -> bool:
        """Copy or delete up to ROWS_A_STEP rows in a transaction. Return whether more may be left."""
        copy = self._db.execute("SELECT * FROM copies ORDER BY target LIMIT 1").fetchone()
        if copy is not None:
            with transaction(self._db):
                self._step(copy["target"])
            return True
        garbage = self._db.execute("SELECT object FROM garbage LIMIT 1").fetchone()
        if garbage is not None:
            with transaction(self._db):
                self._delete(garbage["object"])
            return True
        return False

    def copy_if_small(self, target: int) -> None:
        """Copy all rows of object `target` if it is small, in the caller's transaction."""
        while self._db.execute(
            "SELECT 1 FROM copies JOIN objects ON object = target WHERE target = ? AND persons + faces <= ?",
            (target, ROWS_A_STEP),
        ).fetchone():
            self._step(target)

    def _step(self, target: int) -> None:
        copy = self._db.execute("SELECT * FROM copies WHERE target = ?", (target,)).fetchone()
        rows = self._copy_persons(copy) if copy["stage"] == "persons" else self._copy_faces(copy)
        if rows == ROWS_A_STEP:
            return
        if copy["stage"] == "persons":
            self._db.execute("UPDATE copies SET stage = 'faces', person = x'' WHERE target = ?", (target,))
            return
        self._db.execute("DELETE FROM copies WHERE target = ?", (target,))
        self._db.execute("UPDATE operations SET copied = ? WHERE operation = ?", (self._state.now(), copy["operation"]))
        self._state.schedule_event(0)

    def _copy_persons(self, copy: sqlite3.Row) -> int:
        rows, last = self._db.execute(
            "SELECT count(*), max(person) FROM"
            " (SELECT person FROM persons WHERE object = ? AND person > ? ORDER BY person LIMIT ?)",
            (copy["source"], copy["person"], ROWS_A_STEP),
        ).fetchone()
        if rows:
            self._db.execute(
                "INSERT INTO persons SELECT ?, person, name, user_data, faces FROM persons"
                " WHERE object = ? AND person > ? AND person <= ?",
                (copy["target"], copy["source"], copy["person"], last),
            )
            self._db.execute("UPDATE copies SET person = ? WHERE target = ?", (last, copy["target"]))
        return int(rows)

    def _copy_faces(self, copy: sqlite3.Row) -> int:
        page = (
            "FROM faces WHERE object = :source AND (person, face) > (:person, :face) ORDER BY person, face LIMIT :rows"
        )
        values = dict(copy) | {"rows": ROWS_A_STEP}
        rows = self._db.execute(
            f"INSERT INTO faces SELECT :target, person, face, image, user_data, added {page}", values
        ).rowcount
        self._db.execute(
            "UPDATE copies SET (person, face) = (SELECT person, face FROM faces WHERE object = :target"
            " ORDER BY person DESC, face DESC LIMIT 1) WHERE target = :target AND :copied",
            values | {"copied": rows},
        )
        return rows

    def _delete(self, target: int) -> None:
        for statement in (_DELETE_FACES, _DELETE_PERSONS):
            if self._db.execute(statement, {"object": target, "rows": ROWS_A_STEP}).rowcount == ROWS_A_STEP:
                return
        self._db.execute("DELETE FROM garbage WHERE object = ?", (target,))
        self._db.execute("DELETE FROM objects WHERE object = ?", (target,))
