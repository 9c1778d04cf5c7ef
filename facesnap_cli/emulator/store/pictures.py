"""Find the faces in images, also in those whose faces a seed marked."""

from __future__ import annotations

import json
from collections.abc import Sequence

from facesnap_cli.emulator.seeds.images import Face, choose_face, find_faces, image_key, size_of
from facesnap_cli.emulator.store.state import State


class Pictures:
    """The images that a seed marked, by their key. Of an image that no seed marked, nothing is kept."""

    def __init__(self, state: State) -> None:
        self._db = state.connection

    def mark(self, key: bytes, faces: Sequence[Face]) -> None:
        """Remember that the image with this key shows these faces."""
        marks = json.dumps([[face.key.hex(), *face[1:]] for face in faces])
        self._db.execute("INSERT OR REPLACE INTO pictures VALUES (?, ?)", (key, marks))

    def faces(self, image: bytes) -> list[Face]:
        """Return the faces in an image, the biggest first. Raises ServiceError 400 if it is not a usable image."""
        return sorted(self._find(image, size_of(image)), key=lambda face: -face.width * face.height)

    def face(self, image: bytes, target: str | None) -> Face:
        """Return the one face in an image, or the one within a target. Raises ServiceError 400."""
        size = size_of(image)
        return choose_face(self._find(image, size), size, target)

    def _find(self, image: bytes, size: tuple[int, int]) -> list[Face]:
        row = self._db.execute("SELECT faces FROM pictures WHERE image = ?", (image_key(image),)).fetchone()
        if row is None:
            return find_faces(image, size)
        return [Face(bytes.fromhex(key), *rest) for key, *rest in json.loads(row["faces"])]
