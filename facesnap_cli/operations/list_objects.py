"""List the objects of an account, with what few requests show of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from facesnap_cli.common.errors import NotFoundError
from facesnap_cli.common.threads import ThreadPool
from facesnap_cli.common.time_format import format_time

if TYPE_CHECKING:
    from facesnap_cli.face_api.account import Account
    from facesnap_cli.models.objects import FaceObject, ObjectType, Training

_THREADS = 8


class ObjectSummary(NamedTuple):
    """An object of an account. A count is None if two requests do not give it.

    `training` is None for an object that was never trained. Without `has_details` neither was asked for.
    """

    head: FaceObject
    has_details: bool = False
    training: Training | None = None
    persons: int | None = None
    faces: int | None = None

    def document(self) -> dict[str, object]:
        """Return the JSON form."""
        training = self.training
        never = "notTrained" if self.has_details and self.head.object_type.is_trainable else None
        return {
            "type": self.head.object_type.value,
            "objectId": self.head.object_id,
            "name": self.head.name,
            "userData": self.head.user_data,
            "recognitionModel": self.head.recognition_model,
            "trainingStatus": training.status if training else never,
            "lastSuccessfulTrainingDateTime": format_time(training.last_success) if training else None,
            "persons": self.persons,
            "faces": self.faces,
        }


def list_objects(account: Account, types: Sequence[ObjectType], *, details: bool = True) -> list[ObjectSummary]:
    """Return the objects of the account, by type and id. `details` costs up to three requests for each."""
    heads = sorted(
        (head for object_type in types for head in account.objects.list(object_type)),
        key=lambda head: (head.object_type.value, head.object_id),
    )
    if not details:
        return [ObjectSummary(head) for head in heads]
    found = [future.result() for future in ThreadPool(_THREADS).run(lambda head: _with_details(account, head), heads)]
    return [summary for summary in found if summary]


def _with_details(account: Account, head: FaceObject) -> ObjectSummary | None:
    """Return an object with its training and counts; None if it was deleted after it was listed."""
    kind, object_id = head.object_type, head.object_id
    try:
        training = account.objects.training(kind, object_id) if kind.is_trainable else None
        persons, faces = account.objects.count_if_small(kind, object_id)
    except NotFoundError:
        return None
    return ObjectSummary(head, True, training, persons, faces)
