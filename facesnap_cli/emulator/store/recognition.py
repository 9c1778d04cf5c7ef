"""Recognize detected faces by comparing the keys of their images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from facesnap_cli.emulator.clock import NEVER, ticks
from facesnap_cli.emulator.container_kinds import FACE_LIST, Kind
from facesnap_cli.emulator.ids import guid, is_object_id
from facesnap_cli.emulator.protocol.service_errors import (
    ServiceError,
    bad_argument,
    detected_face_not_found,
    person_unknown,
)
from facesnap_cli.emulator.store.containers import Container, Containers
from facesnap_cli.emulator.store.state import State


class Detected(NamedTuple):
    """A detected face. It compares only with faces of the same recognition model."""

    image: bytes
    model: str


class Recognition:
    """Detected faces, which expire, and searches for them. What does not exist is a 400, but for verify's faces."""

    def __init__(self, state: State, containers: Containers) -> None:
        self._state = state
        self._containers = containers
        self._db = state.connection

    def add_detection(self, account: str, image: bytes, model: str, life_s: int) -> bytes:
        """Keep a detected face for `life_s` seconds and return its id."""
        now = self._state.now()
        self._db.execute("DELETE FROM detections WHERE expires <= ?", (now,))
        face = self._state.new_id()
        self._db.execute(
            "INSERT INTO detections VALUES (?, ?, ?, ?, ?)", (face, account, image, model, now + ticks(life_s))
        )
        return face

    def container(self, account: str, kind: Kind, container_id: str) -> Container:
        """Return a container to search in. Raises ServiceError 400."""
        if not is_object_id(container_id):
            raise kind.id_invalid()
        container = self._containers.find(account, kind, container_id)
        if container is None:
            raise kind.not_found(400)
        return container

    def identify(self, account: str, face_ids: list[str], group: Container, top: int) -> list[list[bytes]]:
        """Return, for each detected face, up to `top` persons of the group who have it.

        Only finds faces that were added before the latest successful training. Raises ServiceError: 400 for an unknown
        or expired face and for a face of another recognition model, 400 and 409 as `_trained` does.
        """
        trained = self._trained(group)
        return [
            [
                row["person"]
                for row in self._db.execute(
                    "SELECT DISTINCT person FROM faces WHERE image = ? AND object = ? AND added <= ? LIMIT ?",
                    (image, group.object, trained, top),
                )
            ]
            for image in self._images(account, face_ids, group.recognition_model)
        ]

    def find_in_list(self, account: str, face_id: str, faces: Container, top: int) -> list[bytes]:
        """Return up to `top` faces of a list that match. Raises ServiceError as `identify` does, 400 for no faces."""
        trained = self._trained(faces) if faces.kind.trains else NEVER
        if faces.kind is FACE_LIST and not faces.faces:
            raise ServiceError(400, "FaceListNotReady", "Face list is empty.")
        (image,) = self._images(account, [face_id], faces.recognition_model)
        rows = self._db.execute(
            "SELECT face FROM faces WHERE image = ? AND object = ? AND added <= ? LIMIT ?",
            (image, faces.object, trained, top),
        )
        return [row["face"] for row in rows]

    def find_in_faces(self, account: str, face_id: str, face_ids: list[str], top: int) -> list[str]:
        """Return up to `top` of the detected faces that match the first. Raises ServiceError 400."""
        image, *others = self._images(account, [face_id, *face_ids])
        return [other_id for other_id, other in zip(face_ids, others, strict=True) if other == image][:top]

    def group(self, account: str, face_ids: list[str]) -> list[list[str]]:
        """Return the detected faces that match, by group, the biggest first. Raises ServiceError 400."""
        groups: dict[bytes, list[str]] = {}
        for face_id, image in zip(face_ids, self._images(account, face_ids), strict=True):
            groups.setdefault(image, []).append(face_id)
        return sorted(groups.values(), key=len, reverse=True)

    def are_same(self, account: str, face_ids: Sequence[str]) -> bool:
        """Return whether detected faces are the same. Raises ServiceError: 404 for a face, 400 for its model."""
        return len(set(self._images(account, face_ids, missing_status=404))) == 1

    def is_person(self, account: str, face_id: str, group: Container, person_id: bytes) -> bool:
        """Return whether a detected face is a person's; the group needs no training.

        Raises ServiceError: 404 for an unknown face and for a person without faces, 400 for an unknown person and for
        another recognition model.
        """
        (image,) = self._images(account, [face_id], group.recognition_model, missing_status=404)
        person = self._db.execute(
            "SELECT faces FROM persons WHERE object = ? AND person = ?", (group.object, person_id)
        ).fetchone()
        if person is None:
            raise person_unknown()
        if not person["faces"]:
            raise ServiceError(404, "PersistedFaceNotFound", "No persisted face of the person is found.")
        found = self._db.execute(
            "SELECT 1 FROM faces WHERE image = ? AND object = ? AND person = ? LIMIT 1",
            (image, group.object, person_id),
        )
        return found.fetchone() is not None

    def _trained(self, container: Container) -> int:
        """Return the time of the container's latest successful training.

        Raises ServiceError: 400 …NotTrained without one, 409 during a training.
        """
        self._containers.check_idle(container)
        training = self._containers.training(container)
        if training is None or training.last_trained is None:
            raise container.kind.not_trained(400)
        return training.last_trained

    def _images(
        self, account: str, face_ids: Sequence[str], model: str | None = None, *, missing_status: int = 400
    ) -> list[bytes]:
        """Return the keys of detected faces of one recognition model. Raises ServiceError."""
        found = [self._detected(account, face_id) for face_id in face_ids]
        present = [face for face in found if face is not None]
        if len(present) < len(found):
            raise detected_face_not_found(missing_status)
        if len({face.model for face in present} | ({model} if model else set())) > 1:
            raise bad_argument("'recognitionModel' is incompatible.")
        return [face.image for face in present]

    def _detected(self, account: str, face_id: str) -> Detected | None:
        row = self._db.execute(
            "SELECT image, recognition_model FROM detections WHERE face = ? AND account = ? AND expires > ?",
            (guid(face_id), account, self._state.now()),
        ).fetchone()
        return None if row is None else Detected(row["image"], row["recognition_model"])
