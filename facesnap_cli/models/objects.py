"""Describe person groups and face lists: their types, persons, faces and training."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any, NamedTuple, Self

from facesnap_cli.common.errors import UnreachableError
from facesnap_cli.common.escape import storable
from facesnap_cli.models.wire_values import id_of, lowered


class ObjectType(enum.StrEnum):
    """The four kinds of object that the service keeps; values are the wire's names."""

    FACE_LIST = "FaceList"
    LARGE_FACE_LIST = "LargeFaceList"
    LARGE_PERSON_GROUP = "LargePersonGroup"
    PERSON_GROUP = "PersonGroup"

    @classmethod
    def from_wire(cls, text: str) -> Self:
        """Return the type that `text` names, in upper or lower case. Raises UnreachableError for any other text."""
        for member in cls:
            if member.value.lower() == text.lower():
                return member
        raise UnreachableError("the service answered an object type that is not known", code="BadAnswer")

    @property
    def collection(self) -> str:
        """The REST collection's name."""
        return f"{self.value.lower()}s"

    @property
    def id_key(self) -> str:
        """The key of the object's id in JSON, such as `personGroupId`."""
        return f"{self.value[0].lower()}{self.value[1:]}Id"

    @property
    def has_persons(self) -> bool:
        return self in (ObjectType.PERSON_GROUP, ObjectType.LARGE_PERSON_GROUP)

    @property
    def is_trainable(self) -> bool:
        return self is not ObjectType.FACE_LIST


class FaceObject(NamedTuple):
    """A person group or face list without its content."""

    object_type: ObjectType
    object_id: str
    name: str | None
    user_data: str | None
    recognition_model: str | None

    @classmethod
    def from_wire(cls, object_type: ObjectType, body: object) -> Self:
        keys = lowered(body)
        return cls(
            object_type,
            id_of(keys, object_type.id_key.lower(), f"a {object_type.value}"),
            _text(keys, "name"),
            _text(keys, "userdata"),
            _text(keys, "recognitionmodel"),
        )


class Person(NamedTuple):
    """A person of a group, with the ids of the person's faces."""

    person_id: str
    name: str | None
    user_data: str | None
    face_ids: tuple[str, ...]

    @classmethod
    def from_wire(cls, body: object) -> Self:
        keys = lowered(body)
        faces = keys.get("persistedfaceids") or []
        if not isinstance(faces, list):
            raise UnreachableError("the service answered face ids that are not a list", code="BadAnswer")
        face_ids = tuple(id_of({"face": face}, "face", "a face") for face in faces)
        return cls(id_of(keys, "personid", "a person"), _text(keys, "name"), _text(keys, "userdata"), face_ids)


class Face(NamedTuple):
    """A persisted face. The service never returns its image."""

    face_id: str
    user_data: str | None

    @classmethod
    def from_wire(cls, body: object) -> Self:
        keys = lowered(body)
        return cls(id_of(keys, "persistedfaceid", "a face"), _text(keys, "userdata"))


class Training(NamedTuple):
    """The state of an object's training. Times are UTC."""

    status: str
    last_success: datetime | None
    message: str | None


def _text(keys: Any, name: str) -> str | None:
    value = keys.get(name)
    return storable(value) if isinstance(value, str) else None
