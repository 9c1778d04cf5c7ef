"""Serve the persisted faces of persons and of lists."""

from __future__ import annotations

from starlette.responses import Response

from facesnap_cli.emulator.container_kinds import Kind
from facesnap_cli.emulator.ids import guid_text
from facesnap_cli.emulator.protocol import decode, encode
from facesnap_cli.emulator.routes.endpoint import Call, Endpoint, names
from facesnap_cli.emulator.store.containers import Container
from facesnap_cli.emulator.store.faces import NOBODY


def face_endpoints(kind: Kind) -> list[Endpoint]:
    """Return the endpoints for the faces in one kind of container."""
    routes = _FaceRoutes(kind)
    owner = f"/{kind.path}/{{{kind.id_key}}}" + ("/persons/{personId}" if kind.has_persons else "")
    collection = f"{owner}/persistedfaces"
    item = f"{collection}/{{persistedFaceId}}"
    endpoints = [
        Endpoint(
            "POST", collection, routes.add, takes="image", query=names("userData", "targetFace", "detectionModel")
        ),
        Endpoint("DELETE", item, routes.delete),
    ]
    if kind.has_persons or kind.large:
        endpoints += [
            Endpoint("GET", item, routes.get),
            Endpoint("PATCH", item, routes.update, takes="json", members=names("userData")),
        ]
    if not kind.has_persons and kind.large:
        endpoints.append(Endpoint("GET", collection, routes.list, query=names("start", "top")))
    return endpoints


class _FaceRoutes:
    def __init__(self, kind: Kind) -> None:
        self._kind = kind

    def list(self, call: Call) -> Response:
        start, top = decode.page_of_guids(call.query)
        faces = call.store.faces.list(self._container(call), start, top)
        return encode.json_response([encode.face(face, call.dialect) for face in faces])

    def add(self, call: Call) -> Response:
        user_data = decode.face_user_data(call.query)
        decode.model(call.query, "detectionModel", decode.DETECTION_MODELS)
        container = self._edited(call)
        person = self._person(call, container)
        image = call.store.pictures.face(call.image, call.query.get("targetFace")).key
        face = call.store.faces.add(container, person, call.tier, image=image, user_data=user_data)
        return encode.json_response({"persistedFaceId": guid_text(face)})

    def get(self, call: Call) -> Response:
        container = self._container(call)
        face = call.store.faces.get(container, self._person(call, container), call.params["persistedFaceId"])
        return encode.json_response(encode.face(face, call.dialect))

    def update(self, call: Call) -> Response:
        user_data = decode.face_user_data(call.body)
        container = self._edited(call)
        person = self._person(call, container)
        call.store.faces.update(container, person, call.params["persistedFaceId"], user_data=user_data)
        return encode.empty_response()

    def delete(self, call: Call) -> Response:
        container = self._edited(call)
        call.store.faces.delete(container, self._person(call, container), call.params["persistedFaceId"])
        return encode.empty_response()

    def _container(self, call: Call) -> Container:
        return call.store.containers.get(call.account.name, self._kind, call.params[self._kind.id_key])

    def _edited(self, call: Call) -> Container:
        return call.store.containers.edit(call.account.name, self._kind, call.params[self._kind.id_key])

    def _person(self, call: Call, container: Container) -> bytes:
        if not self._kind.has_persons:
            return NOBODY
        return call.store.persons.get(container, call.params["personId"]).id
