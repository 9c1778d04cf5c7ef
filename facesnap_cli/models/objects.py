"""Describe person groups and face lists: their types, persons, faces and training."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import NamedTuple, Self

from facesnap_cli.models.wire_values import Fields, unreadable

TRAINING_STATUSES = ("notstarted", "nonstarted", "running", "succeeded", "failed")  # Microsoft spells both


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
        raise unreadable("the service answered an object type that is not known")

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
        """Read an object's JSON. Raises UnreachableError if it cannot be read."""
        fields = Fields(body, f"a {object_type.value}")
        return cls(
            object_type,
            fields.id(object_type.id_key),
            fields.text("name"),
            fields.text("userData"),
            fields.text("recognitionModel"),
        )


class Person(NamedTuple):
    """A person of a group, with the ids of the person's faces; None if the service did not name any."""

    person_id: str
    name: str | None
    user_data: str | None
    listed_face_ids: tuple[str, ...] | None

    @classmethod
    def from_wire(cls, body: object) -> Self:
        """Read a person's JSON. Raises UnreachableError if it cannot be read."""
        fields = Fields(body, "a person")
        return cls(fields.id("personId"), fields.text("name"), fields.text("userData"), fields.ids("persistedFaceIds"))

    @property
    def face_ids(self) -> tuple[str, ...]:
        return self.listed_face_ids or ()


class Face(NamedTuple):
    """A persisted face. The service never returns its image."""

    face_id: str
    user_data: str | None

    @classmethod
    def from_wire(cls, body: object) -> Self:
        """Read a face's JSON. Raises UnreachableError if it cannot be read."""
        fields = Fields(body, "a face")
        return cls(fields.id("persistedFaceId"), fields.text("userData"))


class Training(NamedTuple):
    """The state of an object's training. Times are UTC."""

    status: str
    last_action: datetime | None
    last_success: datetime | None
    message: str | None

    @property
    def has_ended(self) -> bool:
        return self.status in ("succeeded", "failed")

    @classmethod
    def from_wire(cls, body: object) -> Self:
        """Read a training's JSON. Raises UnreachableError if it cannot be read, or has a status that is not known."""
        fields = Fields(body, "a training status")
        status = fields.required_text("status").lower()
        if status not in TRAINING_STATUSES:
            raise unreadable(f"the service answered a training status that is not known: {status[:100]}")
        return cls(
            status,
            fields.time("lastActionDateTime"),
            fields.time("lastSuccessfulTrainingDateTime"),
            fields.short_text("message"),
        )
