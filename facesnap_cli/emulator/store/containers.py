"""Store groups and lists, and train them."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Literal

from facesnap_cli.emulator.clock import ticks
from facesnap_cli.emulator.container_kinds import KINDS, Kind
from facesnap_cli.emulator.ids import is_object_id
from facesnap_cli.emulator.limits import Tier, containers_exceeded
from facesnap_cli.emulator.pace import Pace
from facesnap_cli.emulator.protocol.service_errors import quota_exceeded
from facesnap_cli.emulator.store.copies import Copies
from facesnap_cli.emulator.store.operations import Operations
from facesnap_cli.emulator.store.state import State

# The share of its duration that a training has not started yet.
_QUEUED = 0.1


@dataclass(frozen=True)
class Container:
    """A group or list of one account. `object` is the id of its content, see schema.py."""

    kind: Kind
    id: str
    name: str
    user_data: str | None
    recognition_model: str
    object: int
    persons: int
    faces: int


@dataclass(frozen=True)
class Training:
    """The latest training of a container. Times are ticks.

    `last_trained` is the end of the latest successful training, or None.
    """

    status: Literal["notStarted", "running", "succeeded", "failed"]
    created: int
    last_action: int
    last_trained: int | None
    message: str | None

    @property
    def under_way(self) -> bool:
        """Whether it has not ended yet."""
        return self.status in ("notStarted", "running")


class Containers:
    """The containers of all accounts, identified by account, kind and id."""

    def __init__(self, state: State, copies: Copies, operations: Operations, train_pace: Pace) -> None:
        self._state = state
        self._train_pace = train_pace
        self._copies = copies
        self._operations = operations
        self._db = state.connection

    def create(
        self, account: str, kind: Kind, container_id: str, tier: Tier, *, name: str, user_data: str | None, model: str
    ) -> Container:
        """Create an empty container.

        Raises ServiceError: 400 for a bad id, 409 if it exists, 403 at the limit.
        """
        if not is_object_id(container_id):
            raise kind.id_invalid()
        if self.find(account, kind, container_id) is not None:
            raise kind.exists()
        self.check_number(account, kind, tier)
        added = self._db.execute(
            "INSERT INTO objects (name, user_data, recognition_model) VALUES (?, ?, ?)", (name, user_data, model)
        ).lastrowid
        self._db.execute("INSERT INTO containers VALUES (?, ?, ?, ?)", (account, kind.name, container_id, added))
        return self.get(account, kind, container_id)

    def check_number(self, account: str, kind: Kind, tier: Tier) -> None:
        """Raise ServiceError 403 if the account may not have another container of this kind."""
        number = self._db.execute(
            "SELECT count(*) FROM containers WHERE account = ? AND kind = ?", (account, kind.name)
        ).fetchone()[0]
        if number >= tier.containers[kind.name]:
            raise quota_exceeded(containers_exceeded(kind))

    def find(self, account: str, kind: Kind, container_id: str) -> Container | None:
        """Return a container, or None."""
        row = self._db.execute(
            "SELECT * FROM containers JOIN objects USING (object) WHERE account = ? AND kind = ? AND id = ?",
            (account, kind.name, container_id),
        ).fetchone()
        return None if row is None else _container(row)

    def get(self, account: str, kind: Kind, container_id: str) -> Container:
        """Return a container. Raises ServiceError 404."""
        if not is_object_id(container_id):
            raise kind.id_not_found()
        container = self.find(account, kind, container_id)
        if container is None:
            raise kind.not_found()
        return container

    def list(self, account: str, kind: Kind, start: str = "", top: int = -1) -> list[Container]:
        """Return up to `top` (-1 for all) containers with ids after `start`, ordered by id."""
        rows = self._db.execute(
            "SELECT * FROM containers JOIN objects USING (object)"
            " WHERE account = ? AND kind = ? AND id > ? ORDER BY id LIMIT ?",
            (account, kind.name, start, top),
        )
        return [_container(row) for row in rows]

    def edit(self, account: str, kind: Kind, container_id: str) -> Container:
        """Return a container that the caller is about to change. Unfinished takes of it fail.

        Raises ServiceError: 404, or 409 while it is being trained.
        """
        container = self.get(account, kind, container_id)
        self.check_idle(container)
        self._operations.fail_takes_of(container.object)
        return container

    def check_idle(self, container: Container) -> None:
        """Raise ServiceError 409 while the container is being trained."""
        training = self.training(container)
        if training is not None and training.under_way:
            raise container.kind.in_training()

    def update(self, account: str, kind: Kind, container_id: str, *, name: str | None, user_data: str | None) -> None:
        """Change name and user data, each only if given. Raises ServiceError 404 or 409."""
        container = self.edit(account, kind, container_id)
        self._db.execute(
            "UPDATE objects SET name = coalesce(?, name), user_data = coalesce(?, user_data) WHERE object = ?",
            (name, user_data, container.object),
        )

    def delete(self, account: str, kind: Kind, container_id: str) -> None:
        """Delete a container with its persons and faces. Raises ServiceError 404 or 409."""
        container = self.edit(account, kind, container_id)
        self._db.execute("DELETE FROM containers WHERE object = ?", (container.object,))
        self._copies.discard(container.object)

    def train(self, account: str, kind: Kind, container_id: str, *, duration_s: float | None = None) -> None:
        """Start a training that lasts `duration_s` seconds, by default as long as the training pace says.

        It will fail if there is no face. Raises ServiceError: 404, or 409 during a training.
        """
        container = self.edit(account, kind, container_id)
        before = self.training(container)
        if duration_s is None:
            duration_s = self._train_pace.duration(container.persons + container.faces)
        now = self._state.now()
        self._db.execute(
            "UPDATE objects SET training_started = ?, training_ends = ?, training_failure = ?, last_trained = ?"
            " WHERE object = ?",
            (
                now,
                now + ticks(duration_s),
                None if container.faces else f"There is no persisted face in the {kind.noun.lower()}.",
                None if before is None else before.last_trained,
                container.object,
            ),
        )

    def training(self, container: Container) -> Training | None:
        """Return the container's latest training, or None."""
        row = self._db.execute("SELECT * FROM objects WHERE object = ?", (container.object,)).fetchone()
        started, ends = row["training_started"], row["training_ends"]
        if started is None:
            return None
        now = self._state.now()
        if now < ends:
            queued = now < started + _QUEUED * (ends - started)
            return Training("notStarted" if queued else "running", started, now, row["last_trained"], None)
        if row["training_failure"]:
            return Training("failed", started, ends, row["last_trained"], row["training_failure"])
        return Training("succeeded", started, ends, ends, None)

    def count(self, container: Container, *, persons: int = 0, faces: int = 0) -> None:
        """Add to the container's numbers of persons and faces."""
        self._db.execute(
            "UPDATE objects SET persons = persons + ?, faces = faces + ? WHERE object = ?",
            (persons, faces, container.object),
        )


def _container(row: sqlite3.Row) -> Container:
    return Container(
        kind=KINDS[row["kind"]],
        id=row["id"],
        name=row["name"],
        user_data=row["user_data"],
        recognition_model=row["recognition_model"],
        object=row["object"],
        persons=row["persons"],
        faces=row["faces"],
    )
