"""Identify detected faces by comparing the keys of their images."""

from __future__ import annotations

from facesnap_cli.emulator.clock import NEVER, ticks
from facesnap_cli.emulator.ids import guid
from facesnap_cli.emulator.protocol.service_errors import ServiceError, bad_argument
from facesnap_cli.emulator.store.containers import Container, Containers
from facesnap_cli.emulator.store.state import State


class Recognition:
    """Detected faces, which expire, and searches for them in containers."""

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

    def identify(self, account: str, face_ids: list[str], group: Container, top: int) -> list[list[bytes]]:
        """Return, for each detected face, up to `top` persons of the group who have it.

        Only finds faces that were added before the latest successful training. Raises ServiceError: 404 for an unknown
        or expired face, 400 for a face of another recognition model, 400 and 409 as `_trained` does.
        """
        trained = self._trained(group)
        images = [self._image(account, face_id, group) for face_id in face_ids]
        return [
            [
                row["person"]
                for row in self._db.execute(
                    "SELECT DISTINCT person FROM faces WHERE image = ? AND object = ? AND added <= ? LIMIT ?",
                    (image, group.object, trained, top),
                )
            ]
            for image in images
        ]

    def find_similar(self, account: str, face_id: str, faces: Container, top: int) -> list[bytes]:
        """Return up to `top` faces of a list that match. Raises ServiceError as `identify` does."""
        trained = self._trained(faces) if faces.kind.trains else NEVER
        rows = self._db.execute(
            "SELECT face FROM faces WHERE image = ? AND object = ? AND added <= ? LIMIT ?",
            (self._image(account, face_id, faces), faces.object, trained, top),
        )
        return [row["face"] for row in rows]

    def _trained(self, container: Container) -> int:
        """Return the time of the container's latest successful training.

        Raises ServiceError: 400 …NotTrained without one, 409 during a training.
        """
        self._containers.check_idle(container)
        training = self._containers.training(container)
        if training is None or training.last_trained is None:
            raise container.kind.not_trained(400)
        return training.last_trained

    def _image(self, account: str, face_id: str, container: Container) -> bytes:
        row = self._db.execute(
            "SELECT * FROM detections WHERE face = ? AND account = ? AND expires > ?",
            (guid(face_id), account, self._state.now()),
        ).fetchone()
        if row is None:
            raise ServiceError(404, "FaceNotFound", "Face is not found.")
        if row["recognition_model"] != container.recognition_model:
            raise bad_argument("'recognitionModel' is incompatible.")
        return bytes(row["image"])
