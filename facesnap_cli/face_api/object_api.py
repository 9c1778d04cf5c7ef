"""Call the REST operations on person groups and face lists, one method each."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from facesnap_cli.common.errors import FacesnapError, NotFoundError, OutcomeUnknownError, UnreachableError, naming
from facesnap_cli.common.escape import counted
from facesnap_cli.common.reporter import SILENT, Reporter
from facesnap_cli.face_api.paging import each_once, in_order, pages_of, read_list, with_own_faces
from facesnap_cli.models.objects import Face, FaceObject, ObjectType, Person, Training
from facesnap_cli.models.wire_values import Fields, check_same
from facesnap_cli.network.client import Client, quoted
from facesnap_cli.network.responses import Response

Page = list
OnSend = Callable[[], None]


def _nothing() -> None:
    """Do nothing before a request is sent."""


class ObjectApi:
    """The REST operations on the objects of one account. Each raises UnreachableError for an unreadable response.

    Methods that change something call `on_send` before each try, so that a caller can record what is in doubt.
    """

    def __init__(self, client: Client, reporter: Reporter = SILENT):
        self._client = client
        self._reporter = reporter

    def list(self, object_type: ObjectType) -> Iterator[FaceObject]:
        """Yield the account's objects of a type, page by page. Source: PersonGroup - List and its siblings."""
        path, what = f"/{object_type.collection}", f"list {object_type}"
        read = partial(FaceObject.from_wire, object_type)

        def get(place: Mapping[str, str | None]) -> object:
            return self._get(path, what, {**place, "returnRecognitionModel": "true"})

        if object_type is ObjectType.FACE_LIST:
            pages = iter([read_list(get({}), read, what)])
        else:
            pages = pages_of(get, read, _object_id, what)
        return each_once(pages, _object_id, what)

    def get(self, object_type: ObjectType, object_id: str) -> FaceObject:
        """Return one object. Raises NotFoundError. Source: PersonGroup - Get and its siblings."""
        params = {"returnRecognitionModel": "true"}
        what = f"get {object_type.value} {object_id}"
        with naming(object_id):
            found = FaceObject.from_wire(object_type, self._get(_path(object_type, object_id), what, params))
        check_same(found.object_id, object_id, what)
        return found

    def url(self, object_type: ObjectType, object_id: str) -> str:
        """Return the URL of an object."""
        options = self._client.options
        return f"{options.endpoint}/face/{options.api_version}{_path(object_type, object_id)}"

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
            return Training.from_wire(self._get(f"{_path(object_type, object_id)}/training", what, {}))
        except NotFoundError as error:
            if error.code.endswith("NotTrained"):
                return None
            raise

    def persons(self, object_type: ObjectType, object_id: str) -> Iterator[Person]:
        """Yield a group's persons in the order of their ids, page by page. Source: PersonGroup Person - List.

        A person who is listed without the member for faces is read alone, so that no faces are lost.
        """
        return with_own_faces(self._whole_persons(object_type, object_id), f"list persons of {object_id}")

    def _whole_persons(self, object_type: ObjectType, object_id: str) -> Iterator[Person]:
        bare = 0
        for page in self._person_pages(object_type, object_id):
            for person in page:
                if person.listed_face_ids is None:
                    person = self.person(object_type, object_id, person.person_id)
                    bare += person.listed_face_ids is None
                yield person
        if bare:
            self._reporter.warn(
                f"{object_id}: the service names no persistedFaceIds for {counted(bare, 'person')}: they have no faces"
            )

    def faces(self, object_type: ObjectType, object_id: str) -> Iterator[Face]:
        """Yield a face list's faces in the order of their ids. Source: FaceList - Get, LargeFaceList - List Faces."""
        for page in self._face_pages(object_type, object_id):
            yield from page

    def count_if_small(self, object_type: ObjectType, object_id: str) -> tuple[int | None, int | None]:
        """Return the persons and faces of an object; None for what two requests do not tell.

        Face lists have no persons. Source: PersonGroup Person - List, FaceList - Get, LargeFaceList - List Faces.
        """
        if object_type.has_persons:
            persons = list(itertools.islice(self._person_pages(object_type, object_id), 2))
            if len(persons) > 1:
                return None, None
            listed = [*with_own_faces(itertools.chain.from_iterable(persons), f"list persons of {object_id}")]
            faces = sum(len(person.face_ids) for person in listed)
            return len(listed), None if any(person.listed_face_ids is None for person in listed) else faces
        pages = list(itertools.islice(self._face_pages(object_type, object_id), 2))
        return None, None if len(pages) > 1 else sum(map(len, pages))

    def create(
        self,
        object_type: ObjectType,
        object_id: str,
        *,
        name: str | None,
        user_data: str | None,
        recognition_model: str | None,
        on_send: OnSend = _nothing,
    ) -> None:
        """Create an empty object. Raises ConflictError if it exists. Source: PersonGroup - Create."""
        what = f"create {object_type.value} {object_id}"
        body = _given(name=name, userData=user_data, recognitionModel=recognition_model)
        self._client.request("PUT", _path(object_type, object_id), json=body, what=what, on_send=on_send)

    def train(self, object_type: ObjectType, object_id: str, *, on_send: OnSend = _nothing) -> None:
        """Start a training. Raises ConflictError while another one runs. Source: PersonGroup - Train."""
        what = f"train {object_type.value} {object_id}"
        self._client.request("POST", f"{_path(object_type, object_id)}/train", what=what, on_send=on_send)

    def person(self, object_type: ObjectType, object_id: str, person_id: str) -> Person:
        """Return one person. Raises NotFoundError. Source: PersonGroup Person - Get."""
        path, what = f"{_path(object_type, object_id)}/persons/{quoted(person_id)}", f"get person {person_id}"
        person = Person.from_wire(self._get(path, what, {}))
        check_same(person.person_id, person_id, what)
        return person

    def add_person(
        self,
        object_type: ObjectType,
        object_id: str,
        *,
        name: str | None,
        user_data: str | None,
        on_send: OnSend = _nothing,
    ) -> str:
        """Add a person without faces and return the id that the service gave.

        Raises OutcomeUnknownError if it may have been added although no id came back.
        Source: PersonGroup Person - Create.
        """
        path, what = f"{_path(object_type, object_id)}/persons", f"add a person to {object_id}"
        body = _given(name=name, userData=user_data)
        response = self._client.request("POST", path, json=body, what=what, on_send=on_send)
        return _new_id(response, "personId", what)

    def face(self, object_type: ObjectType, object_id: str, face_id: str, *, person_id: str | None = None) -> Face:
        """Return one face, of a person or of a large face list. Raises NotFoundError. Source: … - Get Face."""
        path, what = f"{_faces_path(object_type, object_id, person_id)}/{quoted(face_id)}", f"get face {face_id}"
        face = Face.from_wire(self._get(path, what, {}))
        check_same(face.face_id, face_id, what)
        return face

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
        on_send: OnSend = _nothing,
    ) -> str:
        """Add the face in an image, to a person or to a list, and return the id that the service gave.

        `target_face` is `left,top,width,height` in pixels. Raises UsageError if the service finds no usable face,
        OutcomeUnknownError if it may have been added although no id came back. Source: … - Add Face.
        """
        path = _faces_path(object_type, object_id, person_id)
        what = f"add a face to {f'person {person_id}' if person_id else object_id}"
        params = {"userData": user_data, "targetFace": target_face, "detectionModel": detection_model}
        response = self._client.request("POST", path, params=params, content=image, what=what, on_send=on_send)
        return _new_id(response, "persistedFaceId", what)

    def _person_pages(self, object_type: ObjectType, object_id: str) -> Iterator[Page[Person]]:
        path, what = f"{_path(object_type, object_id)}/persons", f"list persons of {object_id}"
        pages = pages_of(partial(self._get, path, what), Person.from_wire, _person_id, what)
        return in_order(pages, _person_id, what)

    def _face_pages(self, object_type: ObjectType, object_id: str) -> Iterator[Page[Face]]:
        path, what = _path(object_type, object_id), f"list faces of {object_id}"
        if object_type is ObjectType.FACE_LIST:
            fields = Fields(self._get(path, what, {}), "a FaceList")
            faces = read_list(fields.required_items("persistedFaces"), Face.from_wire, what)
            pages = iter([sorted(faces, key=_face_id)])
        else:
            pages = pages_of(partial(self._get, f"{path}/persistedfaces", what), Face.from_wire, _face_id, what)
        return in_order(pages, _face_id, what)

    def _get(self, path: str, what: str, params: Mapping[str, str | None]) -> Any:
        return self._client.request("GET", path, params=params, what=what).json()


def _object_id(found: FaceObject) -> str:
    return found.object_id


def _person_id(person: Person) -> str:
    return person.person_id


def _face_id(face: Face) -> str:
    return face.face_id


def _path(object_type: ObjectType, object_id: str) -> str:
    return f"/{object_type.collection}/{quoted(object_id)}"


def _faces_path(object_type: ObjectType, object_id: str, person_id: str | None) -> str:
    person = f"/persons/{quoted(person_id)}" if person_id else ""
    return f"{_path(object_type, object_id)}{person}/persistedfaces"


def _given(**members: str | None) -> dict[str, str]:
    return {name: value for name, value in members.items() if value is not None}


def _new_id(response: Response, key: str, what: str) -> str:
    try:
        return Fields(response.json(), "what was added").id(key)
    except FacesnapError as error:
        raise OutcomeUnknownError(f"{what}: done, but the answer holds no id ({error.message})") from None
