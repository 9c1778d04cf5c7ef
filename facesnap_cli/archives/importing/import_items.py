"""Describe what an import works on: the persons and faces that are left, and the requests for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class PendingPerson:
    """A person of the archive who is not rebuilt yet. With a `new_id` only faces are missing."""

    person_id: str
    name: str | None
    user_data: str | None
    new_id: str | None


@dataclass(frozen=True, slots=True)
class PendingFace:
    """A face of the archive that is not rebuilt yet. `image` is the image's SHA-256."""

    face_id: str
    person_id: str | None
    user_data: str | None
    image: str
    target_face: str | None
    detection_model: str | None


@dataclass(frozen=True, slots=True)
class Done:
    """The numbers of persons and faces that are done."""

    persons: int
    faces: int
    refused: int

    @property
    def total(self) -> int:
        return self.persons + self.faces + self.refused


# The lower-case id of each person and face in an object; a face has its person's, else None.
Contents = Iterable[tuple[str, str | None]]


class Request(NamedTuple):
    """A request that changes the object: the step that it belongs to, and the person or face of the archive."""

    step: str
    item_id: str = ""
    person_id: str | None = None
