"""Call the REST operations on person groups and face lists, one method each."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from facesnap_cli.common.errors import FacesnapError, NotFoundError, OutcomeUnknownError, UnreachableError, naming
from facesnap_cli.common.time_format import parse_time
from facesnap_cli.models.objects import Face, FaceObject, ObjectType, Person, Training
from facesnap_cli.models.wire_values import id_of, lowered, required_text, short_text_of
from facesnap_cli.network.client import Client, quoted
from facesnap_cli.network.responses import Response

PAGE_SIZE = 1000
MAX_PAGES = 5000  # five times the pages of the service's largest object


class ObjectApi:
    """The REST operations on the objects of one account."""

    def __init__(self, client: Client):
        self._client = client

    def list(self, object_type: ObjectType) -> Iterator[FaceObject]:
        """Yield the account's objects of a type, page by page. Source: PersonGroup - List and its siblings."""
        path, what, params = f"/{object_type.collection}", f"list {object_type}", {"returnRecognitionModel": "true"}
        paged = object_type is not ObjectType.FACE_LIST
        for item in self._items(path, object_type.id_key, what, paged=paged, params=params):
            yield FaceObject.from_wire(object_type, item)

    def get(self, object_type: ObjectType, object_id: str) -> FaceObject:
        """Return one object. Raises NotFoundError. Source: PersonGroup - Get and its siblings."""
        params = {"returnRecognitionModel": "true"}
        what = f"get {object_type.value} {object_id}"
        with naming(object_id):
            return FaceObject.from_wire(object_type, self._get(_path(object_type, object_id), what, params))

    def exists(self, object_type: ObjectType, object_id: str) -> bool:
        """Return whether the account has the object.

        Raises UnreachableError for a 404 that does not name the object as missing, such as a gateway's: an object that
        is created because of it could not be taken back.
        """
        try:
            self.get(object_type, object_id)
        except NotFoundError as error:
            if error.code.lower() == f"{object_type.value}NotFound".lower():
                return False
            raise UnreachableError(
                f"{error.message}; this does not say that {object_type.value} {object_id} is missing",
                hint="check the endpoint and what lies between, then run this again; --debug shows the answer",
                code=error.code if error.code != NotFoundError.default_code else "",
                details=error.details,
            ) from error
        return True

    def delete(self, object_type: ObjectType, object_id: str) -> None:
        """Delete an object with its contents. Raises NotFoundError. Source: PersonGroup - Delete."""
        self._client.request("DELETE", _path(object_type, object_id), what=f"delete {object_type.value} {object_id}")

    def training(self, object_type: ObjectType, object_id: str) -> Training | None:
        """Return the training's state; None if the object was never trained. Source: … - Get Training Status."""
        what = f"get training of {object_type.value} {object_id}"
        try:
            keys = lowered(self._get(f"{_path(object_type, object_id)}/training", what, {}))
        except NotFoundError as error:
            if error.code.endswith("NotTrained"):
                return None
            raise
        last = parse_time(keys.get("lastsuccessfultrainingdatetime"))
        status = required_text(keys, "status", "a training status").lower()[:100]
        return Training(status, last, short_text_of(keys.get("message")))

    def persons(self, object_type: ObjectType, object_id: str) -> Iterator[Person]:
        """Yield a group's persons in the order of their ids, page by page. Source: PersonGroup Person - List."""
        path, what = f"{_path(object_type, object_id)}/persons", f"list persons of {object_id}"
        for item in self._items(path, "personId", what):
            yield Person.from_wire(item)

    def faces(self, object_type: ObjectType, object_id: str) -> Iterator[Face]:
        """Yield a face list's faces. Source: FaceList - Get, LargeFaceList - List Faces."""
        if object_type is ObjectType.FACE_LIST:
            body = self._get(_path(object_type, object_id), f"get FaceList {object_id}", {})
            items = lowered(body).get("persistedfaces") or []
            if not isinstance(items, list):
                raise UnreachableError("the service answered faces that are not a list", code="BadAnswer")
        else:
            path, what = f"{_path(object_type, object_id)}/persistedfaces", f"list faces of {object_id}"
            items = self._items(path, "persistedFaceId", what)
        for item in items:
            yield Face.from_wire(item)

    def count_by_one_request(self, object_type: ObjectType, object_id: str) -> tuple[int | None, int | None]:
        """Return the persons and faces of an object; None for what one request does not tell.

        Face lists have no persons. Source: PersonGroup Person - List, FaceList - Get, LargeFaceList - List Faces.
        """
        if object_type is ObjectType.FACE_LIST:
            return None, sum(1 for _ in self.faces(object_type, object_id))
        part = "persons" if object_type.has_persons else "persistedfaces"
        path, what = f"{_path(object_type, object_id)}/{part}", f"list {part} of {object_id}"
        page = self._get(path, what, {"start": None, "top": str(PAGE_SIZE)})
        if not isinstance(page, list):
            raise UnreachableError(f"{what}: the service answered something that is not a list", code="BadAnswer")
        if len(page) >= PAGE_SIZE:
            return None, None
        if not object_type.has_persons:
            return None, len(page)
        return len(page), sum(len(Person.from_wire(item).face_ids) for item in page)

    def create(
        self,
        object_type: ObjectType,
        object_id: str,
        *,
        name: str | None,
        user_data: str | None,
        recognition_model: str | None,
    ) -> None:
        """Create an empty object. Raises ConflictError if it exists. Source: PersonGroup - Create."""
        what = f"create {object_type.value} {object_id}"
        body = _given(name=name, userData=user_data, recognitionModel=recognition_model)
        self._client.request("PUT", _path(object_type, object_id), json=body, what=what)

    def train(self, object_type: ObjectType, object_id: str) -> None:
        """Start a training. Raises ConflictError while another one runs. Source: PersonGroup - Train."""
        what = f"train {object_type.value} {object_id}"
        self._client.request("POST", f"{_path(object_type, object_id)}/train", what=what)

    def person(self, object_type: ObjectType, object_id: str, person_id: str) -> Person:
        """Return one person. Raises NotFoundError. Source: PersonGroup Person - Get."""
        path = f"{_path(object_type, object_id)}/persons/{quoted(person_id)}"
        return Person.from_wire(self._get(path, f"get person {person_id}", {}))

    def add_person(self, object_type: ObjectType, object_id: str, *, name: str | None, user_data: str | None) -> str:
        """Add a person without faces and return the id that the service gave.

        Raises OutcomeUnknownError if it may have been added although no id came back.
        Source: PersonGroup Person - Create.
        """
        path, what = f"{_path(object_type, object_id)}/persons", f"add a person to {object_id}"
        response = self._client.request("POST", path, json=_given(name=name, userData=user_data), what=what)
        return _new_id(response, "personid", what)

    def face(self, object_type: ObjectType, object_id: str, face_id: str, *, person_id: str | None = None) -> Face:
        """Return one face, of a person or of a large face list. Raises NotFoundError. Source: … - Get Face."""
        path = f"{_faces_path(object_type, object_id, person_id)}/{quoted(face_id)}"
        return Face.from_wire(self._get(path, f"get face {face_id}", {}))

    def add_face(
        self,
        object_type: ObjectType,
        object_id: str,
        image: bytes,
        *,
        person_id: str | None = None,
        user_data: str | None = None,
        target_face: str | None = None,
        detection_model: str | None = None,
    ) -> str:
        """Add the face in an image, to a person or to a list, and return the id that the service gave.

        `target_face` is `left,top,width,height` in pixels. Raises UsageError if the service finds no usable face,
        OutcomeUnknownError if it may have been added although no id came back. Source: … - Add Face.
        """
        path = _faces_path(object_type, object_id, person_id)
        what = f"add a face to {f'person {person_id}' if person_id else object_id}"
        params = {"userData": user_data, "targetFace": target_face, "detectionModel": detection_model}
        response = self._client.request("POST", path, params=params, content=image, what=what)
        return _new_id(response, "persistedfaceid", what)

    def _items(
        self, path: str, id_key: str, what: str, *, paged: bool = True, params: Mapping[str, str] | None = None
    ) -> Iterator[object]:
        start = None
        for pages in itertools.count(1):
            place: dict[str, str | None] = {"start": start, "top": str(PAGE_SIZE)} if paged else {}
            page = self._get(path, what, {**place, **(params or {})})
            if not isinstance(page, list):
                raise UnreachableError(f"{what}: the service answered something that is not a list", code="BadAnswer")
            yield from page
            if not paged or len(page) < PAGE_SIZE:
                return
            last = id_of(lowered(page[-1]), id_key.lower(), "an element of a list")
            if last == start or pages == MAX_PAGES:
                raise UnreachableError(f"{what}: the service answers pages without an end", code="BadAnswer")
            start = last

    def _get(self, path: str, what: str, params: Mapping[str, str | None]) -> Any:
        return self._client.request("GET", path, params=params, what=what).json()


def _path(object_type: ObjectType, object_id: str) -> str:
    return f"/{object_type.collection}/{quoted(object_id)}"


def _faces_path(object_type: ObjectType, object_id: str, person_id: str | None) -> str:
    person = f"/persons/{quoted(person_id)}" if person_id else ""
    return f"{_path(object_type, object_id)}{person}/persistedfaces"


def _given(**members: str | None) -> dict[str, str]:
    return {name: value for name, value in members.items() if value is not None}


def _new_id(response: Response, key: str, what: str) -> str:
    try:
        return id_of(lowered(response.json()), key, "what was added")
    except FacesnapError as error:
        raise OutcomeUnknownError(f"{what}: done, but the answer holds no id ({error.message})") from None
