"""Call the emulator with Microsoft's Python SDK, by the SDK's names for the four kinds of container."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from azure.cognitiveservices.vision.face import FaceClient
from msrest.authentication import CognitiveServicesCredentials

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.emulator.doors import png

# Each kind's name in the SDK, and where the demo seed has one.
KINDS = {
    "PersonGroup": ("person_group", "employees"),
    "LargePersonGroup": ("large_person_group", "visitors"),
    "FaceList": ("face_list", "watchlist"),
    "LargeFaceList": ("large_face_list", "archive"),
}
GROUPS = ("PersonGroup", "LargePersonGroup")


def client_of(emulator: RunningEmulator, key: str) -> Any:
    """Return an SDK client."""
    make: Any = FaceClient  # the SDK has no types
    return make(emulator.endpoint, CognitiveServicesCredentials(key))


@contextmanager
def clients_of(emulator: RunningEmulator) -> Iterator[tuple[Any, Any]]:
    """Return SDK clients of the emulator's first two accounts."""
    keys = [account.keys[0] for account in emulator.accounts[:2]]
    source, target = (client_of(emulator, key) for key in keys)
    with source, target:
        yield source, target


class Container:
    """One group or list through the SDK, whatever its kind."""

    def __init__(self, client: Any, kind: str, object_id: str) -> None:
        self.client = client
        self.kind = kind
        self.object_id = object_id
        self._name = KINDS[kind][0]
        self.operations = getattr(client, self._name)

    @property
    def persons(self) -> Any:
        """The operations on a group's persons."""
        return getattr(self.client, f"{self._name}_person")

    def create(self, **given: Any) -> None:
        """Create it."""
        self.operations.create(self.object_id, **given)

    def get(self, **given: Any) -> Any:
        """Return it."""
        return self.operations.get(self.object_id, **given)

    def id_of(self, model: Any) -> str:
        """Return the id in one of the SDK's models of this kind."""
        return str(getattr(model, f"{self._name}_id"))

    def fill(self) -> None:
        """Create it with two faces, in a group one of each of two persons."""
        self.create(name="Mine", user_data="data", recognition_model="recognition_02")
        for number in (1, 2):
            if self.kind in GROUPS:
                person = self.persons.create(self.object_id, name=f"Person {number}", user_data=f"badge {number}")
                self.persons.add_face_from_stream(
                    self.object_id, person.person_id, io.BytesIO(png(number)), user_data=f"face {number}"
                )
            else:
                self.operations.add_face_from_stream(
                    self.object_id, io.BytesIO(png(number)), user_data=f"face {number}"
                )

    def content(self) -> list[Any]:
        """Return all that can be read of it, without its id."""
        found = self.get(return_recognition_model=True)
        rest: list[Any] = [found.name, found.user_data, found.recognition_model]
        if self.kind != "FaceList":
            rest.append(self.operations.get_training_status(self.object_id).as_dict())
        if self.kind in GROUPS:
            return rest + [self._person(person) for person in self.persons.list(self.object_id)]
        faces = found.persisted_faces if self.kind == "FaceList" else self.operations.list_faces(self.object_id)
        return rest + [face.as_dict() for face in faces]

    def _person(self, person: Any) -> list[Any]:
        faces = [
            self.persons.get_face(self.object_id, person.person_id, face).as_dict()
            for face in person.persisted_face_ids
        ]
        return [person.as_dict(), faces]


def code_of(caught: Any) -> str:
    """Return the error code of what `pytest.raises` caught."""
    return str(caught.value.error.error.code)


def operation_id(raw: Any) -> str:
    """Return the operation id of a take or apply that was called with `raw=True`."""
    return str(raw.headers["Operation-Location"]).rpartition("/")[2]
